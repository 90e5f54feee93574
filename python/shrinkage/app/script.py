"""A Python script that repeats a run: the same data, the same folds, the same numbers."""

from __future__ import annotations

import numpy as np

from shrinkage.app.loading import TEST_SHARE, TableFacts
from shrinkage.app.runs import LinearResult
from shrinkage.app.services import package_version
from shrinkage.linear.sides import PenaltySide

_LISTED = 500
"""Coefficients that are written out, at most."""
REFIT = (
    "# The preparation learns from the training rows alone.",
    "kept = list(dict.fromkeys(prepared.origin))",
    "learned = clone(prepared.preparation).fit(prepared.features[kept].iloc[train])",
)


def python_script(result: LinearResult) -> str:
    """Source of a runnable script; it ends by checking its coefficients against this run's."""
    parts = [
        _head(result),
        data_lines(result),
        _one_class(result),
        _test_rows(result),
        _fit(result),
        _check(result),
    ]
    return "\n".join(part for part in parts if part)


def _head(result: LinearResult) -> str:
    spec = result.spec
    names = ["load_sample"] if spec.is_sample else ["prepare", "read_table"]
    if result.event is not None:
        names.append("one_vs_rest")
    imports = ["import hashlib", "from pathlib import Path", ""] if not spec.is_sample else []
    imports.append("import numpy as np")
    if spec.test and not spec.is_sample:
        imports.append("from sklearn.base import clone")
    if spec.test:
        imports.append("from sklearn.model_selection import train_test_split")
    imports.append("import shrinkage as sh")
    imports.append(f"from shrinkage.data import {', '.join(sorted(names))}")
    imports.append("from shrinkage.linear.comparison import compare_penalties")
    version = f"# Made with shrinkage {package_version()}; run {spec.key()[:8]}."
    return "\n".join([version, *imports, ""])


def data_lines(facts: TableFacts) -> str:
    """Source that makes ``data``, and of a file ``prepared``."""
    spec = facts.spec
    if spec.is_sample:
        return f"data = load_sample({spec.sample!r})"
    lines = [
        f"file = Path({facts.name!r})",
        f"digest = {spec.digest!r}",
        'assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, "another file"',
        f"prepared = prepare(read_table(file), {facts.target!r}, task={spec.task!r}, "
        f"undo={list(spec.undo)!r}, max_words={spec.words})",
        "data = prepared.dataset()",
    ]
    return "\n".join(lines)


def _one_class(result: LinearResult) -> str:
    if result.event is None:
        return ""
    return f"classes = data.y\ndata = one_vs_rest(data, {result.event!r})"


def _test_rows(result: LinearResult) -> str:
    spec = result.spec
    if not spec.test:
        return "X, names = data.X, data.feature_names\ntest, train = None, slice(None)"
    drawn_by = "None"
    if result.stratified:
        drawn_by = "data.y" if result.event is None else "classes"
    lines = [
        f"_, test = train_test_split(np.arange(len(data.y)), test_size={TEST_SHARE},",
        f"                           random_state={spec.seed}, stratify={drawn_by})",
        "test = np.sort(test)",
        "train = np.setdiff1d(np.arange(len(data.y)), test)",
    ]
    if spec.is_sample:
        lines.append("X, names = data.X, data.feature_names")
    else:
        lines += [
            *REFIT,
            "X, names = learned.transform(prepared.features), learned.get_feature_names_out()",
        ]
    return "\n".join(lines)


def _fit(result: LinearResult) -> str:
    spec = result.spec
    return "\n".join(
        [
            "",
            "result = compare_penalties(",
            f"    X, data.y, loss={_loss(result)}, feature_names=list(names),",
            f"    classes=data.classes, test_rows=test, cv={spec.cv}, seed={spec.seed},",
            f"    standardize={spec.standardize},",
            ")",
            "for side in (result.l1, result.l2):",
            "    i = side.i_1se",
            '    print(f"{side.penalty}: lambda.1se = {side.lambdas[i]:.6g}, "',
            '          f"{side.n_nonzero[i]} of {len(names)} features, "',
            '          f"cross-validation error {side.cv_mean[i]:.6g}")',
            "    for name, weight in zip(result.feature_names, side.coefs[:, i]):",
            "        if weight:",
            '            print(f"    {name}: {weight:.6g}")',
            "",
            "# The path of L1 alone, with the same rows, and what it minimizes.",
            f"path = sh.fit_path(X[train], data.y[train], loss={_loss(result)}, "
            f'penalty="l1", standardize={spec.standardize})',
            "print(path.explain_objective(path.lambdas[len(path.lambdas) // 2]))",
            "",
        ]
    )


def _loss(result: LinearResult) -> str:
    """The loss as it is written in Python: its name, or with its parameter."""
    loss = result.comparison.loss
    return f"sh.{loss!r}" if loss.parameters else repr(loss.name)


def _check(result: LinearResult) -> str:
    """Every coefficient of both penalties, each at its own λ.1se, against this run's."""
    comparison = result.comparison
    lines = [
        "# What was on the screen: every coefficient of L1 and of L2, each at its own lambda.1se.",
        "# The control may have stood at another lambda; all of them are in result.",
    ]
    for side in (comparison.l1, comparison.l2):
        lines += _check_side(side, max(1e-6, comparison.tol**0.5))
    return "\n".join([*lines, ""])


def _check_side(side: PenaltySide, precision: float) -> list[str]:
    name, coefs = f"result.{side.penalty}", side.coefs[:, side.i_1se]
    lam, size = float(side.lambdas[side.i_1se]), np.abs(coefs)
    atol = f"{precision * float(size.max(initial=0.0)):.3g}"
    few = coefs.size <= _LISTED
    which = np.arange(coefs.size) if few else np.sort(np.argsort(-size)[:_LISTED])
    chosen = ":" if few else repr(which.tolist())
    lines = [
        f"i = {name}.i_1se",
        f"assert np.isclose({name}.lambdas[i], {lam!r}), {name}.lambdas[i]",
        f"expected = {[float(f'{v:.10g}') for v in coefs[which]]!r}",
        f"found = {name}.coefs[{chosen}, i]",
        f"assert np.allclose(found, expected, rtol=0, atol={atol}), found",
    ]
    if few:
        return lines
    # Where there are thousands the largest are listed; the others are checked by their sum.
    total = f"np.abs({name}.coefs[:, i]).sum()"
    return [*lines, f"assert np.isclose({total}, {float(size.sum())!r}, rtol={precision:.3g})"]

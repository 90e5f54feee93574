"""What a user takes along of a race: its curves, and a Python script that repeats it."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from shrinkage.app.board import LETTERS
from shrinkage.app.loading import TEST_SHARE, by_class
from shrinkage.app.race import Race
from shrinkage.app.race_look import Look, Table
from shrinkage.app.race_spec import RaceSpec
from shrinkage.app.races import VALIDATION_SHARE
from shrinkage.app.script import REFIT, data_lines
from shrinkage.app.services import package_version

Part = tuple[int, float, str]
"""Epochs, learning rate, and the rules of a lane in Python."""


def curves_csv(look: Look) -> str:
    """Losses of every lane after every epoch, all units on; numbers have full precision."""
    head = ["epoch"]
    columns: list[tuple[float, ...]] = []
    for letter, lane in zip(LETTERS, look.lanes, strict=False):
        head += [f"{letter}_train", f"{letter}_validation"]
        columns += [lane.train, lane.validation]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    for epoch in range(look.epoch):
        # A lane that diverged has no more numbers.
        cells = [repr(column[epoch]) if epoch < len(column) else "" for column in columns]
        writer.writerow([epoch + 1, *cells])
    return file.getvalue()


def race_script(race: Race) -> str:
    """Source of a runnable script; it ends by checking every lane's losses against this race's."""
    table, look, spec = race.table, race.look, race.spec
    if table is None:
        raise ValueError("the race has no data yet")
    parts = [
        _head(table),
        data_lines(table.facts),
        _split(table),
        _scaling(table),
        _lanes(spec, look),
        _loop(table, spec),
    ]
    return "\n".join(parts)


def _head(table: Table) -> str:
    sample = table.facts.spec.is_sample
    lines = [f"# Made with shrinkage {package_version()}."]
    lines += [] if sample else ["import hashlib", "from pathlib import Path", ""]
    lines.append("import numpy as np")
    if sparse.issparse(table.train.X):
        lines.append("from scipy.sparse import csr_array")
    if not sample:
        lines.append("from sklearn.base import clone")
    lines += [
        "from sklearn.model_selection import train_test_split",
        *([] if table.divisor else ["from sklearn.preprocessing import StandardScaler"]),
        "import shrinkage as sh",
        f"from shrinkage.data import {'load_sample' if sample else 'prepare, read_table'}",
        f"from shrinkage.losses import {type(table.loss).__name__}",
        "from shrinkage.neural import Network, Setting",
        "",
    ]
    return "\n".join(lines)


def _split(table: Table) -> str:
    facts = table.facts
    seed = facts.spec.seed
    rest = np.concatenate([table.train.y, table.validation.y])
    again = table.classes and by_class(rest, "classification")
    lines = [
        "rows = np.arange(len(data.y))",
        f"_, test = train_test_split(rows, test_size={TEST_SHARE}, random_state={seed},",
        f"                           stratify={'data.y' if facts.stratified else None})",
        "rest = np.setdiff1d(rows, test)",
        f"_, held = train_test_split(np.arange(len(rest)), test_size={VALIDATION_SHARE},",
        f"                           random_state={seed}, "
        f"stratify={'data.y[rest]' if again else None})",
        "validation = rest[np.sort(held)]",
        "train = np.setdiff1d(rest, validation)",
    ]
    if facts.spec.is_sample:
        return "\n".join([*lines, "X = data.X"])
    return "\n".join([*lines, *REFIT, "X = learned.transform(prepared.features)"])


def _scaling(table: Table) -> str:
    lines = ["", "# Columns are scaled as the training rows alone teach it."]
    if table.divisor is not None:
        lines.append(f"X = np.ascontiguousarray(X / {table.divisor!r}, dtype=np.float32)")
    elif sparse.issparse(table.train.X):
        lines += [
            "X = csr_array(X)",
            "X = StandardScaler(with_mean=False).fit(X[train]).transform(X)",
            "X = csr_array(X, dtype=np.float32)",
        ]
    else:
        lines += [
            "X = StandardScaler().fit(X[train]).transform(X)",
            "X = np.ascontiguousarray(X, dtype=np.float32)",
        ]
    lines.append("y = np.asarray(data.y, dtype=np.float64)")
    if not table.classes:
        lines.append("y = (y - y[train].mean()) / (y[train].std() or 1.0)")
    return "\n".join(lines)


def _lanes(spec: RaceSpec, look: Look) -> str:
    lines = [
        "",
        "# Of each lane: epochs, learning rate, how it is regularized; then its losses.",
    ]
    lines.append("lanes = {")
    for i, lane in enumerate(look.lanes):
        parts = _parts(spec, i, len(lane.train))
        lines.append(f'    "{LETTERS[i]}": [')
        lines += [f"        ({n}, {rate!r}, {rules})," for n, rate, rules in parts]
        lines.append("    ],")
    lines += ["}", "expected = {"]
    for letter, lane in zip(LETTERS, look.lanes, strict=False):
        if lane.train:
            lines.append(f'    "{letter}": ({lane.train[-1]:.9g}, {lane.validation[-1]:.9g}),')
    lines.append("}")
    return "\n".join(lines)


def _parts(spec: RaceSpec, lane: int, end: int) -> list[Part]:
    """The epochs of a lane, cut where something was changed."""
    at = {c.epoch for c in spec.changes if c.lane == lane} | {epoch for epoch, _ in spec.rates}
    cuts = [0, *sorted(epoch for epoch in at if epoch < end), end]
    return [
        (b - a, spec.rate_after(a), _rules(spec.lanes_after(a)[lane].rules()))
        for a, b in pairwise(cuts)
        if b > a
    ]


def _rules(rules: dict[str, Any]) -> str:
    """Arguments of ``regularize`` in Python; what is at its default is left out."""
    said = {name: value for name, value in rules.items() if value}
    texts = [
        f"{name}={value!r}" if isinstance(value, str | float) else f"{name}=sh.{value!r}"
        for name, value in said.items()
    ]
    return f"dict({', '.join(texts)})"


def _loop(table: Table, spec: RaceSpec) -> str:
    setting, loss = spec.setting(), type(table.loss).__name__
    return f"""
setting = Setting(
    hidden_layer_sizes={setting.hidden_layer_sizes!r}, activation={setting.activation!r},
    optimizer={setting.optimizer!r}, batch_size={setting.batch_size},
)
for name, parts in lanes.items():
    # One seed: the same first weights, the same order of examples.
    network = Network(X.shape[1], {loss}(), {table.outputs}, setting, {spec.seed})
    network.set_examples(X[train], y[train])
    for epochs, rate, rules in parts:
        network.set_learning_rate(rate)
        network.regularize(**rules)
        network.run(epochs)
    if name not in expected:
        continue
    losses = [network.mean_loss(X[part], y[part]) for part in (train, validation)]
    weights, _ = network.parameters()
    zeros, total = sum(int((w == 0).sum()) for w in weights), sum(w.size for w in weights)
    print(f"{{name}}: training loss {{losses[0]:.6g}}, validation loss {{losses[1]:.6g}}, "
          f"{{zeros}} of {{total}} weights are exactly zero")
    assert np.allclose(losses, expected[name], rtol=1e-4), losses
"""

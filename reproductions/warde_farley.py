"""How far apart are weight scaling, the exact geometric and the exact arithmetic mean?

Warde-Farley, Goodfellow, Courville & Bengio 2014 train small relu networks on binary tasks,
enumerate all sub-networks, and find weight scaling as good as the geometric mean it stands for, and
that as good as the arithmetic one. Here: two hidden layers of 10 units, dropout of a half of both,
2²⁰ sub-networks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse, stats
from sklearn.datasets import load_breast_cancer

from benchmarks.report import table
from benchmarks.store import Store
from shrinkage.neural import DropoutMLPClassifier, fit_many

from .common import data_file, stamp

NAME = "warde-farley"
NETWORKS, TEST, HIDDEN = 10, 200, (10, 10)
MEANS = ("weight scaling", "geometric", "arithmetic")


def breast_cancer() -> tuple[Any, Any]:
    X, y = load_breast_cancer(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def digits(first: int, second: int) -> Callable[[], tuple[Any, Any]]:
    """Two digits of MNIST's test file."""

    def load() -> tuple[Any, Any]:
        with np.load(data_file("mnist_t10k.npz")) as file:
            chosen = np.isin(file["y"], (first, second))
            X, y = file["X"][chosen], file["y"][chosen]
        return X.reshape(len(X), -1) / 255.0, (y == second).astype(int)

    return load


def basehock() -> tuple[Any, Any]:
    """Baseball or hockey, by the counts of 4,862 words."""
    with np.load(data_file("basehock_20ng.npz")) as file:
        parts = (file["data"].astype(float), file["indices"], file["indptr"])
        X, y = sparse.csr_array(parts, shape=file["shape"]), file["y"]
    X.data = np.log1p(X.data)
    return X, np.unique(y, return_inverse=True)[1]


SETS = {
    "breast cancer": breast_cancer,
    "MNIST, 1 or 7": digits(1, 7),
    "MNIST, 3 or 8": digits(3, 8),
    "MNIST, 4 or 9": digits(4, 9),
    "basehock": basehock,
}


def networks(count: int, hidden: tuple[int, ...], epochs: int) -> list[DropoutMLPClassifier]:
    """With learning rates, batch sizes and lengths drawn at random, as the paper draws its own."""
    rng = np.random.default_rng(0)
    return [
        DropoutMLPClassifier(
            hidden,
            scale=None,
            dropout=0.5,
            optimizer="momentum",
            momentum=float(rng.choice([0.5, 0.9])),
            learning_rate=float(10.0 ** rng.uniform(-2.5, -1.0)),
            batch_size=int(rng.choice([16, 32, 64])),
            max_epochs=int(rng.integers(epochs // 4, epochs)) + 1,
            kkt_every=0,
            random_state=seed,
        )
        for seed in range(count)
    ]


def measure(model: Any, X: Any, y: Any) -> dict[str, Any]:
    """Errors and losses of the three predictions, and how far apart they are."""
    found = model.predict_ensemble(X, kind="exact_geometric", y=y)
    p = {
        "weight scaling": model.predict_proba(X)[:, 1],
        "geometric": found.geometric_mean[:, 1],
        "arithmetic": found.arithmetic_mean[:, 1],
    }
    scaled, geometric, arithmetic = p.values()
    loss = {
        name: float(-np.log(np.clip(np.where(y == 1, q, 1 - q), 1e-300, 1)).mean())
        for name, q in p.items()
    }
    weights = found.member_weights
    return {
        "errors": {name: float(np.mean((q > 0.5) != y)) for name, q in p.items()},
        "losses": loss,
        "scaled_from_geometric": [float(f(np.abs(scaled - geometric))) for f in (np.mean, np.max)],
        "geometric_from_arithmetic": [
            float(f(np.abs(geometric - arithmetic))) for f in (np.mean, np.max)
        ],
        "member_errors": [
            float(weights @ found.member_errors),
            float(found.member_errors[found.best]),
            float(found.member_errors[found.worst]),
        ],
    }


def run(results: Store, until: float, quick: bool) -> None:
    """Trains and enumerates what is missing."""
    count, rows, hidden, epochs = (2, 20, (4, 4), 5) if quick else (NETWORKS, TEST, HIDDEN, 100)
    conditions = {"stamp": stamp("warde_farley.py"), "networks": count, "rows": rows}
    known = results.read(NAME)
    if any(known.get(key) != value for key, value in conditions.items()):
        known = {**conditions, "sets": {}}
    for name, load in SETS.items():
        found = known["sets"].setdefault(name, [])
        if len(found) >= count or time.monotonic() > until:
            continue
        X, y = load()
        order = np.random.default_rng(0).permutation(len(y))
        test, train = order[:rows], order[rows:]
        models = fit_many(networks(count, hidden, epochs), X[train], y[train])
        for model in models[len(found) :]:
            if time.monotonic() > until:
                break
            start = time.monotonic()
            one = measure(model, X[test], y[test])
            one["seconds"] = round(time.monotonic() - start, 1)
            found.append(one)
            results.write(NAME, known)
            print(f"{NAME}, {name}, {len(found)}: {one}", flush=True)


def section(results: Store) -> str:
    """A row for each data set, and the tests over all networks."""
    known = results.read(NAME)
    sets = known.get("sets", {})
    if len(sets) < len(SETS) or any(len(one) < known["networks"] for one in sets.values()):
        return ""
    rows = []
    for name, found in sets.items():
        errors = [100.0 * np.mean([one["errors"][mean] for one in found]) for mean in MEANS]
        losses = [np.mean([one["losses"][mean] for one in found]) for mean in MEANS]
        apart = [
            f"{np.mean([one[key][0] for one in found]):.4f}, "
            f"{max(one[key][1] for one in found):.3f}"
            for key in ("scaled_from_geometric", "geometric_from_arithmetic")
        ]
        members = 100.0 * np.mean([one["member_errors"] for one in found], axis=0)
        rows.append(
            f"{name} | {' / '.join(f'{e:.2f}' for e in errors)} "
            f"| {' / '.join(f'{value:.4f}' for value in losses)} | {apart[0]} | {apart[1]} "
            f"| {members[0]:.1f}; {members[1]:.1f} to {members[2]:.1f}"
        )
    head = (
        "data | error, %: scaling / geometric / arithmetic | log loss, likewise "
        "| scaling from geometric: mean, largest | geometric from arithmetic "
        "| error of a sub-network, %: mean; best to worst by loss"
    )
    everyone = [one for found in sets.values() for one in found]
    seconds = sum(one["seconds"] for one in everyone)
    verdicts = "\n".join(
        f"- {a} against {b}: {verdict(everyone, a, b)}"
        for a, b in (("weight scaling", "geometric"), ("geometric", "arithmetic"))
    )
    return f"""## Weight scaling, geometric and arithmetic mean

Warde-Farley et al. 2014. {len(everyone)} networks, {known["networks"]} for each of {len(sets)}
binary tasks: two relu layers of {HIDDEN[0]} units, dropout of a half of both, learning rate,
momentum, batch size and number of epochs drawn at random (seeds 0 to {known["networks"] - 1}). All
2²⁰ sub-networks of each are enumerated on {known["rows"]} test rows. Distances are between
probabilities: the mean over rows and networks, and the largest of all. {seconds:.0f} s for the
enumerations; `make reproduce-warde-farley`.

{table(head, rows)}

Over all networks, by log loss (Wilcoxon's signed-rank test, as in the paper):

{verdicts}"""


def verdict(networks: list[dict[str, Any]], a: str, b: str) -> str:
    """Which is better how often, and whether that is chance."""
    gain = np.array([one["losses"][b] - one["losses"][a] for one in networks])
    p = stats.wilcoxon(gain).pvalue
    better = int((gain > 0).sum())
    return (
        f"{a} has the smaller loss in {better} of {len(gain)}, by {np.median(gain):+.4f} in the "
        f"median (p = {p:.2g}); the errors differ in "
        f"{sum(one['errors'][a] != one['errors'][b] for one in networks)} networks."
    )

"""Times whole L1 paths, ours and the peers', at equal accuracy on the same data and λ grid.

    make bench                          every case at gaps of 1e-4 and 1e-6
    tools/bench.sh wide tall --gap 1e-6 some cases at one gap

For each solver the loosest tolerance whose largest relative duality gap over the path, computed
here for everyone alike, is within the wanted one is found first; then all solvers run in turn,
`--rounds` times, and the medians count. Ratio = fastest peer / ours.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import statistics
import time
import warnings
from typing import Any

import numpy as np
from cases import CASES, Case
from peers import SOLVERS

DISTRIBUTIONS = ("shrinkage", "scikit-learn", "glmstar", "adelie", "celer", "skglm")


def largest_gap(case: Case, X: Any, y: Any, coefs: Any, lambdas: Any) -> float:
    """The largest duality gap of the path over the loss at β = 0."""
    n, worst = len(y), 0.0
    for i, lam in enumerate(lambdas):
        beta = coefs[:, i]
        support = np.flatnonzero(beta)
        eta = X[:, support] @ beta[support]
        probability = 1.0 / (1.0 + np.exp(-eta))
        theta = y - (eta if case.loss == "squared" else probability)
        steepest = np.abs(X.T @ theta).max() / n
        theta = theta * min(1.0, lam / steepest) if steepest > 0 else theta
        if case.loss == "squared":
            primal, null = np.mean((y - eta) ** 2) / 2, np.mean(y**2) / 2
            dual = np.mean(y * theta - theta**2 / 2)
        else:
            primal, null = np.mean(np.logaddexp(0, eta) - y * eta), np.log(2)
            q = np.clip(y - theta, 1e-300, 1.0)
            r = np.clip(1 - y + theta, 1e-300, 1.0)
            dual = -np.mean(q * np.log(q) + r * np.log(r))
        worst = max(worst, (primal + lam * np.abs(beta).sum() - dual) / null)
    return float(worst)


def timed(fit: Any, *arguments: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    coefs = fit(*arguments)
    return np.asarray(coefs), time.perf_counter() - start


def tolerance_for(case: Case, data: Any, fit: Any, tolerances: Any, gap: float, cap: float) -> Any:
    """The loosest tolerance that reaches the gap, or why there is none."""
    X, y, lambdas = data
    try:
        fit(np.asfortranarray(X[:200, :50]), y[:200], lambdas[:3], 1e-3)  # imports, compilation
    except ImportError:
        return None, "not installed"
    except Exception as error:  # a peer's own failure is a result, not ours to raise
        return None, f"failed: {error!r:.60}"
    for tol in tolerances:
        try:
            coefs, seconds = timed(fit, X, y, lambdas, tol)
        except Exception as error:
            return None, f"failed: {error!r:.60}"
        whole = coefs.shape == (X.shape[1], len(lambdas))
        if whole and largest_gap(case, X, y, coefs, lambdas) <= gap:
            return tol, f"{seconds:.3g} s"
        if seconds > cap:
            return None, f"over {seconds:.0f} s without reaching the gap"
    return None, "never reached the gap"


def run(case: Case, gap: float, rounds: int, cap: float) -> str:
    X, y = case.make()
    null_slope = y - (0.5 if case.loss == "logistic" else 0.0)
    largest = np.abs(X.T @ null_slope).max() / len(y)
    lambdas = largest * np.logspace(0, np.log10(case.ratio), case.n_lambdas)
    chosen, remarks = {}, []
    for name, (fit, tolerances) in SOLVERS[case.loss].items():
        tol, remark = tolerance_for(case, (X, y, lambdas), fit, tolerances, gap, cap)
        if tol is None:
            remarks.append(f"{name}: {remark}")
        else:
            chosen[name] = (fit, tol)
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for _ in range(rounds):
        for name, (fit, tol) in chosen.items():
            times[name].append(timed(fit, X, y, lambdas, tol)[1])
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    ours = medians.pop("shrinkage", float("nan"))
    if medians:
        fastest = min(medians, key=lambda name: medians[name])
        ratio = f"{medians[fastest] / ours:.2f}"
        rest = ", ".join(f"{name} {seconds:.3g} s" for name, seconds in sorted(medians.items()))
    else:
        ratio, rest = "—", "no peer reached the gap"
    note = ("; " + "; ".join(remarks)) if remarks else ""
    shape = f"{X.shape[0]}×{X.shape[1]}"
    return f"| {case.name} | {shape} | {gap:g} | {ours:.3g} s | {rest}{note} | {ratio} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(CASES))
    parser.add_argument("--gap", type=float, action="append", help="wanted relative gap")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cap", type=float, default=60.0, help="seconds before a peer is given up")
    arguments = parser.parse_args()
    unknown = set(arguments.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    warnings.filterwarnings("ignore")
    versions = []
    for name in DISTRIBUTIONS:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    print(f"{platform.machine()}, Python {platform.python_version()}; {', '.join(versions)}\n")
    print("| case | X | gap | shrinkage | peers | fastest peer / ours |\n|---|---|---|---|---|---|")
    for name in arguments.cases or CASES:
        for gap in arguments.gap or [1e-4, 1e-6]:
            try:
                print(run(CASES[name], gap, arguments.rounds, arguments.cap), flush=True)
            except FileNotFoundError as error:
                print(f"| {name} | | {gap:g} | | skipped: {error.filename} is not at hand | |")
                break


if __name__ == "__main__":
    main()

"""Seeded simulations y = Xβ + noise with a known β.

The signal-to-noise ratio is Var(Xβ)/Var(noise) in the population, as in Hastie, Tibshirani &
Tibshirani (2020), Statistical Science 35:579.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.dataset import Dataset
from shrinkage.errors import DataError


def simulate_sparse(
    n_samples: int = 200,
    n_features: int = 50,
    n_informative: int = 5,
    signal_to_noise: float = 3.0,
    random_state: int = 0,
) -> Dataset:
    """A few of many independent features matter: where L1 is at home.

    Args:
        n_samples: rows.
        n_features: columns, independent standard normal.
        n_informative: coefficients that are not zero; spread over the columns, of size 1 to 2 with
            alternating signs.
        signal_to_noise: Var(Xβ)/Var(noise).
        random_state: seed.
    """
    _check(n_samples, n_features, n_informative, signal_to_noise)
    generator = np.random.default_rng(random_state)
    X = generator.standard_normal((n_samples, n_features))
    truth = _spread(n_features, n_informative)
    return _simulated("sparse", X, truth, float(truth @ truth), signal_to_noise, generator)


def simulate_dense(
    n_samples: int = 200,
    n_features: int = 50,
    signal_to_noise: float = 3.0,
    random_state: int = 0,
) -> Dataset:
    """Every feature matters a little: where L2 is at home.

    Args:
        n_samples: rows.
        n_features: columns, independent standard normal; their coefficients are normal with
            variance 1/n_features.
        signal_to_noise: Var(Xβ)/Var(noise).
        random_state: seed.
    """
    _check(n_samples, n_features, n_features, signal_to_noise)
    generator = np.random.default_rng(random_state)
    X = generator.standard_normal((n_samples, n_features))
    truth = generator.standard_normal(n_features) / np.sqrt(n_features)
    return _simulated("dense", X, truth, float(truth @ truth), signal_to_noise, generator)


def simulate_wide(
    n_samples: int = 80,
    n_features: int = 1000,
    n_informative: int = 8,
    signal_to_noise: float = 6.0,
    random_state: int = 0,
) -> Dataset:
    """Many more features than rows, of which a few matter, as in genomics.

    Args:
        n_samples: rows.
        n_features: columns, independent standard normal.
        n_informative: coefficients that are not zero, as in ``simulate_sparse``.
        signal_to_noise: Var(Xβ)/Var(noise).
        random_state: seed.
    """
    _check(n_samples, n_features, n_informative, signal_to_noise)
    generator = np.random.default_rng(random_state)
    X = generator.standard_normal((n_samples, n_features))
    truth = _spread(n_features, n_informative)
    return _simulated("wide", X, truth, float(truth @ truth), signal_to_noise, generator)


def simulate_correlated(
    n_samples: int = 200,
    n_features: int = 50,
    group_size: int = 5,
    n_informative_groups: int = 3,
    correlation: float = 0.9,
    signal_to_noise: float = 3.0,
    random_state: int = 0,
) -> Dataset:
    """Features come in correlated groups, of which a few matter as a whole: L1 picks, L2 shares.

    Args:
        n_samples: rows.
        n_features: columns, a multiple of ``group_size``.
        group_size: columns of a group; they share one factor.
        n_informative_groups: groups whose coefficients are 1; the others have 0.
        correlation: between two columns of a group, from 0 to below 1.
        signal_to_noise: Var(Xβ)/Var(noise).
        random_state: seed.
    """
    _check(n_samples, n_features, group_size * n_informative_groups, signal_to_noise)
    if group_size < 1 or n_features % group_size:
        raise _bad("group_size", group_size, "give a divisor of n_features")
    if not 0.0 <= correlation < 1.0:
        raise _bad("correlation", correlation, "give a number from 0 to below 1")
    generator = np.random.default_rng(random_state)
    n_groups = n_features // group_size
    factor = np.repeat(generator.standard_normal((n_samples, n_groups)), group_size, axis=1)
    own = generator.standard_normal((n_samples, n_features))
    X = np.sqrt(correlation) * factor + np.sqrt(1.0 - correlation) * own
    truth = np.zeros(n_features)
    truth[: group_size * n_informative_groups] = 1.0
    per_group = group_size + correlation * group_size * (group_size - 1)
    variance = float(n_informative_groups * per_group)
    names = tuple(
        f"group {column // group_size + 1}, {column % group_size + 1}"
        for column in range(n_features)
    )
    return _simulated("correlated", X, truth, variance, signal_to_noise, generator, names)


def _spread(n_features: int, n_informative: int) -> NDArray[np.float64]:
    """Non-zero coefficients spread over the columns, of size 2 down to 1, signs alternating."""
    truth = np.zeros(n_features)
    places = np.linspace(0, n_features, n_informative, endpoint=False).astype(int)
    truth[places] = np.linspace(2.0, 1.0, n_informative) * (-1.0) ** np.arange(n_informative)
    return truth


def _simulated(
    name: str,
    X: NDArray[np.float64],
    truth: NDArray[np.float64],
    signal_variance: float,
    signal_to_noise: float,
    generator: np.random.Generator,
    names: tuple[str, ...] | None = None,
) -> Dataset:
    n_samples, n_features = X.shape
    noise = np.sqrt(signal_variance / signal_to_noise)
    n_active = int(np.count_nonzero(truth))
    return Dataset(
        X=X,
        y=X @ truth + noise * generator.standard_normal(n_samples),
        feature_names=names or tuple(f"x{index}" for index in range(1, n_features + 1)),
        target_name="y",
        task="regression",
        name=name,
        truth=truth,
        description=(
            f"Simulated: {n_active} of {n_features} features matter, {n_samples} rows, "
            f"signal-to-noise ratio {signal_to_noise:.3g}."
        ),
    )


def _check(n_samples: int, n_features: int, n_informative: int, signal_to_noise: float) -> None:
    if n_samples < 2:
        raise _bad("n_samples", n_samples, "give at least 2")
    if n_features < 1:
        raise _bad("n_features", n_features, "give at least 1")
    if not 0 < n_informative <= n_features:
        raise _bad("n_informative", n_informative, f"give a number from 1 to {n_features}")
    if not 0.0 < signal_to_noise < np.inf:
        raise _bad("signal_to_noise", signal_to_noise, "give a positive number")


def _bad(argument: str, value: object, remedy: str) -> DataError:
    return DataError(
        f"{argument}={value!r} cannot be used; {remedy}",
        code="data.bad_parameter",
        argument=argument,
        value=value,
        remedy=remedy,
    )

"""shrinkage: penalized models with a certificate for every fit."""

from __future__ import annotations

from . import conventions, core, errors, neural, penalties, uncertainty
from ._runtime import Progress, install_blas
from .errors import Cancelled, ConvergenceWarning
from .linear.cv import PathCV, fit_path_cv
from .linear.estimators import (
    PenalizedClassifier,
    PenalizedClassifierCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
)
from .linear.path import fit_path
from .linear.result import Path
from .losses import Huber, Quantile
from .neural.estimators import DropoutMLPClassifier, DropoutMLPRegressor
from .penalties import *  # noqa: F403 - every penalty, as they name themselves

install_blas()
del install_blas

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "ConvergenceWarning",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "Huber",
    "Path",
    "PathCV",
    "PenalizedClassifier",
    "PenalizedClassifierCV",
    "PenalizedRegressor",
    "PenalizedRegressorCV",
    "Progress",
    "Quantile",
    "conventions",
    "core",
    "errors",
    "fit_path",
    "fit_path_cv",
    "neural",
    "uncertainty",
]
__all__ += penalties.__all__

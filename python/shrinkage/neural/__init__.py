"""Networks of dense layers with dropout, exact zeros and a residual for every fit."""

from .ensemble import predict_ensemble
from .ensemble_result import Ensemble, EnsembleProgress
from .estimators import DropoutMLPClassifier, DropoutMLPRegressor
from .history import History
from .kinds import Concrete
from .losses import Gaussian, Quantiles
from .network import Network, Setting, TrainingProgress
from .paths import NetworkPath, fit_dropout_path, fit_many, fit_penalty_path
from .penalties import InputGroup, UnitGroup

__all__ = [
    "Concrete",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "Ensemble",
    "EnsembleProgress",
    "Gaussian",
    "History",
    "InputGroup",
    "Network",
    "NetworkPath",
    "Quantiles",
    "Setting",
    "TrainingProgress",
    "UnitGroup",
    "fit_dropout_path",
    "fit_many",
    "fit_penalty_path",
    "predict_ensemble",
]

"""Networks of dense layers with dropout, exact zeros and a residual for every fit."""

from .comparison import ComparedEnsemble, EnsembleComparison, compare_ensembles
from .diversity import (
    Ambiguity,
    Removal,
    UnitView,
    activations,
    ambiguity,
    disagreement,
    error_without_units,
    unit_correlations,
    unit_view,
)
from .ensemble import predict_ensemble
from .ensemble_masks import MOST_ENUMERATED_UNITS
from .ensemble_result import Ensemble, EnsembleProgress
from .estimators import DropoutMLPClassifier, DropoutMLPRegressor
from .history import History
from .input_dropout import AdaptiveRidge, adaptive_ridge
from .kinds import Concrete, Masksembles
from .losses import Gaussian, Quantiles
from .network import Network, TrainingProgress
from .paths import NetworkPath, fit_dropout_path, fit_many, fit_penalty_path
from .penalties import InputGroup, UnitGroup
from .robustness import ErrorCurve, error_under_noise, error_under_occlusion
from .scaling import Columns, Scaling
from .setting import Setting
from .shortcuts import (
    PlantedShortcut,
    ShortcutRow,
    ShortcutStudy,
    plant_shortcut,
    shortcut_study,
)

__all__ = [
    "MOST_ENUMERATED_UNITS",
    "AdaptiveRidge",
    "Ambiguity",
    "Columns",
    "ComparedEnsemble",
    "Concrete",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "Ensemble",
    "EnsembleComparison",
    "EnsembleProgress",
    "ErrorCurve",
    "Gaussian",
    "History",
    "InputGroup",
    "Masksembles",
    "Network",
    "NetworkPath",
    "PlantedShortcut",
    "Quantiles",
    "Removal",
    "Scaling",
    "Setting",
    "ShortcutRow",
    "ShortcutStudy",
    "TrainingProgress",
    "UnitGroup",
    "UnitView",
    "activations",
    "adaptive_ridge",
    "ambiguity",
    "compare_ensembles",
    "disagreement",
    "error_under_noise",
    "error_under_occlusion",
    "error_without_units",
    "fit_dropout_path",
    "fit_many",
    "fit_penalty_path",
    "plant_shortcut",
    "predict_ensemble",
    "shortcut_study",
    "unit_correlations",
    "unit_view",
]

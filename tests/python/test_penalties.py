"""What a penalty says of itself, and that nobody else says it."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import shrinkage as sh
from shrinkage import conventions
from shrinkage.errors import InvalidArgument
from shrinkage.losses import LOSSES
from shrinkage.penalties import PENALTIES, NativePenalty, Penalty, resolve_penalty

SOURCES = Path(sh.__file__).parent


@dataclass(frozen=True)
class Bent(Penalty):
    """Made up, like MCP: λ is inside, so that there is no textbook form."""

    name: ClassVar[str] = "bent"
    formula: ClassVar[str] = "Σ {f}max{0, |β_j| − β_j²/(2γλ)}"
    gamma: float = 3.0

    @property
    def symbols(self) -> dict[str, float]:
        return {"γ": self.gamma}

    def textbook(self) -> None:
        return None


@dataclass(frozen=True)
class Tied(Penalty):
    """Made up: groups of features, of one output, that may be held to be nonnegative."""

    name: ClassVar[str] = "tied"
    formula: ClassVar[str] = "Σ_g ‖β_g‖₂"
    outputs: ClassVar[Any] = "one"
    bounds: ClassVar[Any] = "nonnegative"
    groups: tuple[int, ...]

    def to_native(self, n_features: int, n_outputs: int = 1) -> NativePenalty:
        return NativePenalty(self.name, groups=np.array(self.groups))


class Bare(Penalty):
    """It says nothing of itself."""


@pytest.mark.parametrize(
    "penalty", [Bent(), Tied((0, 0, 1)), Bare()], ids=lambda p: type(p).__name__
)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("much", [False, True])
def test_a_made_up_penalty_is_explained(loss: str, penalty: Penalty, much: bool) -> None:
    how: dict[str, Any] = {"outputs": 3} if loss == "multinomial" else {}
    if much:
        how |= dict.fromkeys(("standardize", "weighted", "offset", "penalty_factor"), True)
        how |= {"bounded": True, "factor_mean": 0.7, "fit_intercept": False, "target_std": 2.0}
    for lam in (0.0, 0.5):
        text = conventions.explain_objective(loss, penalty, lam, weight_sum=10.0, **how)
        assert text.count("no equal call (it has no such penalty)") == 2
        formula = penalty.formula.replace("{f}", "f_j " if much else "")
        assert f"{lam:.6g} · [{formula}]" in text.splitlines()[0]


def test_a_made_up_penalty_names_its_parameters_and_has_no_textbook_form() -> None:
    lines = conventions.explain_objective("huber", Bent(2.5), 0.5, weight_sum=10.0).splitlines()
    assert lines[1].endswith("δ = 1.35, γ = 2.5")
    assert "textbook:  none (this penalty has no such form)" in lines
    with pytest.raises(InvalidArgument, match="no textbook form"):
        conventions.to_textbook(0.5, loss="squared", penalty=Bent(), weight_sum=10.0)


def test_factors_that_a_formula_does_not_place_are_told() -> None:
    text = conventions.explain_objective(
        "squared", Tied((0, 1)), 0.5, weight_sum=4.0, penalty_factor=True
    )
    assert "0.5 · [Σ_g ‖β_g‖₂], λ times f_j for feature j" in text


@pytest.mark.parametrize(
    "convert",
    [
        lambda penalty: conventions.to_sklearn(1.0, loss="squared", penalty=penalty, weight_sum=1),
        lambda penalty: conventions.to_sklearn(1.0, loss="logistic", penalty=penalty, weight_sum=1),
        lambda penalty: conventions.to_glmnet(1.0, loss="poisson", penalty=penalty),
        lambda penalty: conventions.to_glum(1.0, loss="gamma", penalty=penalty),
        lambda penalty: conventions.to_pytorch(1.0, loss="squared", penalty=penalty),
    ],
)
def test_a_made_up_penalty_has_no_peer(convert: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        convert(Bent())
    assert caught.value.fields["argument"] == "penalty"


def test_every_penalty_has_a_name_and_is_public() -> None:
    assert set(PENALTIES) >= {"l1", "l2", "elasticnet", "row_group"}
    for name, kind in PENALTIES.items():
        assert kind.name == name
        assert getattr(sh, kind.__name__) is kind
        assert kind.__name__ in sh.__all__


def test_a_name_that_needs_arguments_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PENALTIES, "tied", Tied)
    with pytest.raises(InvalidArgument, match=r"give shrinkage\.Tied\(groups=…\)") as caught:
        resolve_penalty("tied")
    assert "tied" not in caught.value.fields["choices"]
    assert "l1" in caught.value.fields["choices"]


PROPERTIES = {
    # penalty: α, λmax is finite, scikit-learn's, glmnet's, PyTorch's
    sh.L1(): (1.0, True, "Lasso", "alpha", None),
    sh.L2(): (0.0, False, "Ridge", "alpha", "weight_decay"),
    sh.ElasticNet(0.3): (0.3, True, "ElasticNet", "alpha", None),
    sh.ElasticNet(0.0): (0.0, False, "ElasticNet", "alpha", "weight_decay"),
    sh.RowGroup(): (None, True, "MultiTaskLasso", "grouped", None),
    Bent(): (None, True, None, None, None),
}


@pytest.mark.parametrize("penalty", PROPERTIES, ids=repr)
def test_what_a_penalty_says(penalty: Penalty) -> None:
    share, finite, *peers = PROPERTIES[penalty]
    assert penalty.l1_share == share
    assert penalty.has_lambda_max == finite
    assert [penalty.peers.sklearn, penalty.peers.glmnet, penalty.peers.torch] == peers


@pytest.mark.parametrize("penalty", ["l1", "l2", sh.ElasticNet(0.3)], ids=repr)
def test_values_are_those_of_the_core(penalty: Any) -> None:
    coefs = np.random.default_rng(0).normal(size=(4, 1, 3))
    values = resolve_penalty(penalty).values(coefs, np.ones(4))
    assert values is not None
    ours = [sh.core.penalty_value(penalty, coefs[:, 0, i], 1.0) for i in range(3)]
    np.testing.assert_allclose(values, ours, rtol=1e-14)


def test_how_a_penalty_travels() -> None:
    native = sh.ElasticNet(0.3).to_native(5)
    assert (native.name, native.parameters.tolist()) == ("elasticnet", [0.3])
    assert native.parameters.dtype == native.weights.dtype == np.float64
    assert native.groups.dtype == np.int64
    assert native.groups.size == native.weights.size == 0
    assert Bent(2.0).to_native(5, 3).parameters.tolist() == [2.0]
    assert Tied((0, 1)).parameters == ()  # labels are no numbers of the core


def refused(penalty: Penalty, outputs: int = 1, **how: Any) -> str:
    """What is said of a fit of three features."""
    given = {name: np.asarray(value, dtype=float) for name, value in how.items()}
    with pytest.raises(InvalidArgument) as caught:
        penalty.check(3, outputs, **given)
    return str(caught.value)


def test_a_penalty_refuses_what_it_does_not_go_with() -> None:
    tied, inf = Tied((0, 0, 1)), np.inf
    assert refused(sh.RowGroup()).startswith("penalty='row_group' cannot be used; it ties several")
    text = refused(sh.RowGroup(), 2, upper=[1, inf, inf])
    assert text.startswith("upper=<array of shape (3,), float64> cannot be used; the row-group ")
    assert "takes no bounds: drop them or use another penalty" in text
    assert "it takes one output" in refused(tied, 2)
    assert "no bounds but lower=0 for all features" in refused(tied, lower=[0, 0, -1])
    assert refused(tied, lower=[0, 0, -inf]).startswith("lower=")
    assert refused(tied, lower=[0, 0, 0], upper=[inf, 1, inf]).startswith("upper=")
    text = refused(tied, factors=[2, 1, 1])
    assert text.startswith("penalty_factor[1]=1.0 cannot be used; give the features of one group")
    assert "feature 0 has 2.0" in text


def test_a_penalty_takes_what_it_goes_with() -> None:
    tied, free = Tied((0, 0, 1)), np.full(3, np.inf)
    tied.check(3, 1)
    tied.check(3, 1, lower=np.zeros(3), upper=free, factors=np.array([2.0, 2.0, 0.0]))
    tied.check(3, 1, lower=-free, upper=free)
    sh.RowGroup().check(3, 2, lower=-free, upper=free, factors=np.arange(3.0))
    sh.L1().check(3, 2, lower=np.array([-1.0, 0.0, -2.0]))


# The comparison of L1 with L2, whose sides have these names and whose pictures know both.
TWO_SIDES = {
    "linear/comparison.py",
    "linear/geometry.py",
    "plots/geometry.py",
    "plots/paths.py",
    "app/board/payload.py",
}
# Settings of a lane of the Network screen, and a norm of calibration errors.
OTHER_NAMES = {"app/race_spec.py", "app/views/lanes.py", "uncertainty/calibration.py"}


def asked(text: str, kinds: set[str], names: set[str]) -> list[str]:
    """The places of a source that ask which penalty there is: by its class or by its name."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
            named = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
            named |= {e.attr for e in ast.walk(node.args[1]) if isinstance(e, ast.Attribute)}
            wrong = named & kinds
        elif isinstance(node, ast.Compare):
            parts = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
            wrong = {p.value for p in parts if isinstance(p, ast.Constant)} & names
        elif isinstance(node, ast.MatchValue | ast.MatchClass):
            inner = list(ast.walk(node))
            wrong = {p.value for p in inner if isinstance(p, ast.Constant)} & names
            wrong |= {p.id for p in inner if isinstance(p, ast.Name)} & kinds
        else:
            continue
        found += [f"line {node.lineno}: {each}" for each in sorted(wrong)]
    return found


def test_nobody_asks_which_penalty_it_is() -> None:
    kinds = {kind.__name__ for kind in PENALTIES.values()} | {"GroupLasso", "SLOPE"}
    names = set(PENALTIES) | {"group_lasso", "slope"}
    left = TWO_SIDES | OTHER_NAMES | {"penalties.py"}
    found = {}
    for path in sorted(SOURCES.rglob("*.py")):
        name = path.relative_to(SOURCES).as_posix()
        places = asked(path.read_text(encoding="utf-8"), kinds, names)
        if name in left - {"penalties.py"}:
            assert places, f"{name} asks no more: take it off the list"
        elif places and name not in left:
            found[name] = places
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(penalty, L1 | L2)",
        "isinstance(p, (sh.ElasticNet, Other))",
        "x = penalty.name == 'l1'",
        "if kind != 'l2': pass",
        "if kind in ('elasticnet', 'other'): pass",
        "match kind:\n    case 'l1':\n        pass",
        "match p:\n    case L1():\n        pass",
    ],
)
def test_a_question_is_seen(source: str) -> None:
    assert asked(source, {"L1", "L2", "ElasticNet"}, {"l1", "l2", "elasticnet"})

"""One table says what is known of each kind of dropout, and all else asks it."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from shrinkage.errors import InvalidArgument
from shrinkage.neural.kinds import DROPOUT_TRAITS, resolve_dropout_kind
from support.ensembles import network, rows

ROOT = Path(__file__).resolve().parents[2]
MASKS = ROOT / "cpp" / "shrinkage" / "nn" / "masks"
NEURAL = ROOT / "python" / "shrinkage" / "neural"
SOURCES = [
    path
    for path in (ROOT / "cpp").rglob("*")
    if path.suffix in (".cpp", ".hpp", ".inc") and MASKS not in path.parents
]
ONE_KIND = re.compile(r"[!=]=\s*DropoutKind::\w|DropoutKind::\w+\s*[!=]=|\bcase\s+DropoutKind::")


def looks_at_one_kind(text: str) -> bool:
    """Whether a C++ source compares with a kind by its name."""
    return bool(ONE_KIND.search(text))


def kinds_compared(text: str) -> set[str]:
    """Names of kinds that a Python source compares with; "gaussian" is the name of a loss too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare):
            names = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            of_a_loss = ast.unparse(node.left).endswith("loss")
            found |= set() if of_a_loss else names & set(DROPOUT_TRAITS)
    return found


def test_the_scans_see_a_kind() -> None:
    for text in (
        "plan.kind == DropoutKind::alpha",
        "kind !=\n    DropoutKind::batch",
        "if (DropoutKind::batch == kind)",
        "switch (kind) { case DropoutKind::alpha: break; }",
    ):
        assert looks_at_one_kind(text)
    assert not looks_at_one_kind("DropoutKind kind = DropoutKind::bernoulli;")
    assert kinds_compared('kind.name in ("alpha", "batch")') == {"alpha", "batch"}
    assert kinds_compared('"concrete" == kind') == {"concrete"}
    assert not kinds_compared('self.loss == "gaussian"')
    assert not kinds_compared('resolve("alpha")')


def test_no_source_looks_at_one_kind_by_its_name() -> None:
    assert len(SOURCES) > 100
    assert not [path.name for path in SOURCES if looks_at_one_kind(path.read_text("utf-8"))]
    modules = sorted(NEURAL.rglob("*.py"))
    assert not {m.name: k for m in modules if (k := kinds_compared(m.read_text("utf-8")))}


def test_every_kind_of_the_core_has_a_row_under_its_name() -> None:
    text = (MASKS / "dropout_kind.hpp").read_text("utf-8")
    (kinds,) = re.findall(r"enum class DropoutKind \{([^}]*)\}", text)
    assert [kind.strip() for kind in kinds.split(",")] == list(DROPOUT_TRAITS)
    for name, traits in DROPOUT_TRAITS.items():
        assert resolve_dropout_kind(name).traits is traits and traits.name == name


def refuses(call: Callable[[], object]) -> bool:
    try:
        call()
    except InvalidArgument:
        return True
    return False


@pytest.mark.parametrize("kind", DROPOUT_TRAITS)
def test_the_library_refuses_what_a_kind_cannot_do_and_nothing_else(kind: str) -> None:
    traits, X = DROPOUT_TRAITS[kind], rows(5)
    net = network((4,), dropout=0.5, dropout_kind=kind)
    assert refuses(lambda: net.predict_ensemble(X, masks="per_row")) == (not traits.per_row)
    assert refuses(lambda: net.predict_ensemble(X, "exact_geometric")) == (not traits.enumerable)
    assert refuses(lambda: net.predict_ensemble(X, "rao_blackwell")) == (not traits.integrable)
    found = net.predict_ensemble(X)
    has_masks = traits.drops_units or traits.drops_weights
    assert refuses(lambda: found.member_masks(0)) == (not has_masks)
    constant = traits.learns_rates or traits.recurring
    assert refuses(lambda: net.schedule(dropout=[0.5, 1.0])) == constant
    groups = dict(dropout=0.5, dropout_kind=kind, input_groups=[0, 0, 1, 1])
    assert refuses(lambda: net.regularize(**groups)) == (not traits.drops_units)

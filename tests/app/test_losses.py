"""The loss on the Linear screen: what is offered, what is said, what is kept."""

from __future__ import annotations

import hashlib
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.runs import fit_linear
from shrinkage.app.script import python_script
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, RunSpec, decode, encode

Opened = Callable[..., Any]
NUMBERS = ("squared", "poisson", "gamma", "huber", "quantile")
CLASSES = ("logistic", "squared_hinge")
MEASURES = {"squared": "mse", "huber": "loss", "squared_hinge": "loss", "quantile": "loss"}
PARAMETERS = {"huber": "120", "quantile": "0.5"}
CANCER = DEFAULT.but(data="sample:breast_cancer", task="classification", cv=3)


def offered(screen: Any) -> list[str]:
    return list(screen.widget("radio", "loss_").options)


@pytest.mark.parametrize("name", [*NUMBERS, *CLASSES])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_loss_is_chosen_and_the_screen_follows(open_app: Opened, lang: str, name: str) -> None:
    start = DEFAULT.but(cv=3) if name in NUMBERS else CANCER
    first = "squared" if name in NUMBERS else "logistic"
    screen = open_app(lang=lang, c=encode(start))
    assert screen.board["loss"] == first
    screen.widget("radio", "loss_").set_value(name)
    screen.run()
    board = screen.board
    assert board["loss"] == name
    measure = MEASURES.get(name, "deviance")
    assert board["score"] == measure
    assert screen.t(f"measure.{measure}") in screen.texts
    kinked = name == "quantile"
    assert board["missing"] == (["df_kinked", "geometry_kinked"] if kinked else [])
    assert list(board["links"]) == ["df", "best", "1se", "textbook"][kinked:]
    assert (board["gram"] is None) == (name != "squared")
    if name != first:
        assert decode(screen.query("c")).loss == name
        assert encode(start) != screen.query("c")
    else:
        assert decode(screen.query("c")) == start
    labels = [p.proto.popover.label for p in screen.at.get("popover")]
    loss = screen.t(f"loss.{name}")
    if name in PARAMETERS:
        loss = screen.t(f"loss.with_{name}", name=loss, value=PARAMETERS[name])
    assert screen.t("loss.label", loss=loss) in labels
    # A refresh finds it again.
    again = open_app(lang=lang, c=screen.query("c"))
    assert again.board["id"] == board["id"]
    assert again.errors == []


def test_only_losses_that_suit_the_target_are_offered(open_app: Opened) -> None:
    screen = open_app()
    assert offered(screen) == [screen.t(f"loss.{n}") for n in NUMBERS]
    screen = open_app(c=encode(CANCER))
    assert offered(screen) == [screen.t(f"loss.{n}") for n in CLASSES]
    rows = [f"{i % 7},{i * i % 11},{i % 7 - i * i % 11}" for i in range(60)]
    screen = open_app().upload("n.csv", "\n".join(["a,b,y", *rows]).encode())
    screen.use("y", "regression")
    assert offered(screen) == [screen.t(f"loss.{n}") for n in ("squared", "huber", "quantile")]
    for need, name in (("counts", "poisson"), ("positive", "gamma")):
        assert screen.t(f"loss.needs_{need}", name=screen.t(f"loss.{name}")) in screen.texts


def test_counts_open_with_the_loss_for_counts(open_app: Opened) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    counts = rng.poisson(np.exp(0.8 * x[:, 0]))
    rows = [f"{a:.3f},{b:.3f},{k}" for (a, b), k in zip(x, counts, strict=True)]
    screen = open_app().upload("c.csv", "\n".join(["a,b,visits", *rows]).encode())
    screen.use("visits", "regression")
    assert screen.board["loss"] == "poisson"
    found = ("poisson", "squared", "huber", "quantile")
    assert offered(screen) == [screen.t(f"loss.{n}") for n in found]
    assert decode(screen.query("c")).loss == "poisson"


def test_delta_is_a_setting_in_units_of_the_target(open_app: Opened) -> None:
    screen = open_app(c=encode(DEFAULT.but(cv=3, loss="huber", parameter=40.0)))
    box = screen.widget("number_input", "parameter_huber")
    assert box.value == 40.0
    assert screen.board["parameter"] == 40.0
    before = screen.board["id"]
    box.set_value(90.0)
    screen.run()
    assert screen.board["parameter"] == 90.0
    assert screen.board["id"] != before
    assert decode(screen.query("c")).parameter == 90.0
    line = screen.t("loss.with_huber", name=screen.t("loss.huber"), value="90")
    assert any(line in m.value for m in screen.at.markdown)  # the history tells them apart


def test_q_is_a_setting_between_its_limits(open_app: Opened) -> None:
    screen = open_app(c=encode(DEFAULT.but(cv=3, loss="quantile", parameter=0.9)))
    box = screen.widget("number_input", "parameter_quantile")
    assert (box.value, box.min, box.max) == (0.9, 0.01, 0.99)
    box.set_value(0.25)
    screen.run()
    assert screen.board["parameter"] == 0.25
    assert decode(screen.query("c")).parameter == 0.25
    line = screen.t("loss.with_quantile", name=screen.t("loss.quantile"), value="0.25")
    assert any(line in m.value for m in screen.at.markdown)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_certificate_says_how_and_how_fast(open_app: Opened, lang: str) -> None:
    screen = open_app(lang=lang, c=encode(DEFAULT.but(cv=3)))
    gram, newton = screen.t("regime.gram"), screen.t("regime.newton")
    said = [c.value for c in screen.at.caption]
    took = screen.t("linear.took", seconds="\0", l1=gram, l2=gram).split("\0")
    assert any(all(part in text for part in took) for text in said)
    screen = open_app(lang=lang, c=encode(DEFAULT.but(cv=3, loss="gamma")))
    assert newton in screen.texts
    assert gram not in screen.texts


LINKS = [
    {"loss": "logistic"},
    {"loss": "magic"},
    {"loss": "huber", "parameter": -1.0},
    {"loss": "poisson", "parameter": 2.0},
    {"loss": "quantile", "parameter": 1.0},
    {"loss": "huber", "parameter": True},
    {"loss": 3},
]


@pytest.mark.parametrize("changed", LINKS)
def test_a_loss_that_cannot_be_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        RunSpec.from_json(json.dumps(changed))


def test_runs_from_before_losses_could_be_chosen_open_under_their_key() -> None:
    old = {
        "cv": 5, "data": "sample:diabetes", "event": None, "link": "df", "seed": 1,
        "standardize": True, "target": None, "task": "regression", "test": False, "undo": [],
    }  # fmt: skip
    spec = RunSpec.from_json(json.dumps(old))
    assert spec == DEFAULT.but(cv=5, link="df")
    del old["link"]
    text = json.dumps(old, sort_keys=True, separators=(",", ":"))
    assert spec.key() == hashlib.sha256(text.encode()).hexdigest()
    assert spec.with_loss("squared") == spec
    assert spec.with_loss("huber", 2.0).key() != spec.with_loss("huber", 3.0).key()


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        (DEFAULT.but(cv=3, loss="huber", parameter=60.0), "sh.Huber(delta=60.0)"),
        (DEFAULT.but(cv=3, loss="poisson", test=True), "'poisson'"),
        (DEFAULT.but(cv=3, loss="quantile", parameter=0.9), "sh.Quantile(q=0.9)"),
        (CANCER.but(loss="squared_hinge"), "'squared_hinge'"),
    ],
    ids=["huber", "poisson", "quantile", "squared_hinge"],
)
def test_the_script_names_the_loss_and_runs_as_written(
    shared: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spec: RunSpec,
    written: str,
) -> None:
    result = fit_linear(spec, shared, lambda _: False)
    script = python_script(result)
    assert f"loss={written}" in script
    (tmp_path / "fit.py").write_text(script, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("fit.py", run_name="__main__")
    side = result.comparison.l1
    assert f"l1: lambda.1se = {side.lambdas[side.i_1se]:.6g}" in capsys.readouterr().out

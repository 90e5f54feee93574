"""The app in-process, with a data folder of its own for every test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit.components.v2.manifest_scanner
from streamlit.testing.v1 import AppTest

import shrinkage.app.runs as runs
from shrinkage.app.i18n import translate
from shrinkage.app.runs import LinearResult, fit_linear
from shrinkage.app.services import Services, services
from shrinkage.app.spec import DEFAULT
from shrinkage.app.store import HOME_VARIABLE
from support.fits import compare_once

APP = Path(__file__).resolve().parents[2] / "app.py"
PATIENCE_SECONDS = 60


class Screen:
    """What a user sees of one session, and what they can do."""

    def __init__(self, shared: Services, *, settle: bool = True, **query: str) -> None:
        self.shared = shared
        self.at = AppTest.from_file(str(APP), default_timeout=PATIENCE_SECONDS)
        for name, value in query.items():
            self.at.query_params[name] = value
        if settle:
            self.run()
        else:
            self.at.run()

    def run(self) -> Screen:
        """Rerun until no job is under way, as the page's timer would."""
        self.at.run()
        while self.at.get("progress"):
            shared = self.shared
            registries = (shared.fits, shared.trainings, shared.ensembles, shared.readings)
            for registry in registries:
                for job in registry.jobs():
                    assert job.wait(PATIENCE_SECONDS)
            self.at.run()
        assert not self.at.exception
        return self

    def t(self, key: str, **values: Any) -> str:
        """A text in the language of the session."""
        return translate(self.query("lang") or "en", key, **values)

    def query(self, name: str) -> str | None:
        """A parameter of the address."""
        value = self.at.query_params.get(name)
        return value[0] if isinstance(value, list) else value

    @property
    def board(self) -> dict[str, Any]:
        """What the board was sent."""
        (component,) = self.at.get("bidi_component")
        content: dict[str, Any] = json.loads(component.proto.json)
        return content

    @property
    def texts(self) -> str:
        """Everything written on the screen."""
        at = self.at
        kinds = (at.title, at.markdown, at.caption, at.error, at.warning, at.info)
        return "\n".join(str(element.value) for kind in kinds for element in kind)

    @property
    def errors(self) -> list[str]:
        """The error boxes."""
        return [error.value for error in self.at.error]

    @property
    def chip(self) -> str:
        """The label of the data chip."""
        labels = [p.proto.popover.label for p in self.at.get("popover")]
        return str(labels[0])

    def widget(self, kind: str, start: str) -> Any:
        """The widget of this kind whose key begins so."""
        (found,) = [w for w in self.at.get(kind) if (w.key or "").startswith(start)]
        return found

    def click(self, key: str) -> Screen:
        """Press the button of this key."""
        self.widget("button", key).click()
        return self.run()

    def upload(self, name: str, content: bytes) -> Screen:
        """Hand a file to the uploader."""
        self.at.session_state["data_panel"] = True
        self.at.file_uploader[0].set_value((name, content, "application/octet-stream"))
        return self.run()

    def use(self, target: str | None = None, task: str | None = None) -> Screen:
        """Choose target and task of the uploaded file and take it."""
        if target is not None:
            self.widget("selectbox", "target_").set_value(target)
            self.run()
        if task is not None:
            self.widget("button_group", "task_").set_value(task)
            self.run()
        return self.click("use_data")


@pytest.fixture(scope="session", autouse=True)
def _no_packages_read() -> Iterator[None]:
    """A session starts without reading the metadata of every installed package.

    Streamlit looks in them for components of others, for some .2 s of every `AppTest`.
    """
    with pytest.MonkeyPatch.context() as patch:
        scanner = streamlit.components.v2.manifest_scanner
        patch.setattr(scanner, "scan_component_manifests", list)
        yield


@pytest.fixture(autouse=True)
def _fits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same table with the same settings is fitted once for all tests."""
    monkeypatch.setattr(runs, "compare_penalties", compare_once)


@pytest.fixture(scope="session")
def diabetes_result(tmp_path_factory: pytest.TempPathFactory) -> LinearResult:
    """The first picture; for a sentence about other numbers replace those."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "compare_penalties", compare_once)
        made = Services(tmp_path_factory.mktemp("first"))
        try:
            return fit_linear(DEFAULT, made, lambda _: False)
        finally:
            made.close()


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """The services of an empty data folder."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    made = services()
    yield made
    made.close()


@pytest.fixture
def open_app(shared: Services) -> Callable[..., Screen]:
    """Function that opens the app: ``open_app(lang="zh", c="v1...")``.

    With ``settle=False`` it does not wait for jobs.
    """
    return lambda **options: Screen(shared, **options)

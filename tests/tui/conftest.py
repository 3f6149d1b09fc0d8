"""What holds for the screens' tests: nothing is worded in a pause, unless a test makes the pause short; waits are short."""

import pytest

from assistant.storage import database
from assistant.tui import titles
from tests import schema
from tests.tui import css, drawing
from tests.tui.idle import Idle


@pytest.fixture(autouse=True)
def no_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine would otherwise have a title worded in the middle of a test."""
    monkeypatch.setattr(titles, "PAUSE_S", 3_600.0)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test waits until the screen has nothing to do, and no longer."""
    Idle().put(monkeypatch)


@pytest.fixture(autouse=True)
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test that opens the app does so with style sheets that were read and a schema that was made."""
    css.put(monkeypatch)
    drawing.put(monkeypatch)
    monkeypatch.setattr(database, "migrate", schema.migrate_file)

"""What holds for the screens' tests: nothing is worded in a pause, unless a test makes the pause short."""

import pytest

from assistant.tui import titles


@pytest.fixture(autouse=True)
def no_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine would otherwise have a title worded in the middle of a test."""
    monkeypatch.setattr(titles, "PAUSE_S", 3_600.0)

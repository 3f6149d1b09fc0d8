"""The words around the composer."""

import pytest

from assistant.domain.places import Place, Route
from assistant.tui import wording

LOCAL = Route("cpu", Place.THIS_MACHINE, "llama", "smollm2-135m")


@pytest.mark.parametrize(
    ("width", "badge"),
    [
        (60, "→ local · this machine · smollm2-135m"),
        (30, "→ local · smollm2-135m"),
        (12, "→ local · s…"),
    ],
)
def test_the_place_is_never_cut_off(width: int, badge: str) -> None:
    assert wording.badge(LOCAL, width) == badge


def test_without_a_model_the_badge_says_what_to_do() -> None:
    assert wording.badge(None, 60) == "no model yet · ctrl+p, fetch a model"


@pytest.mark.parametrize(
    ("used", "loading", "words"),
    [
        (None, False, ""),
        (None, True, "loading the model"),
        ((1270, 4096), False, "context 31 % of 4,096"),
    ],
)
def test_how_full_the_window_is(used: tuple[int, int] | None, loading: bool, words: str) -> None:
    assert wording.window(used, loading) == words


def test_what_the_bar_says() -> None:
    assert not wording.standing(writable=True).fault
    assert "READ-ONLY" in wording.standing(writable=False).fault

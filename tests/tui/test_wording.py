"""The words around the composer."""

import pytest

from assistant.domain.places import Place, Route
from assistant.tui import wording
from assistant.tui.wording import Bound
from tests.tui.fake_machine import CPU_ROUTE, DEN_ROUTE

HERE, NETWORK = Place.THIS_MACHINE, Place.THIS_NETWORK
DOWN = "hailo-ollama is not running"


@pytest.mark.parametrize(
    ("bound", "width", "badge"),
    [
        (Bound(CPU_ROUTE, HERE), 60, "→ local · cpu · smollm2-135m"),
        (Bound(CPU_ROUTE, HERE), 25, "→ local · smollm2-135m"),
        (Bound(CPU_ROUTE, HERE), 12, "→ local · s…"),
        (Bound(CPU_ROUTE, HERE, DOWN), 60, f"→ local · cpu · smollm2-135m — {DOWN}"),
        (Bound(CPU_ROUTE, HERE, DOWN), 50, "→ local · cpu · smollm2-135m — hailo-ollama is no…"),
        (Bound(CPU_ROUTE, HERE, DOWN), 38, "→ local · cpu · smollm2-135m"),
        (Bound(CPU_ROUTE, HERE, pinned=True), 60, "pinned → local · cpu · smollm2-135m"),
        (Bound(CPU_ROUTE, HERE, pinned=True), 12, "→ local · s…"),
        (
            Bound(DEN_ROUTE, NETWORK, pinned=True),
            60,
            "pinned → network · another machine · den-server · qwen2.5:7b",
        ),
        (Bound(DEN_ROUTE, NETWORK), 42, "→ network · another machine · qwen2.5:7b"),
        (Bound(place=HERE, why="looking at this machine"), 60, "→ local · looking at this machine"),
        (Bound(why="hat is not ready", pinned=True), 60, "hat is not ready"),
        (Bound(), 60, "no model yet · ctrl+p, fetch a model"),
    ],
)
def test_the_badge_says_where_and_why_and_never_cuts_the_place_off(
    bound: Bound, width: int, badge: str
) -> None:
    assert wording.badge(bound, width) == badge
    assert len(badge) <= width


def test_a_route_that_is_called_like_its_place_is_not_named_twice() -> None:
    route = Route("local", HERE, "llama", "m")
    assert wording.badge(Bound(route, HERE), 60) == "→ local · m"


@pytest.mark.parametrize(
    ("used", "doing", "words"),
    [
        (None, "", ""),
        (None, "loading the model", "loading the model"),
        ((1270, 4096), "", "context 31 % of 4,096"),
    ],
)
def test_how_full_the_window_is(used: tuple[int, int] | None, doing: str, words: str) -> None:
    assert wording.window(used, doing) == words


def test_what_the_bar_says() -> None:
    local, den = Bound(CPU_ROUTE, HERE), Bound(DEN_ROUTE, NETWORK)
    stands = wording.standing(writable=True, bound=local, left=False)
    assert (stands.place, stands.text, stands.fault) == (HERE, "nothing has left", "")
    assert not wording.standing(writable=True, bound=local, left=True).text
    away = wording.standing(writable=True, bound=den, left=False)
    assert (away.place, away.text) == (NETWORK, "prompts go to den-server")
    assert "READ-ONLY" in wording.standing(writable=False, bound=local, left=False).fault

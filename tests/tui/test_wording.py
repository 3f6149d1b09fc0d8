"""The words around the composer."""

import pytest

from assistant.domain.places import Place, Route
from assistant.domain.sensitivity import Label
from assistant.tui import wording
from assistant.tui.keys_now import Keys
from assistant.tui.wording import Bound, Grants
from tests.tui.fake_machine import CPU_ROUTE, DEN_ROUTE

HERE, NETWORK, CLOUD = Place.THIS_MACHINE, Place.THIS_NETWORK, Place.CLOUD
AWAY = Route("mistral-eu", CLOUD, "cloud", "mistral-medium")
HELD = Label.LOCAL_ONLY
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
        (Bound(AWAY, CLOUD, zone="EU"), 60, "→ cloud · mistral-eu · mistral-medium · EU"),
        (Bound(AWAY, CLOUD, zone="EU"), 40, "→ cloud · mistral-medium · EU"),
        (Bound(AWAY, CLOUD, zone="EU"), 20, "→ cloud · EU"),
        (Bound(AWAY, CLOUD), 60, "→ cloud · mistral-eu · mistral-medium"),
        (Bound(CPU_ROUTE, HERE, label=HELD), 60, "→ local · cpu · smollm2-135m · ▲ local-only"),
        (Bound(CPU_ROUTE, HERE, label=HELD), 36, "→ local · smollm2-13… · ▲ local-only"),
        (Bound(CPU_ROUTE, HERE, label=HELD), 20, "→ local · smoll… · ▲"),
        (Bound(CPU_ROUTE, HERE, label=Label.PUBLIC), 60, "→ local · cpu · smollm2-135m · ▽ public"),
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


def test_the_bar_says_which_grant_lives_and_what_ends_it() -> None:
    local, cloud = Bound(CPU_ROUTE, HERE), Bound(AWAY, CLOUD, zone="EU")
    here = Grants("mistral-eu · this conversation · 11 min, 97 requests left")
    there = wording.standing(writable=True, bound=cloud, left=True, grants=here)
    assert (there.place, there.word, there.text, Keys().said(there.act)) == (
        CLOUD,
        "",
        here.here,
        "f4 revoke",
    )
    stays = wording.standing(writable=True, bound=local, left=True, grants=here)
    assert (stays.place, stays.word, Keys().said(stays.act)) == (CLOUD, "GRANTED", "f4 revoke")
    for many, text in ((1, "1 grant in other chats"), (3, "3 grants in other chats")):
        others = wording.standing(writable=True, bound=local, left=True, grants=Grants("", many))
        assert (others.place, others.text, Keys().said(others.act)) == (HERE, text, "f4 see")
    off = wording.standing(writable=True, bound=local, left=True, grants=Grants(offline=True))
    assert (off.word, Keys().said(off.act)) == ("OFFLINE", "f4 lift")

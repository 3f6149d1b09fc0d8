"""Grants, outbox and keys on the screen: what is live is told apart, one key ends it, no key is ever seen."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from assistant.domain.audit_entries import Outcome
from assistant.domain.consent import State
from assistant.domain.secret import Secret
from assistant.tui.app import AssistantApp
from assistant.tui.screens.grants import GrantsScreen
from assistant.tui.screens.outbox import PAGE, OutboxScreen, outbox_line
from assistant.tui.screens.pick import PickScreen
from assistant.tui.screens.secret import SecretScreen
from tests.conversation.border_doubles import SETUP
from tests.tui.cloud_stage import CloudStage, cloud_stage, line
from tests.tui.driving import NARROW, WIDE, opened, screen_text, settled_surroundings, toasts, until
from tests.tui.test_snapshots import Compare, picture

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
KEY = "sk-0123456789-not-a-real-one"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


@pytest.fixture
def on(tmp_path: Path) -> CloudStage:
    return cloud_stage(tmp_path)


def grants(on: CloudStage) -> None:
    on.granted("ABC123", sends=3, max_cost=Decimal("0.20"), currency="EUR")
    on.granted("DEF456", State.WITHDRAWN, sends=1)


async def shown(app: AssistantApp, pilot: Pilot[int], key: str) -> GrantsScreen:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, GrantsScreen))
    await pilot.pause()
    screen = app.screen
    assert isinstance(screen, GrantsScreen)
    return screen


async def test_a_live_grant_says_what_is_left_and_what_it_let_out(on: CloudStage) -> None:
    grants(on)
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot, "f4")
        text = screen_text(app)
    assert "CLOUD · 1 grant is live" in text
    assert "good · big-model · live · 11 min, 97 requests, 0.14 EUR left" in text
    assert "a conversation, normal text at most · let out 3 requests, 4,812 bytes" in text
    assert "revoked · code DEF456" in text


async def test_a_live_grant_stands_first_however_many_were_refused_since(on: CloudStage) -> None:
    live = on.granted("ABC123")
    for number in range(101):
        on.granted(f"{number:06}", State.REFUSED)
    on.rig.consents.all = lambda: [  # type: ignore[method-assign]
        (grant, ()) for grant in reversed(on.rig.consents.grants.values())
    ]
    async with opened(on.stage) as (app, pilot):
        screen = await shown(app, pilot, "f4")
        assert "CLOUD · 1 grant is live" in screen_text(app)
        assert screen._rows[0][0].id == live.id
        assert len(screen._rows) == 100
        await pilot.press("r")
        await until(pilot, lambda: "no grant is live" in screen_text(app))
    assert on.rig.consents.standing(live.id).state is State.WITHDRAWN


async def test_one_key_takes_the_highlighted_grant_back(on: CloudStage) -> None:
    grant = on.granted("ABC123")
    async with opened(on.stage) as (app, pilot):
        screen = await shown(app, pilot, "f4")
        await pilot.press("r")
        await until(pilot, lambda: "no grant is live" in screen_text(app))
        assert on.rig.consents.standing(grant.id).state is State.WITHDRAWN
        await pilot.press("r")
        await until(pilot, lambda: "that grant is not live" in toasts(app))
        await pilot.press("escape")
        assert app.screen is not screen


async def test_the_panic_key_ends_everything_from_anywhere_and_l_lifts_it(on: CloudStage) -> None:
    grant = on.granted("ABC123")
    async with opened(on.stage) as (app, pilot):
        await pilot.press("f1")
        await pilot.press("f9")
        await until(pilot, lambda: on.rig.consents.offline)
        assert on.rig.consents.standing(grant.id).state is State.WITHDRAWN
        await until(pilot, lambda: any("offline" in one for one in toasts(app)))
        await pilot.press("escape")
        await shown(app, pilot, "f4")
        assert "OFFLINE" in screen_text(app)
        await pilot.press("l")
        await until(pilot, lambda: not on.rig.consents.offline)
        await until(pilot, lambda: "no grant is live" in screen_text(app))


async def test_the_outbox_shows_what_left_what_may_have_and_what_did_not(on: CloudStage) -> None:
    on.outbox.all = [line(1), line(2, None), line(3, Outcome.UNSENT, 0)]
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot, "f4")
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OutboxScreen))
        await until(pilot, lambda: "may have left" in screen_text(app))
        text = screen_text(app)
    assert "left, closed" in text
    assert "nothing left" in text
    assert "2026-11-23 11:00  good" in text


async def test_the_outbox_reads_on_at_its_end(on: CloudStage) -> None:
    on.outbox.all = [line(number) for number in range(PAGE + 5)]
    async with opened(on.stage) as (app, pilot):
        app.action_cloud("outbox")
        await until(pilot, lambda: isinstance(app.screen, OutboxScreen))
        found = app.screen.query_one(OptionList)
        await until(pilot, lambda: found.option_count == PAGE)
        await pilot.press("end")
        await until(pilot, lambda: found.option_count == PAGE + 5)


async def test_an_empty_outbox_says_so(on: CloudStage) -> None:
    async with opened(on.stage) as (app, pilot):
        app.action_cloud("outbox")
        await until(pilot, lambda: "nothing has ever left" in screen_text(app))


async def test_a_key_is_typed_unseen_and_kept_for_its_route(on: CloudStage) -> None:
    async with opened(on.stage) as (app, pilot):
        app.action_cloud("key")
        await until(pilot, lambda: isinstance(app.screen, SecretScreen))
        app.screen.query_one(Input).value = KEY
        await pilot.pause()
        assert KEY not in screen_text(app)
        assert "api.example:443" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: on.keys.kept == {SETUP.id: KEY})
        assert any("kept in: the app's own vault" in one for one in toasts(app))


async def test_a_key_that_cannot_be_one_is_said_and_nothing_is_kept(on: CloudStage) -> None:
    async with opened(on.stage) as (app, pilot):
        app.action_cloud("key")
        await until(pilot, lambda: isinstance(app.screen, SecretScreen))
        app.screen.query_one(Input).value = "bad"
        await pilot.press("enter")
        await until(pilot, lambda: any("cannot be a key" in one for one in toasts(app)))
        app.action_cloud("key")
        await until(pilot, lambda: isinstance(app.screen, SecretScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
    assert not on.keys.kept


@pytest.mark.parametrize("made", [True, False])
async def test_a_locked_store_asks_for_its_passphrase_first_until_it_is_right(
    on: CloudStage, made: bool
) -> None:
    on.keys.opened, on.keys.made, on.keys.passphrase = False, made, "correct horse"
    on.keys.beside = made
    async with opened(on.stage) as (app, pilot):
        app.action_cloud("unlock")
        for typed in ("wrong", "correct horse"):
            await until(pilot, lambda: isinstance(app.screen, SecretScreen))
            app.screen.query_one(Input).value = typed
            await pilot.press("enter")
            await until(pilot, lambda: on.keys.opened or toasts(app))
        await until(
            pilot, lambda: any("kept in: the app's own vault" in one for one in toasts(app))
        )
        assert on.keys.opened
        assert any("not the passphrase" in one for one in toasts(app))


async def test_a_store_that_needs_no_passphrase_is_named(on: CloudStage) -> None:
    async with opened(on.stage) as (app, pilot):
        app.action_cloud("unlock")
        await until(
            pilot, lambda: any("kept in: the app's own vault" in one for one in toasts(app))
        )
        assert app.screen is app.chat


async def test_of_several_routes_one_is_picked(on: CloudStage) -> None:
    on.keys.routes = (SETUP, SETUP)
    async with opened(on.stage) as (app, pilot):
        app.action_cloud("key")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        on.keys.routes = ()
        app.action_cloud("key")
        await until(pilot, lambda: any("no cloud route" in one for one in toasts(app)))


def test_a_name_cannot_move_the_columns() -> None:
    plain = outbox_line(line(1)).plain
    first, second = plain.split("\n")
    assert first.index("left, closed") == 44
    assert second.strip() == "4,812 bytes to api.example:443 · grant ABC123"
    ended = line(1).ended
    assert ended is not None
    told = replace(line(1), ended=replace(ended, said_model="m-7", said_geo="us"))
    assert outbox_line(told).plain.split("\n")[2].strip() == "the reply says: m-7 in us"
    unknown = outbox_line(line(2, Outcome.FAILED, None)).plain
    assert "may have left" in unknown
    assert "an unknown number of bytes" in unknown


def test_what_is_typed_is_wrapped_at_once() -> None:
    assert repr(Secret(KEY)) == "***"


@SIZES
def test_picture_of_the_grants(
    on: CloudStage, snap_compare: Compare, size: tuple[int, int]
) -> None:
    grants(on)

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await shown(app, pilot, "f4")

    assert picture(snap_compare, on.stage, size, act)


@SIZES
def test_picture_of_the_outbox(
    on: CloudStage, snap_compare: Compare, size: tuple[int, int]
) -> None:
    on.outbox.all = [line(1), line(2, None), line(3, Outcome.UNSENT, 0), line(4, Outcome.CANCELLED)]

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        app.action_cloud("outbox")
        await until(pilot, lambda: "may have left" in screen_text(app))

    assert picture(snap_compare, on.stage, size, act)


@SIZES
def test_picture_of_a_key(on: CloudStage, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        app.action_cloud("key")
        await until(pilot, lambda: isinstance(app.screen, SecretScreen))
        field = app.screen.query_one(Input)
        # It selects what it holds once it has the focus.
        await until(pilot, lambda: field.has_focus)
        field.value = KEY

    assert picture(snap_compare, on.stage, size, act)

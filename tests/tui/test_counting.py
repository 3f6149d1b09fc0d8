"""The panel's money in the chat: read from the ledger, folded on, and read anew where another day begins."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.errors import StorageError
from assistant.domain.exchange import Exchange
from assistant.domain.ledger import Totals
from assistant.domain.running_costs import RunningCosts, Scope
from assistant.tui import face
from assistant.tui.app import AssistantApp
from tests.tui.driving import (
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import Answer, Stage, stage
from tests.tui.panel_states import CLOUD_CHARGED, FIXED, LOCAL_CHARGED, charged
from tests.tui.test_snapshots import QUESTION, REPLY, SIZES, Compare, picture, told

DAY = "2026-11-27"


class Reader:
    """What stands in the ledger: `turns` of this machine on `day`; `asked` are the conversations that it was read for."""

    def __init__(self) -> None:
        self.turns = 0
        self.day = DAY
        self.asked: list[str] = []
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, chat: str) -> RunningCosts:
        self.asked.append(chat)
        self.gate.wait(10)
        if self.broken:
            raise StorageError("the ledger is damaged", "look at it")
        scope = Scope(Totals(turns=self.turns, unpriced=self.turns))
        return RunningCosts(Exchange("EUR"), self.day, chat=chat, today=scope, month=scope)


def counted(folder: Path, reader: Reader, *answers: Answer) -> Stage:
    on = stage(folder, *answers)
    return replace(on, services=replace(on.services, running_costs=reader))


async def test_turns_are_folded_on_and_the_chat_gets_its_name(tmp_path: Path) -> None:
    reader = Reader()
    on = counted(tmp_path, reader)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: app.chat.desk.turns.readings.costs)
        await send(app, pilot, "one")
        await answered(app, pilot)
        costs = app.chat.desk.turns.readings.costs
        assert costs is not None
        # The stage's records have no day of the ledger's: it was read anew, and knows nothing of the turn.
        await until(pilot, lambda: len(reader.asked) > 1)
        [summary] = on.journal.conversations()
        await until(pilot, lambda: reader.asked[-1] == summary.id)


async def test_a_turn_of_the_same_day_is_added_without_a_look_at_the_file(tmp_path: Path) -> None:
    reader = Reader()
    reader.day = ""
    on = counted(tmp_path, reader)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: app.chat.desk.turns.readings.costs)
        before = len(reader.asked)
        await send(app, pilot, "one")
        await answered(app, pilot)
        costs = app.chat.desk.turns.readings.costs
        assert costs is not None
        [summary] = on.journal.conversations()
        assert (costs.chat, costs.today.turns, costs.conversation.turns) == (summary.id, 1, 1)
        assert len(reader.asked) == before
        await app.chat.desk.open("")
        await until(pilot, lambda: len(reader.asked) == before + 1)
        assert reader.asked[-1] == ""


async def test_what_a_slow_ledger_says_is_shown_as_soon_as_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with the next beat of the sensors."""
    monkeypatch.setattr(face, "BEAT_S", 3600.0)
    reader = Reader()
    on = counted(tmp_path, reader)
    async with opened(on) as (app, pilot):
        panel = app.chat.columns.panel
        await send(app, pilot, "one")
        await answered(app, pilot)
        [summary] = on.journal.conversations()
        await app.chat.desk.open("")
        await until(pilot, lambda: panel.readings.costs and panel.readings.costs.chat == "")
        reader.gate.clear()
        await app.chat.desk.open(summary.id)
        await pilot.pause()
        reader.gate.set()
        await until(pilot, lambda: panel.readings.costs and panel.readings.costs.chat == summary.id)


async def test_a_ledger_that_cannot_be_read_is_said_and_the_chat_goes_on(tmp_path: Path) -> None:
    reader = Reader()
    reader.broken = True
    on = counted(tmp_path, reader)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: any("the ledger is damaged" in text for text in toasts(app)))
        await send(app, pilot, "one")
        await answered(app, pilot)
        assert app.chat.desk.turns.readings.costs is None


async def test_the_turn_stays_in_sight_when_the_ledger_is_read_anew(tmp_path: Path) -> None:
    reader = Reader()
    on = counted(tmp_path, reader)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: app.chat.desk.turns.readings.costs)
        await send(app, pilot, "one")
        await answered(app, pilot)
        await until(pilot, lambda: len(reader.asked) > 1)
        await pilot.pause()
        costs = app.chat.desk.turns.readings.costs
        assert costs is not None
        assert costs.turn is not None
        assert costs.turn.turns == 1


async def test_a_turn_that_the_ledger_had_before_its_end_was_seen_is_not_counted_twice(
    tmp_path: Path,
) -> None:
    reader = Reader()
    reader.day = ""
    on = counted(tmp_path, reader, Answer(("a ", "b"), hold=1))
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: app.chat.desk.turns.readings.costs)
        await send(app, pilot, "one")
        await until(pilot, lambda: "a" in screen_text(app))
        # The commit of the turn's end is read before the screen hears of it.
        reader.turns = 1
        await app.chat.desk.counting.read()
        costs = app.chat.desk.turns.readings.costs
        assert costs is not None
        assert costs.turn is None
        on.backend.go.set()
        await answered(app, pilot)
        await until(pilot, lambda: _today(app) == 1)


def _today(app: AssistantApp) -> int | None:
    costs = app.chat.desk.turns.readings.costs
    return costs.today.turns if costs else None


async def test_the_panel_shows_what_today_cost(tmp_path: Path) -> None:
    reader = Reader()
    reader.turns = 2
    on = counted(tmp_path, reader)
    async with opened(on, size=(120, 60)) as (app, pilot):
        await until(pilot, lambda: "Cost EUR" in screen_text(app))
        [row] = [line for line in screen_text(app).splitlines() if "here full" in line]
        assert row.split("here full")[1].split() == ["—", "—", "│"]


@SIZES
def test_picture_of_the_chat_with_its_money(
    snap_compare: Compare,
    tmp_path: Path,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled_surroundings(monkeypatch)

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await send(app, pilot, QUESTION)
        await answered(app, pilot)
        # The stage's records cost nothing: a month in which three turns ran here and one in the cloud.
        month = charged(FIXED, *[LOCAL_CHARGED] * 3, CLOUD_CHARGED, LOCAL_CHARGED)
        turns = app.chat.desk.turns
        turns.readings = replace(turns.readings, costs=month.costs)

    assert picture(snap_compare, stage(tmp_path, told(REPLY)), size, act)

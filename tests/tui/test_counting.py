"""The panel's money in the chat: read from the ledger, folded on, and read anew where another day begins."""

from dataclasses import replace
from pathlib import Path

from assistant.domain.errors import StorageError
from assistant.domain.exchange import Exchange
from assistant.domain.ledger import Totals
from assistant.domain.running_costs import RunningCosts, Scope
from tests.tui.driving import answered, opened, screen_text, send, toasts, until
from tests.tui.fake_services import Answer, Stage, stage

DAY = "2026-11-27"


class Reader:
    """What stands in the ledger: `turns` of this machine on `day`; `asked` are the conversations that it was read for."""

    def __init__(self) -> None:
        self.turns = 0
        self.day = DAY
        self.asked: list[str] = []
        self.broken = False

    def __call__(self, chat: str) -> RunningCosts:
        self.asked.append(chat)
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


async def test_a_ledger_that_cannot_be_read_is_said_and_the_chat_goes_on(tmp_path: Path) -> None:
    reader = Reader()
    reader.broken = True
    on = counted(tmp_path, reader)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: any("the ledger is damaged" in text for text in toasts(app)))
        await send(app, pilot, "one")
        await answered(app, pilot)
        assert app.chat.desk.turns.readings.costs is None


async def test_the_panel_shows_what_today_cost(tmp_path: Path) -> None:
    reader = Reader()
    reader.turns = 2
    on = counted(tmp_path, reader)
    async with opened(on, size=(120, 60)) as (app, pilot):
        await until(pilot, lambda: "Cost EUR" in screen_text(app))
        [row] = [line for line in screen_text(app).splitlines() if "here full" in line]
        assert row.split("here full")[1].split() == ["—", "—", "│"]

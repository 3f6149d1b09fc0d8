"""The account of a turn in the engine: when its meter runs, what its record gets, and that nothing of it fails the turn."""

import asyncio
from contextlib import aclosing
from decimal import Decimal

import pytest

from assistant.conversation.engine import Engine
from assistant.domain.charges import Cost
from assistant.domain.cost_settings import CostSettings
from assistant.domain.errors import EngineError
from assistant.domain.events import Asked, Delta, Finished
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.turns import TurnRecord, Usage
from assistant.ports.accounting import Accounts, Charge, Spent
from tests.conversation.doubles import LOCAL, CountingClock, ListJournal, ScriptedBackend
from tests.conversation.money_doubles import Books, MeterDouble, Prices, quote

ONE = CostSettings(compare=("one:small",))


class Watching:
    """Implements ports.accounting.Accounts; keeps what it was asked, and passes it on."""

    def __init__(self, books: Books) -> None:
        self._accounts = books.accounts()
        self.asked: list[Spent] = []

    def charge(self, spent: Spent) -> Charge:
        self.asked.append(spent)
        return self._accounts.charge(spent)


class Broken:
    def charge(self, spent: Spent) -> Charge:
        raise ValueError("a bug")


def books() -> Books:
    return Books(Prices({("one", "small"): quote("0.09", "0.47")}), ONE)


def engine_of(
    backend: ScriptedBackend, meter: MeterDouble | None = None, accounts: Accounts | None = None
) -> Engine:
    return Engine(
        ListJournal(),
        {backend.route.id: backend},
        CountingClock(),
        "i",
        flush_ms=0,
        meter=(lambda: meter) if meter else None,
        accounts=(lambda: accounts) if accounts else None,
    )


async def ask(engine: Engine, route: str | None = None) -> TurnRecord:
    async with aclosing(engine.send(engine.propose(Prompt("Why?", "talk", None), route))) as events:
        *_, last = [event async for event in events]
    assert isinstance(last, Finished)
    return last.record


async def test_a_record_has_its_cost_its_comparisons_its_day_and_its_attempts() -> None:
    """Hel, lo: 2 tokens; the prompt takes 4. 4 at 0.09 + 2 at 0.47 = 0.36 + 0.94 = 1.3 millionths."""
    meter, accounts = MeterDouble(), Watching(books())
    record = await ask(engine_of(ScriptedBackend(), meter, accounts))
    assert record.cost.total == Decimal("0.000008")
    assert [one.cost for one in record.compared] == [Decimal("0.0000013")]
    assert (record.day, record.attempts) == ("2023-11-14", 1)
    assert meter.log == ["begin cpu", "end cpu"]
    [spent] = accounts.asked
    assert (spent.turn, spent.route, spent.finish) == (record.turn, LOCAL, Finish.STOP)
    assert (spent.left, spent.status, spent.model) == (False, None, "")
    assert spent.usage == record.usage
    assert spent.energy is meter.energy


async def test_without_meter_and_accounts_all_is_unknown() -> None:
    record = await ask(engine_of(ScriptedBackend()))
    assert (record.cost, record.compared, record.day, record.attempts) == (Cost(), (), "", 1)


async def test_a_turn_that_never_had_a_permit_took_no_attempt() -> None:
    failed = ScriptedBackend(load_failure=EngineError("no memory", "free some"))
    record = await ask(engine_of(failed, MeterDouble(), Watching(books())))
    assert (record.finish, record.attempts) == (Finish.FAILED, 0)


async def test_an_engine_that_gave_up_once_took_two_attempts_each_with_its_end_and_its_cost() -> (
    None
):
    """Each attempt is metered by itself, at what one turn takes (0.000008): the turn costs both."""
    meter = MeterDouble()
    record = await ask(engine_of(ScriptedBackend(limits=(None, 900)), meter, Watching(books())))
    assert record.finish is Finish.STOP
    assert record.attempts == 2
    assert meter.log == ["begin cpu", "end cpu", "begin cpu", "end cpu"]
    gave_up, answered = record.tried
    assert (gave_up.finish, gave_up.error) == (Finish.FAILED, "prompt_too_slow")
    assert (answered.finish, answered.error, answered.output_tokens) == (Finish.STOP, "", 2)
    assert (gave_up.cost, answered.cost) == (Decimal("0.000008"), Decimal("0.000008"))
    assert record.cost.total == Decimal("0.000016")
    assert (await ask(engine_of(ScriptedBackend()))).tried == ()


async def test_a_stretch_that_nothing_measured_makes_the_turn_unknown() -> None:
    meter = MeterDouble()
    backend = ScriptedBackend(limits=(None, 900))
    calls = iter([meter])
    engine = Engine(ListJournal(), {"cpu": backend}, CountingClock(), "i", flush_ms=0, meter=lambda: next(calls), accounts=lambda: Watching(books()))  # fmt: skip
    record = await ask(engine)
    assert (record.finish, record.cost) == (Finish.STOP, Cost())


@pytest.mark.parametrize(
    "meter",
    [
        MeterDouble(failure=OSError("no sensor")),
        MeterDouble(end_failure=OSError("it went away")),
        MeterDouble(energy=None),
    ],
)
async def test_a_meter_that_fails_costs_the_figure_and_not_the_turn(meter: MeterDouble) -> None:
    record = await ask(engine_of(ScriptedBackend(), meter, Watching(books())))
    assert (record.finish, record.reply) == (Finish.STOP, "Hello")
    assert record.cost == Cost()
    assert record.compared[0].cost is not None


async def test_accounts_that_fail_cost_the_figures_and_not_the_turn() -> None:
    record = await ask(engine_of(ScriptedBackend(), MeterDouble(), Broken()))
    assert (record.finish, record.reply, record.cost) == (Finish.STOP, "Hello", Cost())
    assert record.usage.output_tokens == 2

    def none() -> Accounts:
        raise OSError("the disk is gone")

    engine = Engine(ListJournal(), {"cpu": ScriptedBackend()}, CountingClock(), "i", accounts=none)
    assert (await ask(engine)).finish is Finish.STOP


async def test_nothing_is_measured_while_a_turn_waits_for_another() -> None:
    gate = asyncio.Event()
    meter = MeterDouble()
    engine = engine_of(ScriptedBackend(gate=gate), meter, Watching(books()))
    first = asyncio.create_task(ask(engine))
    while meter.log != ["begin cpu"]:
        await asyncio.sleep(0)
    second = asyncio.create_task(ask(engine))
    while not engine._locks["cpu"]._waiters:
        await asyncio.sleep(0)
    assert meter.log == ["begin cpu"]
    gate.set()
    await asyncio.gather(first, second)
    assert meter.log == ["begin cpu", "end cpu", "begin cpu", "end cpu"]


async def test_only_what_this_machine_does_is_metered() -> None:
    meter, accounts = MeterDouble(), Watching(books())
    near = Route("den", Place.THIS_NETWORK, "remote", "qwen")
    record = await ask(engine_of(ScriptedBackend(route=near), meter, accounts), "den")
    assert meter.log == []
    assert accounts.asked[0].energy is None
    assert record.compared[0].cost is not None


async def test_a_turn_that_broke_has_the_energy_that_it_took() -> None:
    meter = MeterDouble()
    backend = ScriptedBackend(failure=EngineError("it died", "send again"))
    record = await ask(engine_of(backend, meter, Watching(books())))
    assert record.finish is Finish.FAILED
    assert record.cost.total == Decimal("0.000008")
    assert meter.log == ["begin cpu", "end cpu"]


async def test_a_turn_that_broke_before_its_prompt_was_read_is_nothing_elsewhere() -> None:
    """The prompt has 4 tokens, 4 at 0.09 = 0.36 millionths; with the first word of the reply, 1 at 0.47 more, 0.83."""
    broken = EngineError("it died", "send again")
    for backend, cost in (
        (ScriptedBackend(load_failure=broken), Decimal(0)),
        (ScriptedBackend(pieces=(), failure=broken), Decimal("0.00000036")),
        (ScriptedBackend(pieces=("Hel",), failure=broken), Decimal("0.00000083")),
    ):
        accounts = Watching(books())
        record = await ask(engine_of(backend, None, accounts))
        assert record.finish is Finish.FAILED
        assert [spent.read for spent in accounts.asked] == [cost > 0]
        assert [one.cost for one in record.compared] == [cost]


async def test_who_looks_away_leaves_a_turn_with_its_cost_on_record() -> None:
    gate, meter = asyncio.Event(), MeterDouble()
    engine = engine_of(ScriptedBackend(gate=gate), meter, Watching(books()))
    proposal = engine.propose(Prompt("Why?", "talk", None))
    async with aclosing(engine.send(proposal)) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    journal = engine._journal
    assert isinstance(journal, ListJournal)
    last = journal.events[-1]
    assert isinstance(last, Finished)
    assert last.record.finish is Finish.CANCELLED
    assert last.record.cost.total == Decimal("0.000008")
    assert meter.log == ["begin cpu", "end cpu"]


async def test_a_turn_that_is_stopped_in_the_queue_is_not_measured() -> None:
    gate, meter = asyncio.Event(), MeterDouble()
    engine = engine_of(ScriptedBackend(gate=gate), meter, Watching(books()))
    first = asyncio.create_task(ask(engine))
    while not meter.log:
        await asyncio.sleep(0)
    found: list[TurnRecord] = []
    async with aclosing(engine.send(engine.propose(Prompt("And?", "talk", None)))) as events:
        async for event in events:
            if isinstance(event, Asked):
                await engine.stop(event.turn)
            if isinstance(event, Finished):
                found.append(event.record)
    gate.set()
    await first
    assert (found[0].finish, found[0].usage, found[0].cost) == (Finish.CANCELLED, Usage(), Cost())
    assert meter.log == ["begin cpu", "end cpu"]

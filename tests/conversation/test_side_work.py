"""Work beside the turns: only where nothing runs, ended at once by what does; of it the journal has what it took."""

import asyncio
from decimal import Decimal

import pytest

from assistant.conversation.engine import Engine
from assistant.conversation.side_work import SideWork, Task
from assistant.conversation.stopping import StoppedError
from assistant.domain.charges import Cost
from assistant.domain.cost_settings import CostSettings
from assistant.domain.decisions import Verdict
from assistant.domain.errors import EngineError, RouteError
from assistant.domain.events import Finished
from assistant.domain.places import OWN, Place, Route
from assistant.domain.prompt import ChatMessage, Finish, Prompt, Role, Sampling
from assistant.domain.sensitivity import Label
from assistant.domain.side_work import SideKind, SideWorked
from tests.conversation.doubles import CountingClock, ListJournal, ScriptedBackend
from tests.conversation.money_doubles import Books, MeterDouble, Prices

TASK = Task("c1", (ChatMessage(Role.USER, "name it"),), Label.LOCAL_ONLY, Sampling(max_tokens=9))
NETWORK = Route("den", Place.THIS_NETWORK, OWN, "toy")
OWN_HERE = Route("mine", Place.THIS_MACHINE, OWN, "toy")


def engine_over(*backends: ScriptedBackend) -> tuple[Engine, ListJournal]:
    journal = ListJournal()
    served = {backend.route.id: backend for backend in backends}
    return Engine(journal, served, CountingClock(), "i", flush_ms=0), journal


async def answer(engine: Engine) -> Finished:
    events = [event async for event in engine.send(engine.propose(Prompt("How?", "c1")))]
    assert isinstance(events[-1], Finished)
    return events[-1]


async def test_it_says_what_it_is_asked_with_a_permit_and_without_a_turn() -> None:
    backend = ScriptedBackend(("A ", "title"))
    engine, journal = engine_over(backend)
    async with engine.aside(SideKind.TITLE, "c1") as work:
        assert engine.busy
        assert await work.say(TASK) == "A title"
    [permit] = backend.permits
    assert (permit.decision.verdict, permit.decision.label) == (Verdict.ALLOW, Label.LOCAL_ONLY)
    assert permit.digest == backend.compose(backend.requests[0]).digest
    assert not engine.busy
    [worked] = journal.events
    assert isinstance(worked, SideWorked)
    assert (worked.conversation, worked.kind, worked.route) == ("c1", SideKind.TITLE, backend.route)
    assert (worked.usage.output_tokens, worked.cost) == (2, Cost())


async def test_it_ends_where_enough_is_said() -> None:
    engine, _ = engine_over(ScriptedBackend(("one\n", "two", "three")))
    async with engine.aside(SideKind.TITLE, "c1") as work:
        assert await work.say(TASK, lambda said: "\n" in said) == "one\n"


@pytest.mark.parametrize("route", [NETWORK, OWN_HERE])
async def test_no_other_machine_and_no_server_of_the_person_s_is_asked(route: Route) -> None:
    backend = ScriptedBackend(route=route)
    engine, _ = engine_over(backend)
    with pytest.raises(RouteError, match="no model of this machine"):
        async with engine.aside(SideKind.TITLE, "c1"):
            raise AssertionError("it began")
    assert not backend.requests


async def test_it_does_not_begin_while_a_reply_runs() -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    engine, _ = engine_over(backend)
    turn = asyncio.create_task(answer(engine))
    while not backend.requests:
        await asyncio.sleep(0)
    with pytest.raises(StoppedError):
        async with engine.aside(SideKind.TITLE, "c1"):
            raise AssertionError("it began")
    assert backend.gate
    backend.gate.set()
    assert (await turn).record.finish is Finish.STOP


@pytest.mark.parametrize("held", ["gate", "load_gate"])
async def test_a_send_ends_it_wherever_it_is_and_does_not_wait(held: str) -> None:
    backend = ScriptedBackend()
    never = asyncio.Event()
    setattr(backend, held, never)
    engine, _ = engine_over(backend)
    began = asyncio.Event()

    async def aside() -> str:
        async with engine.aside(SideKind.TITLE, "c1") as work:
            began.set()
            await work.room(9)
            return await work.say(TASK)

    side = asyncio.create_task(aside())
    await began.wait()
    while held == "gate" and not backend.requests:
        await asyncio.sleep(0)
    turn = asyncio.create_task(answer(engine))
    # The gate of the side work is never opened: the turn comes through all the same.
    with pytest.raises(StoppedError):
        await side
    never.set()
    assert (await turn).record.finish is Finish.STOP


async def test_what_breaks_leaves_the_route_to_the_next() -> None:
    backend = ScriptedBackend(failure=EngineError("it died"))
    engine, _ = engine_over(backend)
    with pytest.raises(EngineError):
        async with engine.aside(SideKind.TITLE, "c1") as work:
            await work.say(TASK)
    backend.failure = None
    assert (await answer(engine)).record.reply == "Hello"


async def test_one_at_a_time() -> None:
    engine, _ = engine_over(ScriptedBackend())
    async with engine.aside(SideKind.TITLE, "c1"):
        with pytest.raises(StoppedError):
            async with engine.aside(SideKind.TITLE, "c1"):
                raise AssertionError("two began")


async def test_stopped_before_it_says_anything_it_says_nothing() -> None:
    backend = ScriptedBackend()
    work = SideWork(backend, CountingClock())
    await work.stop()
    with pytest.raises(StoppedError):
        await work.say(TASK)
    assert not backend.requests


async def test_the_program_s_end_ends_it() -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    engine, _ = engine_over(backend)

    async def aside() -> None:
        async with engine.aside(SideKind.TITLE, "c1") as work:
            await work.say(TASK)

    side = asyncio.create_task(aside())
    while not backend.requests:
        await asyncio.sleep(0)
    await engine.close()
    with pytest.raises(StoppedError):
        await side
    assert backend.closed


async def test_what_a_person_asked_for_ends_what_nobody_did() -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    engine, _ = engine_over(backend)

    async def aside() -> None:
        async with engine.aside(SideKind.TITLE, "c1") as work:
            await work.say(TASK)

    side = asyncio.create_task(aside())
    while not backend.requests:
        await asyncio.sleep(0)
    async with engine.aside(SideKind.SUMMARY, "c1", asked=True) as work:
        assert backend.gate
        backend.gate.set()
        assert await work.say(TASK) == "Hello"
    with pytest.raises(StoppedError):
        await side


async def test_what_it_took_is_on_record_also_where_it_gave_way() -> None:
    """One piece came of the reply before a turn ended it: 0.000008 is what the meter and the tariff make of it."""
    backend, meter = ScriptedBackend(gate=asyncio.Event()), MeterDouble()
    journal, accounts = ListJournal(), Books(Prices(), CostSettings(compare=())).accounts()
    engine = Engine(journal, {"cpu": backend}, CountingClock(), "i", flush_ms=0, meter=lambda: meter, accounts=lambda: accounts)  # fmt: skip

    async def aside() -> None:
        async with engine.aside(SideKind.SUMMARY, "c1") as work:
            await work.say(TASK)

    side = asyncio.create_task(aside())
    while not backend.requests:
        await asyncio.sleep(0)
    await engine.give_way()
    with pytest.raises(StoppedError):
        await side
    [worked] = journal.events
    assert isinstance(worked, SideWorked)
    assert (worked.kind, worked.cost.total) == (SideKind.SUMMARY, Decimal("0.000008"))
    assert meter.log == ["begin cpu", "end cpu"]


async def test_where_nothing_was_asked_and_nothing_taken_nothing_is_on_record() -> None:
    engine, journal = engine_over(ScriptedBackend())
    async with engine.aside(SideKind.TITLE, "c1") as work:
        await work.room(9)
    assert not journal.events


async def test_what_was_said_in_several_parts_is_added_up() -> None:
    engine, journal = engine_over(ScriptedBackend())
    async with engine.aside(SideKind.SUMMARY, "c1") as work:
        await work.say(TASK)
        await work.say(TASK)
    [worked] = journal.events
    assert isinstance(worked, SideWorked)
    assert worked.usage.output_tokens == 4


async def test_a_journal_that_takes_nothing_costs_the_figure_and_not_the_work() -> None:
    engine, journal = engine_over(ScriptedBackend())
    journal.refuse = lambda _event: True
    async with engine.aside(SideKind.TITLE, "c1") as work:
        assert await work.say(TASK) == "Hello"
    assert not journal.events

"""Which route a prompt takes, and what happens where that route is another one, is gone, or reads too slowly."""

import asyncio
from dataclasses import replace

import pytest

from assistant.conversation.engine import Engine
from assistant.domain.decisions import Verdict
from assistant.domain.errors import ModelError, RouteError, UsageError
from assistant.domain.events import Finished, Permitted, Progress, Stage, Trimmed
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.sensitivity import Label
from tests.conversation.doubles import CountingClock, ListJournal, ScriptedBackend

HAT = Route("hat", Place.THIS_MACHINE, "hailo-ollama", "qwen")
CPU = Route("cpu", Place.THIS_MACHINE, "llama", "toy")
ATTIC = Route("attic", Place.THIS_NETWORK, "remote", "big")
PROMPT = Prompt("How are you?", "c1", system="be brief")


def engine_over(*backends: ScriptedBackend) -> tuple[Engine, ListJournal]:
    journal = ListJournal()
    by_route = {backend.route.id: backend for backend in backends}
    return Engine(journal, by_route, CountingClock(), "i", flush_ms=0), journal


async def finished(engine: Engine, prompt: Prompt, route: str | None = None) -> Finished:
    events = [event async for event in engine.send(engine.propose(prompt, route))]
    assert isinstance(events[-1], Finished)
    return events[-1]


async def test_the_first_of_this_machine_is_the_default_and_never_another_place() -> None:
    attic, hat, cpu = (ScriptedBackend(route=route) for route in (ATTIC, HAT, CPU))
    engine, _ = engine_over(attic, hat, cpu)
    assert engine.default == HAT
    assert engine.propose(PROMPT).route == HAT
    alone, _ = engine_over(attic)
    assert alone.default is None
    with pytest.raises(ModelError):
        alone.propose(PROMPT)
    assert alone.propose(PROMPT, "attic").decision.verdict is Verdict.ALLOW


async def test_a_conversation_stays_where_it_is_pinned_until_it_is_not() -> None:
    hat, cpu = ScriptedBackend(route=HAT), ScriptedBackend(route=CPU)
    engine, _ = engine_over(hat, cpu)
    await engine.pin("c1", "cpu")
    assert (await finished(engine, PROMPT)).record.route == CPU
    assert engine.propose(PROMPT, "hat").route == HAT
    await engine.prefill(PROMPT)
    assert (len(hat.prefilled), len(cpu.prefilled)) == (0, 1)
    await engine.pin("c1", "")
    assert engine.propose(PROMPT).route == HAT
    with pytest.raises(UsageError, match="no route 'moon'"):
        await engine.pin("c1", "moon")


async def test_nothing_is_read_ahead_on_another_machine() -> None:
    attic = ScriptedBackend(route=ATTIC)
    engine, _ = engine_over(attic)
    await engine.pin("c1", "attic")
    await engine.prefill(PROMPT)
    assert not attic.prefilled


async def test_local_only_text_does_not_go_to_another_machine() -> None:
    attic = ScriptedBackend(route=ATTIC)
    engine, journal = engine_over(attic)
    end = await finished(engine, replace(PROMPT, label=Label.LOCAL_ONLY), "attic")
    assert end.record.error is not None
    assert end.record.error.code == "refused"
    assert not attic.requests
    assert not any(isinstance(event, Permitted) for event in journal.events)


async def test_a_route_that_nobody_declared_is_refused() -> None:
    typed = replace(ATTIC, place=Place.CLOUD, declared=False)
    engine, _ = engine_over(ScriptedBackend(route=typed))
    decision = engine.propose(PROMPT, "attic").decision
    assert decision.verdict is Verdict.DENY
    assert [reason.code for reason in decision.reasons] == ["undeclared"]


async def test_what_failed_here_may_go_elsewhere_on_this_machine_alone() -> None:
    engine, _ = engine_over(*(ScriptedBackend(route=route) for route in (ATTIC, HAT, CPU)))
    assert engine.alternative(HAT) == CPU
    assert engine.alternative(CPU) == HAT
    assert engine.alternative(ATTIC) is None
    alone, _ = engine_over(ScriptedBackend(route=HAT), ScriptedBackend(route=ATTIC))
    assert alone.alternative(HAT) is None


async def test_other_backends_take_over_and_only_those_that_go_are_closed() -> None:
    hat, cpu = ScriptedBackend(route=HAT), ScriptedBackend(route=CPU)
    engine, _ = engine_over(hat, cpu)
    await engine.use_backends({"cpu": cpu}, {"hat": "hailo-ollama is not running"})
    assert (hat.closed, cpu.closed) == (True, False)
    assert engine.default == CPU
    with pytest.raises(RouteError, match="hat: hailo-ollama is not running"):
        engine.propose(PROMPT, "hat")


async def test_a_turn_that_hangs_holds_up_nobody_and_its_backend_ends_with_it() -> None:
    hat, cpu = ScriptedBackend(route=HAT, gate=asyncio.Event()), ScriptedBackend(route=CPU)
    engine, _ = engine_over(hat, cpu)
    hanging = asyncio.create_task(finished(engine, PROMPT))
    while not hat.requests:
        await asyncio.sleep(0)
    await engine.use_backends({"cpu": cpu}, {"hat": "hailo-ollama gave no answer"})
    assert not hat.closed
    assert (await finished(engine, PROMPT)).record.route == CPU
    assert hat.gate is not None
    hat.gate.set()
    assert (await hanging).record.reply == "Hello"
    while not hat.closed:
        await asyncio.sleep(0)


async def test_a_backend_whose_turn_hangs_is_closed_with_the_engine() -> None:
    hat = ScriptedBackend(route=HAT, gate=asyncio.Event())
    engine, _ = engine_over(hat)
    hanging = asyncio.create_task(finished(engine, PROMPT))
    while not hat.requests:
        await asyncio.sleep(0)
    await engine.use_backends({})
    await engine.close()
    assert hat.closed
    assert (await hanging).record.finish is Finish.CANCELLED


async def test_routes_that_only_who_names_them_gets_are_no_default() -> None:
    engine, _ = engine_over()
    await engine.use_backends({"hat": ScriptedBackend(route=HAT)}, {"hat": "hat.use is off"})
    assert engine.default is None
    assert engine.propose(PROMPT, "hat").route == HAT


async def test_a_prompt_that_is_read_too_slowly_is_sent_once_more_with_less() -> None:
    hat = ScriptedBackend(route=HAT, limits=(200, 30))
    engine, journal = engine_over(hat)
    parent = None
    for turn in range(3):
        parent = await _answered(engine, journal, f"{turn} " + "word " * 15, parent)
    hat.requests.clear()
    end = await finished(engine, replace(PROMPT, parent=parent))
    assert (end.record.finish, end.record.reply) == (Finish.STOP, "Hello")
    first, second = hat.requests
    assert len(second.messages) < len(first.messages)
    turns = [e for e in journal.events if isinstance(e, Permitted) and e.turn == end.turn]
    assert len({permit.digest for permit in turns}) == 2
    assert any(isinstance(e, Trimmed) and e.turn == end.turn for e in journal.events)


async def _answered(engine: Engine, journal: ListJournal, text: str, parent: str | None) -> str:
    await finished(engine, replace(PROMPT, text=text, parent=parent))
    return journal._messages()[-1].id


async def test_a_prompt_that_stays_too_slow_fails_and_says_so() -> None:
    engine, _ = engine_over(ScriptedBackend(route=HAT, limits=(100, 90, 80)))
    end = await finished(engine, PROMPT)
    assert end.record.error is not None
    assert end.record.error.code == "prompt_too_slow"


async def test_the_stages_that_a_server_goes_through_are_timed_and_told() -> None:
    stages = (Stage.CONNECT, Stage.LOAD, Stage.PREFILL)
    engine, _ = engine_over(ScriptedBackend(route=HAT, stages=stages))
    events = [event async for event in engine.send(engine.propose(PROMPT))]
    told = [event.stage for event in events if isinstance(event, Progress)]
    assert told[-4:-1] == list(stages)
    assert isinstance(events[-1], Finished)
    assert events[-1].record.latency_ms.connect is not None

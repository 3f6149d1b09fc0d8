"""The engine's promises: recorded before shown, one Finished always, nothing lost on the way."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from assistant.conversation.engine import Engine
from assistant.conversation.running import Running
from assistant.domain.decisions import Verdict
from assistant.domain.errors import EngineError, ModelError, StorageError, UsageError
from assistant.domain.events import (
    Asked,
    Decided,
    Delta,
    Finished,
    Permitted,
    Progress,
    Stage,
    Trimmed,
    TurnEvent,
)
from assistant.domain.places import Place, Route
from assistant.domain.policy import decide
from assistant.domain.prompt import ChatMessage, Finish, Prompt, Role, Sampling
from assistant.domain.sensitivity import Label
from tests.conversation.doubles import LOCAL, CountingClock, ListJournal, ScriptedBackend

PROMPT = Prompt("How are you?", "c1", system="be brief")


def engine_over(
    backend: ScriptedBackend, journal: ListJournal | None = None, flush_ms: float = 0
) -> tuple[Engine, ListJournal]:
    kept = journal or ListJournal()
    return Engine(kept, {backend.route.id: backend}, CountingClock(), "i", flush_ms=flush_ms), kept


async def ask(engine: Engine, prompt: Prompt) -> tuple[list[TurnEvent | Progress], Finished]:
    events = [event async for event in engine.send(engine.propose(prompt))]
    last = events[-1]
    assert isinstance(last, Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    return events, last


async def test_a_turn_in_order_and_every_event_recorded_before_it_is_seen() -> None:
    backend = ScriptedBackend()
    engine, journal = engine_over(backend)
    seen: list[type] = []
    async with aclosing(engine.send(engine.propose(PROMPT))) as events:
        async for event in events:
            if not isinstance(event, Progress):
                assert event in journal.events
                seen.append(type(event))
    assert seen == [Asked, Decided, Permitted, Delta, Delta, Finished]
    [request], [permit] = backend.requests, backend.permits
    assert request.messages == (
        ChatMessage(Role.SYSTEM, "be brief"),
        ChatMessage(Role.USER, "How are you?"),
    )
    assert permit.route == "cpu"
    assert len(permit.digest) == 64


async def test_the_record_says_all() -> None:
    engine, _ = engine_over(ScriptedBackend())
    _, finished = await ask(engine, PROMPT)
    record = finished.record
    assert (record.reply, record.finish, record.error) == ("Hello", Finish.STOP, None)
    assert record.usage.input_tokens == 11
    assert record.usage.output_tokens == 2
    assert record.usage.context_tokens == 13
    assert record.latency_ms.first_token is not None
    assert record.latency_ms.total is not None
    assert record.latency_ms.first_token <= record.latency_ms.total
    assert record.decision.rule == "local"


async def test_stages_are_announced_in_order() -> None:
    engine, _ = engine_over(ScriptedBackend())
    events, _ = await ask(engine, PROMPT)
    stages = [event.stage for event in events if isinstance(event, Progress)]
    assert stages == [Stage.QUEUE, Stage.LOAD, Stage.PREPARE, Stage.PREFILL, Stage.PREFILL]


async def test_an_engine_that_dies_leaves_what_had_arrived() -> None:
    backend = ScriptedBackend(failure=EngineError("the worker died", "ask again"))
    engine, journal = engine_over(backend, flush_ms=10_000)
    _, finished = await ask(engine, PROMPT)
    assert finished.record.finish is Finish.FAILED
    assert finished.record.reply == "Hello" == journal.text()
    assert finished.record.error is not None
    assert finished.record.error.line() == "engine: the worker died (ask again)"
    backend.failure = None
    _, second = await ask(engine, PROMPT)
    assert second.record.finish is Finish.STOP


async def test_a_bug_in_a_backend_ends_on_record_too(caplog: pytest.LogCaptureFixture) -> None:
    engine, _ = engine_over(ScriptedBackend(failure=ZeroDivisionError("oops")))
    _, finished = await ask(engine, PROMPT)
    assert finished.record.error is not None
    assert finished.record.error.code == "internal"
    assert "oops" in caplog.text


async def test_a_model_that_cannot_load_fails_the_turn() -> None:
    engine, _ = engine_over(ScriptedBackend(load_failure=ModelError("the file is cut short")))
    _, finished = await ask(engine, PROMPT)
    assert finished.record.error is not None
    assert finished.record.error.code == "model"
    assert finished.record.latency_ms.first_token is None


async def test_stop_while_streaming_keeps_the_partial_text() -> None:
    backend = ScriptedBackend(pieces=("a", "b", "c"), gate=asyncio.Event())
    engine, journal = engine_over(backend)
    finish = None
    async for event in engine.send(engine.propose(PROMPT)):
        if isinstance(event, Delta):
            await engine.stop(event.turn)
        if isinstance(event, Finished):
            finish = event.record.finish
    assert finish is Finish.CANCELLED
    assert journal.text() == "a"


async def test_stop_while_loading_does_not_wait_for_the_model() -> None:
    backend = ScriptedBackend(load_gate=asyncio.Event())
    engine, _ = engine_over(backend)
    finish = None
    async for event in engine.send(engine.propose(PROMPT)):
        if isinstance(event, Progress) and event.stage is Stage.LOAD:
            await engine.stop(event.turn)
        if isinstance(event, Finished):
            finish = event.record.finish
    assert finish is Finish.CANCELLED
    assert not backend.requests
    assert backend.load_gate
    backend.load_gate.set()
    _, finished = await ask(engine, PROMPT)
    assert finished.record.finish is Finish.STOP


async def test_two_turns_queue_and_a_stopped_one_frees_its_place() -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    engine, _ = engine_over(backend)
    first = asyncio.create_task(ask(engine, PROMPT))
    while not backend.requests:
        await asyncio.sleep(0)
    second = asyncio.create_task(ask(engine, replace(PROMPT, conversation="c2")))
    third_turn = ""
    async for event in engine.send(engine.propose(replace(PROMPT, conversation="c3"))):
        if isinstance(event, Progress):
            third_turn = event.turn
            await engine.stop(third_turn)
    assert third_turn
    assert len(backend.requests) == 1
    assert backend.gate
    backend.gate.set()
    _, finished = await first
    assert finished.record.finish is Finish.STOP
    _, finished = await second
    assert finished.record.finish is Finish.STOP
    assert finished.record.latency_ms.queue is not None


async def test_closing_the_stream_records_a_cancelled_turn() -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    engine, journal = engine_over(backend)
    async with aclosing(engine.send(engine.propose(PROMPT))) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    last = journal.events[-1]
    assert isinstance(last, Finished)
    assert last.record.finish is Finish.CANCELLED
    assert last.record.reply == "Hel"
    assert backend.gate
    backend.gate.set()
    _, finished = await ask(engine, PROMPT)
    assert finished.record.finish is Finish.STOP


async def test_nothing_is_sent_where_the_prompt_cannot_be_recorded() -> None:
    backend = ScriptedBackend()
    engine, _ = engine_over(backend, ListJournal(refuse=lambda event: isinstance(event, Asked)))
    with pytest.raises(StorageError):
        await ask(engine, PROMPT)
    assert not backend.requests


async def test_text_that_cannot_be_recorded_is_not_shown() -> None:
    journal = ListJournal(refuse=lambda event: isinstance(event, Delta) and event.text == "lo")
    engine, _ = engine_over(ScriptedBackend(), journal)
    events, finished = await ask(engine, PROMPT)
    assert [event.text for event in events if isinstance(event, Delta)] == ["Hel"]
    assert finished.record.finish is Finish.FAILED
    assert finished.record.error is not None
    assert finished.record.error.code == "storage"


async def test_an_end_that_cannot_be_recorded_is_said() -> None:
    journal = ListJournal(refuse=lambda event: isinstance(event, Finished))
    engine, _ = engine_over(ScriptedBackend(), journal)
    _, finished = await ask(engine, PROMPT)
    assert finished.record.finish is Finish.FAILED
    assert finished.record.error is not None
    assert finished.record.error.code == "storage"


async def test_a_conversation_goes_on_and_labels_join() -> None:
    backend = ScriptedBackend()
    engine, journal = engine_over(backend)
    events, _ = await ask(engine, replace(PROMPT, label=Label.LOCAL_ONLY))
    reply = next(event.reply for event in events if isinstance(event, Asked))
    _, second = await ask(engine, replace(PROMPT, text="And now?", parent=reply))
    assert [message.text for message in backend.requests[-1].messages] == [
        "be brief",
        "How are you?",
        "Hello",
        "And now?",
    ]
    assert second.record.decision.label is Label.LOCAL_ONLY
    assert [message.label for message in journal.path(reply)] == [Label.LOCAL_ONLY] * 2


async def test_the_kept_path_is_the_journals_own() -> None:
    backend = ScriptedBackend(pieces=("a", "b"), failure=EngineError("the worker died"))
    engine, journal = engine_over(backend)
    events, _ = await ask(engine, PROMPT)
    reply = next(event.reply for event in events if isinstance(event, Asked))
    proposal = engine.propose(replace(PROMPT, parent=reply))
    assert proposal.path == tuple(journal.path(reply))


async def test_a_reply_that_another_window_still_writes_is_read_again() -> None:
    engine, journal = engine_over(ScriptedBackend())
    other, _ = engine_over(ScriptedBackend(pieces=("all", " of it")), journal)
    async with aclosing(other.send(other.propose(PROMPT))) as events:
        async for event in events:
            if isinstance(event, Asked):
                later = replace(PROMPT, parent=event.reply)
            assert later.parent is not None
            engine.propose(later)
    assert engine.propose(later).path[-1].text == "all of it"


@pytest.mark.parametrize("ticks", range(6))
async def test_who_gives_up_waiting_leaves_the_backend_to_the_others(ticks: int) -> None:
    lock, clock = asyncio.Lock(), CountingClock()
    running = Running(ListJournal(), ScriptedBackend(), clock, lock, 0)
    running.ask(PROMPT, (), "own", "i")
    running.carry(decide("d", LOCAL, Label.NORMAL), None)

    async def follow() -> list[TurnEvent | Progress]:
        async with aclosing(running.events()) as events:
            return [event async for event in events]

    await lock.acquire()
    waiting = asyncio.create_task(follow())
    while not lock._waiters:
        await asyncio.sleep(0)
    lock.release()
    for _ in range(ticks):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    async with asyncio.timeout(5):
        await lock.acquire()


async def test_a_long_conversation_is_trimmed_once_and_says_so() -> None:
    backend = ScriptedBackend(pieces=("w " * 40,), window_tokens=260)
    engine, journal = engine_over(backend)
    parent: str | None = None
    trims = 0
    for _ in range(8):
        prompt = replace(PROMPT, text="q " * 20, parent=parent, sampling=Sampling(max_tokens=60))
        events, finished = await ask(engine, prompt)
        assert finished.record.finish is Finish.STOP
        parent = next(event.reply for event in events if isinstance(event, Asked))
        trims += sum(isinstance(event, Trimmed) for event in events)
        assert backend.requests[-1].messages[0].role is Role.SYSTEM
    assert 0 < trims < 6
    assert sum(isinstance(event, Trimmed) for event in journal.events) == trims


async def test_the_cloud_is_not_allowed() -> None:
    cloud = replace(LOCAL, place=Place.CLOUD, id="far")
    backend = ScriptedBackend(route=cloud)
    engine, journal = engine_over(backend)
    proposal = engine.propose(PROMPT, "far")
    assert proposal.decision.verdict is Verdict.DENY
    last = [event async for event in engine.send(proposal)][-1]
    assert isinstance(last, Finished)
    assert last.record.error is not None
    assert last.record.error.code == "refused"
    assert not backend.requests
    assert not any(isinstance(event, Permitted) for event in journal.events)


async def test_bad_requests_are_named() -> None:
    engine, _ = engine_over(ScriptedBackend())
    with pytest.raises(UsageError, match="empty"):
        engine.propose(replace(PROMPT, text=" \n"))
    with pytest.raises(UsageError, match="no route 'moon'"):
        engine.propose(PROMPT, "moon")
    await engine.use_backends({})
    with pytest.raises(ModelError, match="no model is installed"):
        engine.propose(PROMPT)
    assert engine.routes == []


async def test_prefill_gives_what_is_typed_and_leaves_a_busy_backend_alone() -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    engine, _ = engine_over(backend)
    await engine.prefill(PROMPT)
    [request] = backend.prefilled
    assert request.messages[-1] == ChatMessage(Role.USER, "How are you?")
    busy = asyncio.create_task(ask(engine, PROMPT))
    while not backend.requests:
        await asyncio.sleep(0)
    await engine.prefill(PROMPT)
    assert len(backend.prefilled) == 1
    assert backend.gate
    backend.gate.set()
    await busy


async def test_delete_forgets_and_restore_undoes() -> None:
    backend = ScriptedBackend()
    engine, journal = engine_over(backend)
    conversation = await engine.start_conversation("be brief", "A title")
    await engine.rename(conversation, "Another")
    await engine.delete(conversation)
    await engine.restore(conversation)
    await engine.close()
    assert backend.forgotten == [conversation]
    assert len(journal.events) == 4
    assert Route("cpu", Place.THIS_MACHINE, "llama", "toy") in engine.routes


async def test_closing_lets_a_stopped_turn_end_on_record() -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    engine, journal = engine_over(backend)
    busy = asyncio.create_task(ask(engine, PROMPT))
    while not backend.requests:
        await asyncio.sleep(0)
    await engine.close()
    last = journal.events[-1]
    assert isinstance(last, Finished)
    assert last.record.finish is Finish.CANCELLED
    await busy

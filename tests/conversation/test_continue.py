"""A reply that goes on from an earlier one is whole, on record from its first piece, and counts only what is new."""

from dataclasses import replace

import pytest

from assistant.conversation.engine import Engine
from assistant.domain.errors import EngineError, PromptTooLongError, UsageError
from assistant.domain.events import Delta, Finished, Progress, Stage, TurnEvent
from assistant.domain.places import Place
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.readings import Readings, fold
from tests.conversation.doubles import LOCAL, CountingClock, ListJournal, ScriptedBackend

BEGUN = "<think>\nA hen? No.\n</think>\nThe fox"
PROMPT = Prompt("Tell me of a fox.", "c1", continues=BEGUN)


async def told(backend: ScriptedBackend, prompt: Prompt = PROMPT) -> list[TurnEvent | Progress]:
    engine = Engine(ListJournal(), {backend.route.id: backend}, CountingClock(), "i", flush_ms=0)
    return [event async for event in engine.send(engine.propose(prompt, backend.route.id))]


def over(events: list[TurnEvent | Progress]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


async def test_the_old_text_is_the_first_piece_and_took_no_tokens() -> None:
    backend = ScriptedBackend(pieces=(" ran", " away."), goes_on=True)
    events = await told(backend)
    deltas = [event for event in events if isinstance(event, Delta)]
    assert (deltas[0].text, deltas[0].tokens, deltas[0].output_tokens) == (BEGUN, 0, 0)
    record = over(events).record
    assert record.reply == f"{BEGUN} ran away."
    assert record.usage.output_tokens == 2
    [request] = backend.requests
    assert request.continues == BEGUN
    assert [m.text for m in request.messages] == ["Tell me of a fox."]


async def test_the_wait_for_the_first_new_token_is_what_is_timed() -> None:
    backend, readings, stages = ScriptedBackend(goes_on=True), Readings(), []
    for at_ms, event in enumerate(await told(backend)):
        readings = fold(readings, event, float(at_ms))
        stages.append(readings.current.stage if readings.current else None)
    assert stages.index(Stage.PREFILL) < stages.index(Stage.DECODE)


async def test_an_engine_that_dies_at_once_leaves_what_there_was() -> None:
    failure = EngineError("the worker died", "send again")
    events = await told(ScriptedBackend(pieces=(), failure=failure, goes_on=True))
    record = over(events).record
    assert (record.finish, record.reply) == (Finish.FAILED, BEGUN)


async def test_only_who_can_is_asked() -> None:
    with pytest.raises(UsageError, match="anew"):
        await told(ScriptedBackend(goes_on=False))
    away = replace(LOCAL, place=Place.THIS_NETWORK)
    with pytest.raises(UsageError, match="anew"):
        await told(ScriptedBackend(goes_on=True, route=away))
    journal = ListJournal()
    backends = {
        "here": ScriptedBackend(goes_on=True, route=replace(LOCAL, id="here")),
        "away": ScriptedBackend(goes_on=True, route=replace(away, id="away")),
        "anew": ScriptedBackend(route=replace(LOCAL, id="anew")),
    }
    engine = Engine(journal, backends, CountingClock(), "i")
    assert [engine.continues(name) for name in (*backends, "gone")] == [True, False, False, False]
    assert journal.events == []


async def test_what_there_is_counts_in_the_window() -> None:
    backend = ScriptedBackend(goes_on=True, window_tokens=120)
    events = await told(backend, replace(PROMPT, continues="word " * 200))
    record = over(events).record
    assert record.error is not None
    assert record.error.code == PromptTooLongError.code
    assert backend.requests == []

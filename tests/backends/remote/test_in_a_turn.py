"""Whole turns over the wire: what a refusal keeps, what is sent again with less, and what never leaves."""

from assistant.backends.remote.client import RemoteBackend
from assistant.conversation.engine import Engine
from assistant.domain.events import Asked, Finished, Permitted, Trimmed
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.sensitivity import Label
from assistant.domain.turns import TurnRecord
from assistant.machine.clock import SystemClock
from tests.backends.remote.scripted import CHAT, Scripted, answer, backend, delta, stream
from tests.conversation.doubles import ListJournal

WHOLE = stream(delta("Once"), delta("", "stop"), "[DONE]")
ELSEWHERE = {"remote_host": "https://cloud.example"}


def engine_over(made: RemoteBackend) -> tuple[Engine, ListJournal]:
    journal = ListJournal()
    return Engine(journal, {made.route.id: made}, SystemClock(), "i", flush_ms=0), journal


def reply_id(journal: ListJournal, record: TurnRecord) -> str:
    """The message that the next prompt follows."""
    asked = [event for event in journal.events if isinstance(event, Asked)]
    return next(event.reply for event in asked if event.turn == record.turn)


async def turn(engine: Engine, prompt: Prompt) -> TurnRecord:
    events = [event async for event in engine.send(engine.propose(prompt, "gpu"))]
    last = events[-1]
    assert isinstance(last, Finished)
    return last.record


async def test_a_reply_from_elsewhere_ends_refused_and_keeps_what_came() -> None:
    async with Scripted({CHAT: stream(delta("Once"), delta(" upon", **ELSEWHERE))}) as server:
        engine, _ = engine_over(backend(server.port))
        record = await turn(engine, Prompt("Tell.", "c1"))
    assert (record.reply, record.finish) == ("Once", Finish.FAILED)
    assert record.error is not None
    assert record.error.code == "refused"


async def test_times_are_of_connect_and_first_token() -> None:
    async with Scripted({CHAT: WHOLE}) as server:
        engine, _ = engine_over(backend(server.port))
        latency = (await turn(engine, Prompt("Tell.", "c1"))).latency_ms
    assert latency.connect is not None
    assert latency.first_token is not None
    assert 0 < latency.connect < latency.first_token


async def test_a_prompt_called_too_long_is_sent_once_more_with_less() -> None:
    too_long = answer({"error": {"type": "exceed_context_size_error"}}, "400 Bad Request")
    async with Scripted({CHAT: WHOLE}) as server:
        engine, journal = engine_over(backend(server.port))
        parent = None
        for _ in range(4):
            record = await turn(engine, Prompt("Tell me more of it. " * 20, "c1", parent))
            parent = reply_id(journal, record)
        chats = server.asked.count(CHAT)
        server.scripts[CHAT] = too_long
        record = await turn(engine, Prompt("And then?", "c1", parent))
        assert server.asked.count(CHAT) == chats + 2
        bodies = [len(each.body) for each in server.requests if each.path.endswith("completions")]
    assert bodies[-1] < bodies[-2]
    last = [event for event in journal.events if getattr(event, "turn", "") == record.turn]
    assert sum(isinstance(event, Permitted) for event in last) == 2
    assert sum(isinstance(event, Trimmed) for event in last) == 1
    assert record.error is not None
    assert "too long" in record.error.message


async def test_undeclared_and_local_only_leave_nothing() -> None:
    async with Scripted({CHAT: WHOLE}) as server:
        engine, _ = engine_over(backend(server.port, declared=False))
        refused = [await turn(engine, Prompt("canary", "c1"))]
        engine, _ = engine_over(backend(server.port))
        refused.append(await turn(engine, Prompt("canary", "c1", label=Label.LOCAL_ONLY)))
        assert server.requests == []
    for record in refused:
        assert record.finish is Finish.FAILED
        assert record.error is not None
        assert record.error.code == "refused"

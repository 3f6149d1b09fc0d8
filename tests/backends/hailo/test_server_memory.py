"""What the device holds never falls out of step with what the transcript shows, whatever happens in whatever order."""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assistant.backends.hailo.server import HailoServer
from assistant.domain.errors import AssistantError
from assistant.domain.prompt import ChatMessage
from assistant.ports import Done, Generation, Text, Waiting
from tests.backends.hailo.server_rig import (
    DIALECTS,
    MODEL,
    OTHER,
    SYSTEM,
    backend_of,
    said,
    server_of,
    stream,
    turn,
    user,
)
from tests.standins.hailo_ollama import HailoOllama

TURNS = 30
SEEDS = (1, 2, 22)
"""With the last one, two wordings of the system message are not enough."""
REPLY = 'one "two" three\nfour five C:\\six'
FAULTS = ("500", "load", "drop:2", "no-done:2", "bad-line:2", "stall:1", "no-headers", "busy:0:1")


@dataclass
class Talk:
    """Two conversations over one server, as the journal and the screen would have them."""

    server: HailoOllama
    state: Path
    chance: random.Random
    backends: dict[str, HailoServer] = field(default_factory=dict)
    talks: dict[str, list[ChatMessage]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    async def take(self, number: int) -> None:
        """One turn: whole, stopped, left, or broken by a fault; with either model, in either conversation."""
        talk = self.talks.setdefault(self.chance.choice("ab"), [SYSTEM])
        model = self.chance.choice((MODEL, MODEL, MODEL, OTHER))
        if self.chance.random() < 0.1:
            self.backends.clear()
        backend = self.backends.setdefault(model, backend_of(self.server, self.state, model))
        what = self.chance.choice(("whole", "whole", "stop", "leave", "fault", "again"))
        question = user(f"question {number}")
        if what == "again" and len(talk) > 2:
            question = talk[-2]
            del talk[-2:]
        reply = await getattr(self, f"_{what}")(backend, turn(*talk, question, name=f"t{number}"))
        self.log.append(f"{number} {model} {what}: {reply!r}")
        if reply:
            talk += [question, said(reply)]

    async def _whole(self, backend: HailoServer, request: Generation) -> str:
        text = ""
        async for event in stream(backend, request):
            text += event.text if isinstance(event, Text) else ""
        return text

    _again = _whole

    async def _stop(self, backend: HailoServer, request: Generation) -> str:
        """At a random moment: while the model loads, while the prompt is read, in the middle of the text."""
        text, at = "", self.chance.randrange(5)
        async for event in stream(backend, request):
            text += event.text if isinstance(event, Text) else ""
            at -= 1
            if at < 0 and not isinstance(event, Done):
                await backend.stop(request.id)
        return text

    async def _leave(self, backend: HailoServer, request: Generation) -> str:
        text, at = "", self.chance.randrange(5)
        events = stream(backend, request)
        async for event in events:
            text += event.text if isinstance(event, Text) else ""
            at -= 1
            if at < 0:
                break
        if isinstance(event, Waiting):
            await asyncio.sleep(self.chance.random() * 0.01)
        await events.aclose()
        return text

    async def _fault(self, backend: HailoServer, request: Generation) -> str:
        name, *numbers = self.chance.choice(FAULTS).split(":")
        if name in ("load", "busy"):
            self.server.chat.context.reset()
        at = float(numbers[0]) if numbers else 0
        self.server.faults.add(name, at, 1)
        text = ""
        try:
            async for event in stream(backend, request):
                text += event.text if isinstance(event, Text) else ""
        except AssistantError:
            self.server.faults.clear()
        return text


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("profile", DIALECTS)
async def test_thirty_turns_in_random_order(profile: str, seed: int, tmp_path: Path) -> None:
    async with server_of(profile, reply=REPLY, load_s=0.2, time_scale=0.003) as server:
        talk = Talk(server, tmp_path, random.Random(seed))
        for number in range(TURNS):
            await talk.take(number)
            astray = [e for e in server.generations() if e.in_step is False]
            assert not astray, "\n".join([*talk.log, str(astray[0].sent), str(astray[0].seen)])
        async with server.chat.lock:
            assert not server.crashed.is_set(), "\n".join(talk.log)
        assert len(server.generations()) > TURNS / 2


async def test_two_failures_in_a_row_do_not_lead_back_to_the_older_memory(tmp_path: Path) -> None:
    """5.3 clears the device and keeps its history where a reply fails to begin: a second wording alone would match it."""
    async with server_of("5.3.0", reply=REPLY) as server:
        talk = Talk(server, tmp_path, random.Random(0))
        backend = backend_of(server, tmp_path)
        reply = await talk._whole(backend, turn(SYSTEM, user("hello")))
        for _ in range(2):
            server.faults.add("500")
            with pytest.raises(AssistantError):
                await talk._whole(backend, turn(SYSTEM, user("hello"), said(reply), user("more")))
            await talk._whole(
                backend, turn(SYSTEM, user("hello"), said(reply), user("more"), name="t2")
            )
            assert server.generations()[-1].in_step


async def test_stops_before_the_server_saw_anything(tmp_path: Path) -> None:
    """Requests that never begin, many in a row, and the conversation goes on in step after each."""
    async with server_of("5.3.0", reply=REPLY, load_s=0.1) as server:
        backend = backend_of(server, tmp_path)
        talk = Talk(server, tmp_path, random.Random(0))
        reply = await talk._whole(backend, turn(SYSTEM, user("hello")))
        for number in range(12):
            events = stream(
                backend, turn(SYSTEM, user("hello"), said(reply), user(f"never {number}"))
            )
            await anext(events)
            await events.aclose()
        await talk._whole(backend, turn(SYSTEM, user("hello"), said(reply), user("more")))
        assert server.generations()[-1].in_step

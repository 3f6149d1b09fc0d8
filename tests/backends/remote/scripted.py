"""A server on loopback whose answers are written byte by byte, and the pieces that many of them are made of."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from assistant.backends.remote.client import RemoteBackend
from assistant.domain.places import Address, Place, Route
from assistant.domain.prompt import ChatMessage, Role, Sampling
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports import BackendEvent, Done, Generation, Patience, Text
from tests.fakes import generate
from tests.standins.hailo_http import Request, read_request

CHAT = "POST /v1/chat/completions"
MODEL = "m"
SSE = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

Write = Callable[[asyncio.StreamWriter], Awaitable[None]]


def raw(*parts: str | bytes) -> Write:
    """Writes `parts`, each by itself, and closes."""

    async def write(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part.encode() if isinstance(part, str) else part)
            await writer.drain()

    return write


def answer(body: object, status: str = "200 OK", more: str = "") -> Write:
    """One JSON answer; `more` are further header lines."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if text.startswith("<") else "application/json"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Connection: close\r\n\r\n"
    return raw(head + text)


def stream(*payloads: object) -> Write:
    """An event stream; an object is written as JSON, a text as it is."""
    return raw(SSE, *(data(payload) for payload in payloads))


def data(payload: object) -> str:
    """One event."""
    return f"data: {payload if isinstance(payload, str) else json.dumps(payload)}\n\n"


def delta(text: str = "", finish: str | None = None, **more: object) -> dict[str, object]:
    """One piece of a reply."""
    spoken = {"content": text} if text else {}
    return {"choices": [{"index": 0, "delta": spoken, "finish_reason": finish}], **more}


MODELS = answer({"object": "list", "data": [{"id": MODEL, "owned_by": "x"}]})
NOT_FOUND = answer({"error": {"message": "not found"}}, "404 Not Found")


@dataclass
class Scripted:
    """`async with Scripted({"POST /v1/…": write}) as server`; what has no script is not found, the models have one."""

    scripts: dict[str, Write] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a chat's connection is over."""

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def asked(self) -> list[str]:
        """What was asked, in order."""
        return [f"{request.method} {request.path}" for request in self.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        here = ""
        try:
            request = await read_request(reader)
            if request is None:
                return
            self.requests.append(request)
            here = f"{request.method} {request.path}"
            default = MODELS if here == "GET /v1/models" else NOT_FOUND
            await self.scripts.get(here, default)(writer)
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()
            if here == CHAT:
                self.closed.set()


def backend(
    port: int,
    *,
    model: str = MODEL,
    place: Place = Place.THIS_NETWORK,
    declared: bool = True,
    window_tokens: int | None = None,
    silence_s: float = 20,
    patience: Patience | None = None,
) -> RemoteBackend:
    """A backend for what listens on `port`, with the real door."""
    clock = SystemClock()
    return RemoteBackend(
        Route("gpu", place if declared else Place.CLOUD, "remote", model, declared),
        Address("127.0.0.1", port),
        "/v1",
        Door(clock),
        clock,
        window_tokens=window_tokens,
        patience=patience or Patience(2, 20, 20, 20),
        silence_s=silence_s,
    )


def request(
    text: str = "Tell me of a fox.", turn: str = "t1", sampling: Sampling | None = None
) -> Generation:
    """One question."""
    asked = sampling or Sampling(temperature=0, max_tokens=16)
    return Generation(turn, "c1", (ChatMessage(Role.USER, text),), asked)


async def events(made: RemoteBackend, asked: Generation | None = None) -> list[BackendEvent]:
    """A whole reply, after a look at the server."""
    await made.load()
    return [event async for event in generate(made, asked or request())]


async def said(made: RemoteBackend, kept: list[str]) -> Done:
    """A whole reply; its text is put into `kept` as it comes, so that it is there after an error too."""
    last: BackendEvent | None = None
    async for event in generate(made, request()):
        last = event
        if isinstance(event, Text):
            kept.append(event.text)
    assert isinstance(last, Done)
    return last

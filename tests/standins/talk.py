"""A client that sees the wire: status, headers, each chunk and its moment, and whether the last chunk came."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.standins.hailo_dto import Json


@dataclass
class Heard:
    """One answer."""

    status: int
    headers: dict[str, str]
    headers_at: float
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    whole: bool = True

    @property
    def json(self) -> Json:
        """The body as one object."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def lines(self) -> list[Json]:
        """The chunks as one object each."""
        return [json.loads(chunk) for chunk in self.chunks]

    @property
    def text(self) -> str:
        """What the model said."""
        return "".join(str(_content(line)) for line in self.lines)


def _content(line: Json) -> object:
    message = line.get("message", {})
    assert isinstance(message, dict)
    return message.get("content", line.get("response", ""))


@dataclass
class Line:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self) -> Heard:
        """Status and headers."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        first, *rest = raw.decode("latin-1").strip().split("\r\n")
        pairs = (line.split(": ", 1) for line in rest)
        return Heard(int(first.split()[1]), {k.lower(): v for k, v in pairs}, time.monotonic())

    async def chunk(self, heard: Heard) -> bool:
        """One chunk more; False at the end, with `whole` where the last chunk came."""
        try:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            data = await self.reader.readexactly(size + 2)
        except (asyncio.IncompleteReadError, ConnectionError):
            heard.whole = False
            return False
        if size:
            heard.chunks.append(data[:-2])
            heard.moments.append(time.monotonic())
        return size > 0

    async def rest(self, heard: Heard) -> Heard:
        """Everything that is still to come."""
        if heard.headers.get("transfer-encoding") == "chunked":
            while await self.chunk(heard):
                pass
        else:
            heard.body = await self.reader.readexactly(int(heard.headers["content-length"]))
        return heard

    async def leave(self) -> None:
        """Closes, as one who cancels."""
        self.writer.close()
        await asyncio.wait([asyncio.ensure_future(self.writer.wait_closed())])


@asynccontextmanager
async def asking(
    port: int, method: str, path: str, body: object = None, *, kind: str = "application/json"
) -> AsyncIterator[Line]:
    """Sends one request and gives the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)
    line = Line(reader, writer)
    try:
        yield line
    finally:
        await line.leave()


async def ask(
    port: int, method: str, path: str, body: object = None, *, kind: str = "application/json"
) -> Heard:
    """Sends one request and reads the whole answer."""
    async with asking(port, method, path, body, kind=kind) as line:
        return await line.rest(await line.head())

"""HTTP as oatpp speaks it, byte by byte on an asyncio stream, with the moment of every part kept."""

import asyncio
import contextlib
import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from tests.standins.hailo_dto import Json

HEAD_LIMIT_BYTES = 4096
SERVER = "oatpp/1.4.0"
LAST_LINE = "Error processing request"


@dataclass
class Entry:
    """One request as the server saw it; moments are seconds of CLOCK_MONOTONIC, the same in every process."""

    id: int
    method: str
    path: str
    received: float
    request: object = None
    status: int | None = None
    headers_at: float | None = None
    first_byte_at: float | None = None
    last_token_at: float | None = None
    last_byte_at: float | None = None
    outcome: str = ""
    """`done`, `refused`, `failed`, `dropped`, `left` (by the client) or `crashed`."""
    lines: int = 0
    reply: str = ""
    sent: list[dict[str, str]] | None = None
    """The conversation as the client meant it, in the model's template."""
    seen: list[dict[str, str]] | None = None
    """The conversation as the device held it when the reply began."""
    prompt_tokens: int = 0
    new_tokens: int = 0

    @property
    def in_step(self) -> bool | None:
        """Whether the device saw what the client meant; None where nothing was generated."""
        return None if self.seen is None else self.seen == self.sent

    @property
    def tokens_per_s(self) -> float | None:
        """The decode rate as it really was."""
        if self.lines < 2 or self.first_byte_at is None or self.last_token_at is None:
            return None
        return (self.lines - 1) / (self.last_token_at - self.first_byte_at)

    def as_json(self) -> Json:
        """For `GET /__fake/log`."""
        return {**asdict(self), "in_step": self.in_step, "tokens_per_s": self.tokens_per_s}


@dataclass
class Request:
    """A request that was read whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None where the client is gone or the head is over 4 KiB (dropped without a word)."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = await _chunks(reader)
        else:
            body = await reader.readexactly(int(headers.get("content-length") or 0))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        return None
    return Request(method, path.partition("?")[0], headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


def encode(value: object) -> str:
    """Compact JSON with `/` as `\\/` and everything beyond ASCII as `\\uXXXX`."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def now_text(ahead_s: float = 0) -> str:
    """The time of day as the server writes it, to the nanosecond."""
    ns = time.time_ns() + int(ahead_s * 1e9)
    return f"{datetime.fromtimestamp(ns // 10**9, UTC):%Y-%m-%dT%H:%M:%S}.{ns % 10**9:09}Z"


def stacktrace(status: int, *lines: str) -> str:
    """The body of an error page; the line that helps comes first."""
    listed = "".join(f"  - {line}\n" for line in lines)
    description = HTTPStatus(status).phrase
    return f"server={SERVER}\ncode={status}\ndescription={description}\nstacktrace:\n{listed}"


@dataclass
class Exchange:
    """One answer being written."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    entry: Entry
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    open: bool = True
    """Whether the connection may serve another request."""

    @property
    def gone(self) -> bool:
        """Whether a write would fail now; the server looks only when it writes."""
        return self.writer.is_closing() or self.reader.at_eof()

    async def left(self) -> None:
        """Waits until the client is gone."""
        while not self.gone:
            await asyncio.sleep(0.001)

    def json(self, value: object, status: int = 200) -> None:
        """A JSON answer."""
        self._whole(status, encode(value).encode(), "application/json")

    def text(self, body: str, status: int = 200) -> None:
        """A text answer; oatpp gives it no content type (facts §1.0)."""
        self._whole(status, body.encode(), None)

    def error(self, status: int, *lines: str) -> None:
        """oatpp's error page; the connection closes after it."""
        self.open = False
        self.entry.outcome = "refused"
        self.text(stacktrace(status, *lines), status)

    def start(self) -> None:
        """The head of a stream."""
        self.entry.status = 200
        head = {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"}
        self._write(self._head(200, head))
        self.entry.headers_at = time.monotonic()

    async def line(self, text: str, *, pieces: int = 1) -> None:
        """One line in one chunk; `pieces` cuts it on the wire."""
        data = f"{text}\r\n".encode()
        chunk = b"%x\r\n%s\r\n" % (len(data), data)
        cut = len(chunk) // pieces
        for index in range(pieces - 1):
            self._write(chunk[index * cut : (index + 1) * cut])
            await asyncio.sleep(0.002)
        self._write(chunk[(pieces - 1) * cut :])
        self._stamp()

    def end(self) -> None:
        """The last chunk: the stream is whole."""
        self._write(b"0\r\n\r\n")
        self._stamp()

    def drop(self) -> None:
        """Closes in the middle; what was written still arrives."""
        self.open = False
        self.entry.outcome = self.entry.outcome or "dropped"
        with contextlib.suppress(OSError):
            self.writer.close()

    def _whole(self, status: int, body: bytes, kind: str | None) -> None:
        self.entry.status = status
        head = {"Content-Length": str(len(body))}
        if kind is not None:
            head["Content-Type"] = kind
        self._write(self._head(status, head) + body)
        self.entry.headers_at = time.monotonic()
        self._stamp()

    def _head(self, status: int, headers: dict[str, str]) -> bytes:
        connection = "keep-alive" if self.open else "close"
        every = {"Server": SERVER, "Connection": connection, **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in every.items())
        return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode()

    def _write(self, data: bytes) -> None:
        if not self.gone:
            self.writer.write(data)

    def _stamp(self) -> None:
        self.entry.last_byte_at = time.monotonic()
        if self.entry.first_byte_at is None:
            self.entry.first_byte_at = self.entry.last_byte_at

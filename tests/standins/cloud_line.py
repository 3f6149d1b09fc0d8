"""The connections of a stand-in for a cloud provider: TLS where it has a certificate, and every byte that came kept."""

import asyncio
import base64
import json
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_END = b"\r\n\r\n"
_PIECE = 65_536
_T = TypeVar("_T")


@dataclass
class Got:
    """One connection as the far end saw it, whatever became of it.

    `wire_bytes` came over TCP, those of TLS among them. `head` and `body` are the request as it was read, `more` is what came
    after it; each grows as it comes. `status` is the answer's (None: there was none).
    """

    number: int
    wire_bytes: int = 0
    name: str = ""
    """The server that TLS was asked for."""
    head: bytes = b""
    body: bytes = b""
    more: bytes = b""
    status: int | None = None
    left: bool = False
    """Whether the client went before the answer was whole."""

    @property
    def first_line(self) -> str:
        """Method, target and version."""
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def target(self) -> str:
        """What was asked for; "" where that never came."""
        parts = self.first_line.split(" ")
        return parts[1] if len(parts) == 3 else ""

    @property
    def headers(self) -> dict[str, str]:
        """Names in lower case."""
        lines = self.head.decode("latin-1").rstrip("\r\n").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def whole(self) -> bool:
        """Whether the request came to its end."""
        return self.head.endswith(_END) and len(self.body) >= self.body_bytes

    @property
    def body_bytes(self) -> int:
        """How long the request says that its body is."""
        return int(self.headers.get("content-length") or 0)

    @property
    def plain(self) -> bytes:
        """All that came, in order, without TLS."""
        return self.head + self.body + self.more


def write_record(file: Path, got: Sequence[Got]) -> None:
    """Puts everything into `file`, which is whole at any moment."""
    rows = [
        {name: base64.b64encode(v).decode() if isinstance(v, bytes) else v for name, v in vars(one).items()}
        for one in got
    ]  # fmt: skip
    made = file.with_name(file.name + ".new")
    made.write_text(json.dumps({"connections": rows}), "utf-8")
    os.replace(made, file)  # noqa: PTH105 - as atomic as it is short


def read_record(file: Path) -> list[Got]:
    """What `write_record` put there."""
    rows = json.loads(file.read_text("utf-8"))["connections"]
    for row in rows:
        row |= {name: base64.b64decode(row[name]) for name in ("head", "body", "more")}
    return [Got(**row) for row in rows]


class Line:
    """One connection: reads and writes plain bytes, keeps them in `got`, and says so at each change."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        got: Got,
        changed: Callable[[], None],
        certificate: tuple[Path, Path] | None,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._got, self._changed = got, changed
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = None if certificate is None else self._wrapped(certificate)

    async def request(self) -> bool:
        """Reads one request; False where the client went before its end."""
        got = self._got
        while _END not in got.head:
            data = await self.read()
            if not data:
                return False
            got.head += data
            self._changed()
        got.head, _, rest = got.head.partition(_END)
        got.head += _END
        while len(got.body) < got.body_bytes:
            data = rest or await self.read()
            if not data:
                return False
            rest, got.body = b"", got.body + data
            self._changed()
        got.body, got.more = got.body[: got.body_bytes], got.body[got.body_bytes :] + rest
        self._changed()
        return True

    async def read(self) -> bytes:
        """What comes next; nothing at the end."""
        tls = self._tls
        if tls is None:
            return await self._receive()
        try:
            return await self._shaken(lambda: tls.read(_PIECE))
        except ssl.SSLError:
            # The other side trusts somebody else, or has said goodbye.
            await self._flush()
            return b""

    async def write(self, *parts: bytes | str) -> None:
        """Writes, each part by itself. Raises: ConnectionError where the client is gone."""
        for part in parts:
            data = part.encode() if isinstance(part, str) else part
            tls = self._tls
            if tls is None:
                self._writer.write(data)
                await self._writer.drain()
            elif data:
                await self._shaken(lambda tls=tls, data=data: tls.write(data))  # type: ignore[misc]

    async def left(self) -> None:
        """Waits until the client is gone."""
        while data := await self.read():
            self._got.more += data
        self._got.left = True
        self._changed()

    def abort(self) -> None:
        """Ends it without a goodbye, in the middle of whatever was being said."""
        self._writer.transport.abort()

    def close(self) -> None:
        """Ends it; what was written still arrives."""
        self._writer.close()

    def _wrapped(self, certificate: tuple[Path, Path]) -> ssl.SSLObject:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)

        def named(_tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            self._got.name = name or ""

        context.sni_callback = named
        return context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def _shaken(self, act: Callable[[], _T]) -> _T:
        """Does `act`, with as many rounds of TLS as it takes."""
        while True:
            try:
                done = act()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._receive()
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
                continue
            await self._flush()
            return done

    async def _flush(self) -> None:
        self._writer.write(self._outgoing.read())
        await self._writer.drain()

    async def _receive(self) -> bytes:
        try:
            data = await self._reader.read(_PIECE)
        except ConnectionError:
            return b""
        self._got.wire_bytes += len(data)
        return data

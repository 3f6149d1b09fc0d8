"""A stand-in for cloud providers on loopback, on OpenAI's wire with its dialects and on Anthropic's; it keeps every byte it got.

In a test: `async with Cloud(dialect="anthropic") as cloud: cloud.port`. As a program:
`python -m tests.standins.cloud --port 0 --dialect openai --cert CERT --key KEY --record FILE` prints its port. While it runs it
takes lines on stdin, each answered with `ok`: `fault NAME[:VALUE][*TIMES]`, `clear`; it ends with that pipe. What it got is in
the record at any moment (`read_record`).
"""

import argparse
import asyncio
import contextlib
import json
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from assistant.domain.places import Address
from tests.standins.cloud_dialects import (
    DIALECTS,
    Json,
    No,
    Said,
    events,
    key_in,
    refusal,
    wire_of,
)
from tests.standins.cloud_faults import (
    CHANGES,
    FOREVER,
    STREAM_HEAD,
    WHOLE,
    Fault,
    chunk,
    refuse,
    status_fault,
)
from tests.standins.cloud_line import Got, Line, write_record

TALE = "Once upon a time there was a fox who lived by a hen house and meant no harm. "
HEAD_TOKENS = 8
"""What a template takes."""


@dataclass(kw_only=True)
class Cloud:
    """One provider. `key` None takes any request; `echo` has it say what it was asked, `tale` anything else.

    `certificate` is that of TLS, with its key; `geo` is where Anthropic's replies say they were worked on.
    """

    dialect: str = "openai"
    key: str | None = None
    tale: str = TALE
    echo: bool = False
    geo: str = "global"
    window_tokens: int = 200_000
    host: str = "127.0.0.1"
    port: int = 0
    certificate: tuple[Path, Path] | None = None
    record: Path | None = None
    got: list[Got] = field(default_factory=list, init=False)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.dialect in DIALECTS
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._changed()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(self.host, self.port, self.certificate is not None)

    @property
    def requests(self) -> list[Got]:
        """What came to its end."""
        return [one for one in self.got if one.whole]

    @property
    def wire_bytes(self) -> int:
        """All that ever came."""
        return sum(one.wire_bytes for one in self.got)

    def body(self, number: int = -1) -> Json:
        """What one request said."""
        found = json.loads(self.requests[number].body)
        assert isinstance(found, dict)
        return found

    def fault(self, *written: str) -> None:
        """Adds faults; the oldest comes first."""
        self.faults += [Fault.read(each) for each in written]

    async def ended(self, number: int = -1) -> Got:
        """Waits until a connection is over."""
        task = list(self._tasks)
        if task:
            await asyncio.wait(task)
        return self.got[number]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        got = Got(len(self.got))
        self.got.append(got)
        line = Line(reader, writer, got, self._changed, self.certificate)
        try:
            if await line.request():
                got.status = await self._answer(line, got)
        except ConnectionError:
            got.left = True
        except asyncio.CancelledError:
            line.abort()
        finally:
            self._tasks.discard(task)
            self._changed()
            line.close()

    async def _answer(self, line: Line, got: Got) -> int:
        no = self._no(got)
        if no is not None:
            return await refuse(line, self.dialect, no)
        said = self._said(self._read(got))
        fault = self._next_fault()
        if fault is None:
            return await self._say(line, said)
        if fault.name.isdecimal():
            return await status_fault(line, self.dialect, fault)
        if fault.name in WHOLE:
            return await WHOLE[fault.name](line, said, fault.value)
        return await self._say(line, CHANGES[fault.name](said, fault.value))

    def _no(self, got: Got) -> No | None:
        """Why it is refused, whatever else is the matter."""
        if wire_of(got.target) != ("anthropic" if self.dialect == "anthropic" else "openai"):
            return No(404, f"Not Found: {got.target}", "not_found_error")
        if not got.first_line.startswith("POST "):
            return No(405, "Method Not Allowed", "invalid_request_error")
        if self.key is not None and key_in(got.headers, self.dialect) != self.key:
            return No(401, "Incorrect API key provided", "authentication_error")
        body = self._read(got)
        return refusal(self.dialect, body, got.headers, _tokens(body), self.window_tokens)

    def _read(self, got: Got) -> Json:
        try:
            found = json.loads(got.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _said(self, body: Json) -> Said:
        words = (_texts(body)[-1] if self.echo else self.tale).split(" ")
        pieces = [f"{word} " for word in words[:-1]] + ([words[-1]] if words[-1] else [])
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        finish = "stop"
        if isinstance(limit, int) and (
            (self.tale is TALE and not self.echo) or len(pieces) > limit
        ):
            # A tale that never ends by itself.
            pieces, finish = (pieces * (limit // len(pieces) + 1))[:limit], "length"
        more: Json = {"inference_geo": body.get("inference_geo", self.geo)} if self.dialect == "anthropic" else {}  # fmt: skip
        return Said(self.dialect, str(body["model"]), pieces, _tokens(body), finish=finish, more=more)  # fmt: skip

    async def _say(self, line: Line, said: Said) -> int:
        await line.write(STREAM_HEAD)
        for event in events(said):
            await line.write(chunk(event))
        await line.write(b"0\r\n\r\n")
        return 200

    def _next_fault(self) -> Fault | None:
        if not self.faults:
            return None
        fault = self.faults[0]
        if fault.times != FOREVER:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.pop(0)
        return fault

    def _changed(self) -> None:
        if self.record is not None:
            write_record(self.record, self.got)


def _texts(body: Json) -> list[str]:
    messages = body.get("messages")
    rows = messages if isinstance(messages, list) else []
    found = [str(row.get("content", "")) for row in rows if isinstance(row, dict)]
    return [str(body.get("system", "")), *found]


def _tokens(body: Json) -> int:
    """A word is a token."""
    return HEAD_TOKENS + sum(len(text.split()) for text in _texts(body))


def parser() -> argparse.ArgumentParser:
    """The program's options."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0)
    made.add_argument("--dialect", choices=DIALECTS, default="openai")
    made.add_argument("--cert", type=Path, help="a certificate in PEM; with it TLS is spoken")
    made.add_argument("--key", type=Path, help="its key in PEM; where not given, in the same file")
    made.add_argument("--api-key", help="the key that requests have to carry")
    made.add_argument("--record", type=Path, help="where all that it gets is written")
    made.add_argument("--tale", default=TALE, help="what it says")
    made.add_argument("--echo", action="store_true", help="says what it was asked")
    made.add_argument("--geo", default="global")
    made.add_argument("--fault", action="append", default=[], metavar="NAME[:VALUE][*TIMES]")
    return made


async def _obey(cloud: Cloud) -> None:
    """Does what the lines on stdin say, until they end; where it is no pipe, serves on."""
    if not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        await asyncio.Event().wait()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        word, _, rest = line.partition(" ")
        if word == "fault":
            cloud.fault(rest)
        elif word == "clear":
            cloud.faults.clear()
        sys.stdout.write("ok\n")
        sys.stdout.flush()


async def main(arguments: Sequence[str] | None = None) -> None:
    """Serves until stdin ends or it is killed."""
    asked = parser().parse_args(arguments)
    certificate = (asked.cert, asked.key or asked.cert) if asked.cert else None
    cloud = Cloud(
        dialect=asked.dialect, key=asked.api_key, tale=asked.tale, echo=asked.echo, geo=asked.geo,
        host=asked.host, port=asked.port, certificate=certificate, record=asked.record,
    )  # fmt: skip
    cloud.fault(*asked.fault)
    async with cloud:
        sys.stdout.write(f"{cloud.port}\n")
        sys.stdout.flush()
        await _obey(cloud)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

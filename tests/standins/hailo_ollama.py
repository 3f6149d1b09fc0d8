"""A stand-in for hailo-ollama, true to facts §1 byte by byte; runs in a test's own loop or as a program.

`python tests/standins/hailo_ollama.py --profile 5.3.0 --port 0 --time-scale 0.05 --fault crash:5` prints its port.
Beside the real paths it answers `GET /__fake/log`, `GET /__fake/context`, `POST|DELETE /__fake/fault`.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.standins import hailo_dto as dto
from tests.standins.hailo_catalog import Catalog
from tests.standins.hailo_chat import Chat, failed
from tests.standins.hailo_device import CrashError, DeviceError
from tests.standins.hailo_dto import Json, MismatchError
from tests.standins.hailo_facts import PROFILES, ROOT_TEXT, VERSION, Plan
from tests.standins.hailo_faults import Faults
from tests.standins.hailo_http import (
    HEAD_LIMIT_BYTES,
    LAST_LINE,
    Entry,
    Exchange,
    Request,
    read_request,
)

SEGMENTATION_FAULT = 139
Handler = Callable[[Exchange, Json], Awaitable[None]]


@dataclass(kw_only=True)
class HailoOllama(Plan):
    """One server; `async with HailoOllama(profile="5.3.0") as server: server.port`."""

    host: str = "127.0.0.1"
    port: int = 0
    log: list[Entry] = field(default_factory=list, init=False)
    crashed: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self.faults = Faults(self.fault)
        self.catalog = Catalog(self, self.faults)
        self.chat = Chat(self, self.faults, self.catalog)
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, self.host, self.port, limit=HEAD_LIMIT_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks.add(asyncio.create_task(self.chat.expire()))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    def context(self) -> Json:
        """What the device holds, as `GET /__fake/context` tells it."""
        return self.chat.context.as_json()

    def generations(self) -> list[Entry]:
        """The requests that got as far as the device."""
        return [entry for entry in self.log if entry.seen is not None]

    async def kill(self) -> None:
        """The process is gone: no goodbye on any connection, and nobody listens."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        self.chat.context.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            while (request := await read_request(reader)) is not None:
                if not await self._answer(request, reader, writer):
                    break
        except CrashError:
            self.crashed.set()
            await self.kill()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            with contextlib.suppress(OSError):
                writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        entry = Entry(len(self.log), request.method, request.path, time.monotonic())
        exchange = Exchange(reader, writer, entry, request.headers, request.body)
        exchange.open = request.headers.get("connection", "").lower() != "close"
        if request.path.startswith("/__fake/"):
            self._fake(exchange)
            return exchange.open
        self.log.append(entry)
        try:
            await self._route(exchange)
        except (DeviceError, MismatchError) as error:
            failed(exchange, error)
        except CrashError:
            entry.outcome = "crashed"
            raise
        entry.outcome = entry.outcome or "done"
        return exchange.open

    async def _route(self, exchange: Exchange) -> None:
        entry = exchange.entry
        here = f"{entry.method} {entry.path}"
        plain: dict[str, Callable[[], None]] = {
            "GET /": lambda: exchange.text(ROOT_TEXT),
            "GET /api/version": lambda: exchange.json({"version": VERSION}),
            "GET /api/tags": lambda: exchange.json(self.catalog.tags()),
            "GET /hailo/v1/list": lambda: exchange.json(self.catalog.every()),
        }
        if here in plain:
            plain[here]()
        elif here == "GET /api/ps":
            await self.chat.running(exchange)
        elif here in (routes := self._routes()):
            declared, handler = routes[here]
            await self._with_body(exchange, declared, handler)
        else:
            exchange.error(
                404, f"No mapping for HTTP-method: '{entry.method}', URL: '{entry.path}'"
            )

    def _routes(self) -> dict[str, tuple[dto.Reader, Handler]]:
        chat = dto.CHAT if self.release.tools_are_text else dto.CHAT_540
        return {
            "POST /api/chat": (chat, self.chat.chat),
            "POST /api/generate": (dto.GENERATE, self.chat.generate),
            "POST /v1/chat/completions": (dto.COMPLETION, self.chat.completion),
            "POST /api/show": (dto.NAMED, self._show),
            "POST /api/pull": (dto.NAMED, self._pull),
            "DELETE /api/delete": (dto.NAMED, self._delete),
        }

    async def _with_body(self, exchange: Exchange, declared: dto.Reader, handler: Handler) -> None:
        kind = exchange.headers.get("content-type", "application/json").partition(";")[0].strip()
        if kind != "application/json":
            raise MismatchError(f"Unsupported content type '{kind}'")
        try:
            value = json.loads(exchange.body)
        except ValueError:
            raise MismatchError("Invalid JSON") from None
        exchange.entry.request = value
        if value is None:
            exchange.error(400, "Missing valid body parameter 'params'", LAST_LINE)
            return
        body = dto.read(declared, value)
        if self.faults.take("no-headers"):
            exchange.drop()
            return
        await handler(exchange, body)

    async def _show(self, exchange: Exchange, body: Json) -> None:
        self.catalog.show(exchange, _named(body))

    async def _delete(self, exchange: Exchange, body: Json) -> None:
        self.catalog.delete(exchange, _named(body))

    async def _pull(self, exchange: Exchange, body: Json) -> None:
        _named(body)
        await self.catalog.pull(exchange, body)

    def _fake(self, exchange: Exchange) -> None:
        """The paths that only tests use; they are not logged."""
        here = f"{exchange.entry.method} {exchange.entry.path}"
        if here == "GET /__fake/log":
            exchange.json({"requests": [entry.as_json() for entry in self.log]})
        elif here == "GET /__fake/context":
            exchange.json(self.context())
        elif here == "POST /__fake/fault":
            self.faults.add(**json.loads(exchange.body))
            exchange.json({})
        elif here == "DELETE /__fake/fault":
            self.faults.clear()
            exchange.json({})
        else:
            exchange.error(404, f"no such path: {here}")


def _named(body: Json) -> object:
    if body.get("model") is None:
        raise MismatchError("model is null")
    return body["model"]


def parser() -> argparse.ArgumentParser:
    """One option for each field of the plan."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=8000)
    made.add_argument("--installed", help="names with commas; empty for none")
    made.add_argument("--fault", action="append", default=[], metavar="NAME[:AT[:TIMES]]")
    kinds = {"str": str, "int": int, "float": float, "float | None": float}
    for option in dataclasses.fields(Plan):
        if option.name not in ("installed", "fault"):
            choices = list(PROFILES) if option.name == "profile" else None
            kind = kinds[getattr(option.type, "__name__", str(option.type))]
            name = f"--{option.name.replace('_', '-')}"
            made.add_argument(name, type=kind, default=option.default, choices=choices)
    return made


async def main() -> int:
    """Serves until it is killed, or dies as the real one does."""
    options = vars(parser().parse_args())
    options["fault"] = tuple(options["fault"])
    if options["installed"] is not None:
        options["installed"] = tuple(name for name in options["installed"].split(",") if name)
    async with HailoOllama(**options) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await server.crashed.wait()
    return SEGMENTATION_FAULT


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

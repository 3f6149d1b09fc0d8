"""Runs one command of the program in this process, over real files, with a provider on loopback that is the person's own."""

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pytest

from assistant.cli import main
from tests.standins.cloud import Cloud

_S = TypeVar("_S")

KEY = "k-0123456789-abcdef-0123"
ROUTE = "gate"


@dataclass(frozen=True)
class Heard:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """Its one object."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def rows(self, name: str) -> list[dict[str, object]]:
        """The list of objects under `name`."""
        found = self.json[name]
        assert isinstance(found, list)
        return found

    def part(self, name: str) -> dict[str, object]:
        """The object under `name`."""
        found = self.json[name]
        assert isinstance(found, dict)
        return found


class Shell:
    """Types commands, without a terminal."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: str = "") -> Heard:
        self._capsys.readouterr()
        raw = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        self._monkeypatch.setattr("sys.stdin", raw)
        try:
            code = main(list(argv))
        except SystemExit as end:
            code = int(end.code or 0)
        said = self._capsys.readouterr()
        return Heard(code, said.out, said.err)


@contextmanager
def beside(server: AbstractAsyncContextManager[_S]) -> Iterator[_S]:
    """Runs `server` in a thread of its own: the commands have a loop of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


FACTS = (
    *("--operator", "Gate GmbH", "--law", "DE", "--processing", "EEA", "--storage", "nothing"),
    *("--training", "no", "--human-review", "no", "--transit", "DE", "--auth", "bearer"),
)
"""Facts that the shipped rules let pass, once a person puts their name to them."""


def set_up(shell: Shell, port: int, *, declared: bool = True) -> None:
    """The provider at `port` as a route of the person's own."""
    url = f"http://127.0.0.1:{port}"
    assert shell("routes", "add", ROUTE, "--url", url, "--model", "gpt-4.1").code == 0
    if declared:
        done = shell(
            "routes", "declare", ROUTE, "--place", "cloud", *FACTS, "--yes-i-declare"
        )  # fmt: skip
        assert done.code == 0, done.err


@dataclass(frozen=True)
class Town:
    """A shell, and a provider whose key stands in the environment."""

    shell: Shell
    cloud: Cloud

    def grant(self, *more: str) -> tuple[str, str]:
        """Grants a new conversation; its id and the grant's code."""
        done = self.shell(
            *("consent", "grant", "--route", ROUTE, "--new", "--for", "15m", "--yes-i-grant"),
            *more,
            "--json",
        )  # fmt: skip
        assert done.code == 0, done.err
        return str(done.json["conversation"]), str(done.json["code"])

"""The screen over HTTP on loopback, by the real program: who is let in, and that it is the same chat."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from assistant.commands.serve import WORDS
from tests.e2e.conftest import Installed
from tests.e2e.program import Program


@dataclass
class Served:
    """A server that runs, and the address that it printed."""

    process: asyncio.subprocess.Process
    address: str

    @property
    def root(self) -> str:
        return self.address.split("?")[0]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def served(tmp_path: Path, installed: Installed) -> AsyncIterator[Served]:
    program = installed(tmp_path)
    process = await asyncio.create_subprocess_exec(
        *program.command("serve", "--port", str(free_port())),
        env=program.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    yield Served(process, line.decode().split()[-1])
    if process.returncode is None:
        process.kill()
    await process.wait()


async def read_until(line: aiohttp.ClientWebSocketResponse, wanted: bytes) -> bytes:
    seen = b""
    async with asyncio.timeout(60):
        while wanted not in seen:
            message = await line.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), seen[-200:]
            seen += message.data if isinstance(message.data, bytes) else message.data.encode()
    return seen


async def test_a_stranger_gets_nothing_and_who_has_the_address_the_chat(served: Served) -> None:
    line = served.root.replace("http", "ws") + "ws"
    mine = {"Origin": served.root.rstrip("/")}
    async with aiohttp.ClientSession() as stranger:
        for path in ("", "static/js/textual.js", "download/1", "?token=guessed"):
            async with stranger.get(served.root + path) as answer:
                assert answer.status == 403
                assert "script" not in await answer.text()
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await stranger.ws_connect(line, headers=mine)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(served.address, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            assert "HttpOnly" in answer.headers["Set-Cookie"]
            assert "SameSite=Strict" in answer.headers["Set-Cookie"]
        async with session.get(served.root) as answer:
            text = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "://" not in text.replace(served.root.replace("http", "ws"), "")
        async with session.get(served.root, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
        for origin in ({}, {"Origin": "http://evil.example"}):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(line, headers=origin)
        async with session.ws_connect(f"{line}?width=100&height=30", headers=mine) as chat:
            await read_until(chat, b"sk anything")
            await chat.send_json(["focus", None])
            await chat.send_json(["stdin", "typed in a browser"])
            await read_until(chat, b"browser")
    served.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(served.process.wait(), 30) == 0


def test_other_interfaces_are_refused_without_the_words(tmp_path: Path) -> None:
    program = Program(tmp_path)
    for more in ((), ("--others", "yes")):
        run = program.run("serve", "--host", "192.0.2.1", *more)
        assert run.returncode == 3
        assert WORDS in run.stderr.decode()


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = Program(tmp_path).run("serve", "--port", port)
    assert run.returncode == 4
    assert (
        f"route not available: 127.0.0.1:{port} is taken (choose another --port)"
        in run.stderr.decode()
    )
    assert not run.stdout

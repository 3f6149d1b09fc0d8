"""Who answers where hailo-ollama may listen: told apart by what they do, quickly, and without any harm."""

import asyncio
import time

import pytest

from assistant.backends.hailo.look import look
from assistant.domain.hat_facts import Dialect, ServerKind, ServerLook
from assistant.domain.places import Address
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from tests.backends.hailo.server_rig import DIALECTS, MODEL, OTHER, server_of
from tests.standins.hailo_ollama import HailoOllama
from tests.standins.strangers import Stranger

KINDS = {
    "ollama": ServerKind.OLLAMA,
    "stackflow": ServerKind.OPENAI,
    "web": ServerKind.STRANGER,
    "noise": ServerKind.STRANGER,
    "silent": ServerKind.TIMED_OUT,
}


async def seen(*ports: int) -> ServerLook:
    clock = SystemClock()
    return await look(Door(clock), clock, [Address("127.0.0.1", port) for port in ports])


async def free_port() -> int:
    """A port where nobody listens."""
    async with HailoOllama() as server:
        return server.port


@pytest.mark.parametrize("profile", DIALECTS)
async def test_hailo_ollama_and_its_dialect(profile: str) -> None:
    async with server_of(profile) as server:
        found = await seen(server.port)
        names = tuple(model.name for model in server.release.models)
        assert found == ServerLook(
            ServerKind.HAILO_OLLAMA,
            f"127.0.0.1:{server.port}",
            DIALECTS[profile],
            tuple(name for name in names if name in (MODEL, OTHER)),
            names,
        )
        assert "/api/ps" not in {entry.path for entry in server.log}
        assert not server.context()["loaded"]


@pytest.mark.parametrize("kind", KINDS)
async def test_others_are_told_apart(kind: str) -> None:
    async with Stranger(kind=kind) as server:
        began = time.monotonic()
        found = await seen(server.port)
        assert time.monotonic() - began < 3
        assert (found.kind, found.dialect, found.models) == (KINDS[kind], None, ())
        assert found.address == f"127.0.0.1:{server.port}"


async def test_nobody_and_no_address() -> None:
    port = await free_port()
    assert await seen(port) == ServerLook(ServerKind.NOTHING, f"127.0.0.1:{port}")
    assert (await seen()).kind is ServerKind.NOT_ASKED


async def test_of_several_the_first_hailo_ollama_else_the_first_that_answers() -> None:
    nobody = await free_port()
    async with Stranger(kind="web") as web, Stranger(kind="ollama") as ollama:
        assert (await seen(nobody, web.port, ollama.port)).kind is ServerKind.STRANGER
        async with server_of("5.1.1") as one, server_of("5.4.0") as two:
            found = await seen(nobody, web.port, one.port, two.port)
            assert found.dialect is Dialect.V5_1
        assert (await seen(nobody, nobody)).kind is ServerKind.NOTHING


async def test_a_reply_that_runs_does_not_keep_a_look_waiting() -> None:
    async with server_of() as server, server.chat.lock:
        assert (await seen(server.port)).kind is ServerKind.HAILO_OLLAMA


async def test_one_that_stops_answering_half_way_timed_out() -> None:
    async with server_of("5.3.0", "no-headers") as server:
        found = await seen(server.port)
        assert (found.kind, found.dialect) == (ServerKind.TIMED_OUT, None)


async def test_names_that_are_none_are_left_out() -> None:
    listed = '{"models":[{"name":"a:1b"},{"name":3},"b",{"name":"x\\u001b"},{"name":""}]}'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        body = {b"/": "hailo-ollama is running", b"/api/tags": listed}.get(path, "[3")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body.encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        found = await seen(server.sockets[0].getsockname()[1])
    assert (found.kind, found.models, found.offered) == (ServerKind.HAILO_OLLAMA, ("a:1b",), ())

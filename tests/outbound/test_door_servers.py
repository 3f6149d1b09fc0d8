"""The door to model servers: one request for one permit, the bytes that were allowed, and every way in which a server fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from assistant.domain.control import NEARBY, Control, ControlPermit
from assistant.domain.errors import RefusedError, ServerError, ServerFault
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Address, Place, Route
from assistant.domain.policy import decide
from assistant.domain.sensitivity import Label
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports import Patience

ROUTE = Route("hat", Place.THIS_MACHINE, "hailo-ollama", "qwen")
NOWHERE = Address("127.0.0.1", 1)
BODY = b'{"model":"qwen"}'
HASTY = Patience(connect_s=1, head_s=0.3, first_s=0.3, silence_s=0.3)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Talker:
    """A server on loopback that says what it was told to, piece by piece, then closes or waits."""

    pieces: tuple[bytes, ...]
    stays: bool = False
    heard: list[bytes] = field(default_factory=list)
    address: Address = NOWHERE
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    calls: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.add(asyncio.create_task(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")]
        body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
        self.heard.append(head + body)
        for piece in self.pieces:
            writer.write(piece)
            await writer.drain()
        if self.stays:
            await reader.read()
            self.gone.set()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def talking(*pieces: bytes, stays: bool = False) -> AsyncIterator[Talker]:
    talker = Talker(pieces, stays)
    server = await asyncio.start_server(talker.take, "127.0.0.1", 0)
    talker.address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield talker
    finally:
        server.close()
        await asyncio.gather(*talker.calls, return_exceptions=True)


def outgoing(talker: Talker) -> Outgoing:
    return Outgoing(talker.address, "/api/chat", BODY)


def permit(talker: Talker) -> Permit:
    decision = decide("d", ROUTE, Label.NORMAL)
    return Permit("p", "hat", decision, talker.address, outgoing(talker).digest, 2**60)


def control(talker: Talker, **other: object) -> ControlPermit:
    plain = ControlPermit("c", Control.LOOK, talker.address, "GET", "/", b"", 2**60, 1000)
    return replace(plain, **other)  # type: ignore[arg-type]


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


async def heard(door: Door, talker: Talker, patience: Patience = HASTY) -> list[bytes]:
    async with door.send(permit(talker), ROUTE, outgoing(talker), patience) as reply:
        assert reply.status == 200
        return [piece async for piece in reply.chunks()]


async def test_a_prompt_goes_out_as_it_was_allowed_and_its_answer_comes_piece_by_piece() -> None:
    async with talking(HEAD, chunk(b"one"), chunk(b"two"), chunk(b"")) as talker:
        assert b"".join(await heard(Door(SystemClock()), talker)) == b"onetwo"
        [request] = talker.heard
        assert request.endswith(b"\r\n\r\n" + BODY)
        assert request.startswith(b"POST /api/chat HTTP/1.1\r\n")
        assert b"Content-Type: application/json\r\n" in request


async def test_a_permit_opens_one_request_and_only_the_one_it_was_given_for() -> None:
    async with talking(HEAD, chunk(b"")) as talker:
        door = Door(SystemClock())
        other = replace(outgoing(talker), body=b"something else")
        with pytest.raises(RefusedError, match="another text"):
            async with door.send(permit(talker), ROUTE, other, HASTY):
                pass
        assert await heard(door, talker) == []
        with pytest.raises(RefusedError, match="used"):
            await heard(door, talker)
        assert len(talker.heard) == 1


async def test_a_control_request_opens_once_and_no_byte_past_its_number() -> None:
    async with talking(HEAD, chunk(b"x" * 1001), chunk(b"")) as talker:
        door = Door(SystemClock())
        with pytest.raises(ServerError, match="more than the 1,000 bytes"):
            async with door.control(control(talker), HASTY) as reply:
                [_ async for _ in reply.chunks()]
        with pytest.raises(RefusedError, match="used"):
            async with door.control(control(talker), HASTY):
                pass


@pytest.mark.parametrize(
    ("pieces", "stays", "fault"),
    [
        ((), True, ServerFault.SILENT),
        ((HEAD,), True, ServerFault.SILENT),
        ((HEAD, chunk(b"one")), True, ServerFault.SILENT),
        ((HEAD, chunk(b"one")), False, ServerFault.CUT),
        ((), False, ServerFault.CUT),
        ((b"\x00\x01 noise\r\n\r\n",), False, ServerFault.CUT),
    ],
)
async def test_how_a_server_fails_is_told_apart(
    pieces: tuple[bytes, ...], stays: bool, fault: ServerFault
) -> None:
    async with talking(*pieces, stays=stays) as talker:
        with pytest.raises(ServerError) as raised:
            await heard(Door(SystemClock()), talker)
        assert raised.value.fault is fault
        assert str(talker.address) in str(raised.value)


async def test_nobody_there_is_unreachable() -> None:
    nobody = Talker(())
    with pytest.raises(ServerError) as raised:
        await heard(Door(SystemClock()), nobody)
    assert raised.value.fault is ServerFault.UNREACHABLE


async def test_leaving_hangs_up() -> None:
    async with talking(HEAD, chunk(b"one"), stays=True) as talker:
        async with Door(SystemClock()).send(
            permit(talker), ROUTE, outgoing(talker), Patience()
        ) as reply:
            pieces = reply.chunks()
            assert await anext(pieces) == b"one"
            await pieces.aclose()
        async with asyncio.timeout(5):
            await talker.gone.wait()


async def test_a_redirect_is_an_answer_and_never_followed() -> None:
    away = b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with talking(away) as talker:
        async with Door(SystemClock()).control(control(talker), HASTY) as reply:
            assert reply.status == 307
            assert [piece async for piece in reply.chunks()] == []
        assert len(talker.heard) == 1


async def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with talking(HEAD, chunk(b"here"), chunk(b"")) as talker:
        assert await heard(Door(SystemClock()), talker) == [b"here"]


async def test_a_name_is_called_by_its_name_at_the_address_that_was_looked_at() -> None:
    async with talking(HEAD, chunk(b"")) as talker:
        talker.address = replace(talker.address, host="localhost")
        with contextlib.suppress(ServerError):
            await heard(Door(SystemClock()), talker)
        # On a machine whose name for itself is ::1 alone, nobody listens there.
        assert all(f"Host: {talker.address}".encode() in head for head in talker.heard)


@pytest.mark.parametrize("purpose", sorted(NEARBY))
async def test_sensors_and_figures_stay_on_this_network(purpose: Control) -> None:
    async with talking(HEAD, chunk(b"6.4"), chunk(b"")) as talker:
        near = control(talker, purpose=purpose)
        async with Door(SystemClock()).control(near, HASTY) as reply:
            assert b"".join([piece async for piece in reply.chunks()]) == b"6.4"
        public = Address("93.184.215.14", 443, secure=True)
        far = control(talker, purpose=purpose, address=public)
        with pytest.raises(RefusedError, match="not of this network"):
            async with Door(SystemClock()).control(far, HASTY):
                pass


async def test_offline_no_figures_go_anywhere_not_even_to_this_machine() -> None:
    async with talking(HEAD, chunk(b"")) as talker:
        door = Door(SystemClock(), offline=lambda: True)
        with pytest.raises(RefusedError, match="offline"):
            async with door.control(control(talker, purpose=Control.REPORT), HASTY):
                pass
        assert not talker.heard

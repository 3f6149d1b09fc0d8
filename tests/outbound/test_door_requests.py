"""What the door writes, to the byte, how long it waits for what, and whom it names where that fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import httpcore
import pytest

from assistant.domain.control import Control, ControlPermit
from assistant.domain.downloads import PURPOSE, DownloadPermit, Hop
from assistant.domain.errors import FetchError, RefusedError, ServerError
from assistant.domain.places import Address, Place
from assistant.domain.secret import Auth
from assistant.machine.clock import SystemClock
from assistant.outbound.door import LONGEST_SECONDS, STALL_SECONDS, Door
from assistant.outbound.near import LookUp
from assistant.ports import Patience
from tests.outbound.cloud_rig import (
    END,
    HASTY,
    HEAD,
    NAME,
    ROUTE,
    chunk,
    cloud,
    cloud_door,
    leads_to,
    outgoing,
    permit,
    says,
    sent,
    trusting,
)

OWN = b"Accept-Encoding: identity\r\nUser-Agent: assistant\r\n"


def plain_door(look: LookUp | None = None, stall_seconds: float = 5.0) -> Door:
    """A door for what holds nothing of a person's."""
    return Door(SystemClock(), trusting(), stall_seconds, look=look or leads_to("127.0.0.1"))


def download(port: int, most: int = 99, name: str = "d") -> DownloadPermit:
    return DownloadPermit(name, PURPOSE, Hop(NAME, port, "/file"), most, 2**60)


def control(port: int, method: str = "GET", body: bytes = b"", name: str = "c") -> ControlPermit:
    address = Address("127.0.0.1", port)
    return ControlPermit(name, Control.LOOK, address, method, "/tags", body, 2**60, 99)


@pytest.mark.parametrize(
    ("offset", "if_range", "lines"),
    [
        (0, None, b""),
        (0, '"tag"', b""),
        (7, None, b"Range: bytes=7-\r\n"),
        (7, '"\u00e4"', b'Range: bytes=7-\r\nIf-Range: "\xe4"\r\n'),
    ],
)
async def test_a_download_as_it_is_written(offset: int, if_range: str | None, lines: bytes) -> None:
    async with cloud() as far, plain_door().get(download(far.port), offset, if_range) as answer:
        assert answer.status == 200
    host = f"GET /file HTTP/1.1\r\nHost: {NAME}:{far.port}\r\n".encode()
    assert far.heard == [host + OWN + lines + b"\r\n"]


@pytest.mark.parametrize(
    ("method", "body", "lines"),
    [
        ("GET", b"", b""),
        ("POST", b"", b"Content-Length: 0\r\n"),
        ("POST", b"{}", b"Content-Type: application/json\r\nContent-Length: 2\r\n"),
    ],
)
async def test_a_look_as_it_is_written(method: str, body: bytes, lines: bytes) -> None:
    async with (
        cloud(pem=None) as near,
        plain_door().control(control(near.port, method, body), HASTY) as reply,
    ):
        assert reply.status == 200
    host = f"{method} /tags HTTP/1.1\r\nHost: 127.0.0.1:{near.port}\r\n".encode()
    assert near.heard == [host + OWN + b"Connection: close\r\n" + lines + b"\r\n" + body]


async def test_each_permit_is_spent_by_itself() -> None:
    door = plain_door()
    async with cloud() as far, cloud(pem=None) as near:
        for name in ("one", "two"):
            async with door.get(download(far.port, name=name)) as answer:
                assert answer.status == 200
            async with door.control(control(near.port, name=f"c-{name}"), HASTY) as reply:
                assert reply.status == 200


async def test_a_download_may_be_longer_than_a_head() -> None:
    size = 400_000
    long = says(HEAD, chunk(b"x" * size), END)
    async with cloud(long) as far, plain_door().get(download(far.port, size)) as answer:
        assert len(b"".join([piece async for piece in answer.chunks()])) == size


async def test_how_long_each_step_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the HTTP library is told; it times the silence of a download, and the door itself that of a reply."""
    told: list[object] = []
    ask = httpcore.AsyncConnectionPool.handle_async_request

    async def listened(
        pool: httpcore.AsyncConnectionPool, request: httpcore.Request
    ) -> httpcore.Response:
        told.append(request.extensions["timeout"])
        return await ask(pool, request)

    monkeypatch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", listened)
    patience = Patience(connect_s=3, head_s=4, first_s=5, silence_s=6)
    async with cloud() as far, cloud(pem=None) as near:
        async with plain_door(stall_seconds=2.0).get(download(far.port)):
            pass
        async with plain_door().control(control(near.port), patience):
            pass
        await sent(cloud_door(), outgoing(far.address), patience=patience)
    steps = {"connect": 3, "write": 6, "read": None, "pool": None}
    assert told == [dict.fromkeys(steps, 2.0), steps, steps]


def test_how_long_a_host_may_stay_silent_and_an_answer_may_take() -> None:
    assert (STALL_SECONDS, LONGEST_SECONDS) == (30.0, 3600.0)


def hangs_for(name: str, known: str = "127.0.0.1") -> LookUp:
    """A resolver that never answers for one name, and for all others at once."""

    async def look(host: str, _port: int) -> Sequence[str]:
        if host == name:
            await asyncio.Event().wait()
        return (known,)

    return look


async def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    hasty = replace(HASTY, connect_s=0.05)
    there = Address(NAME, 443, secure=True)
    async with asyncio.timeout(10):
        door = plain_door(hangs_for(NAME), stall_seconds=0.05)
        with pytest.raises(FetchError) as download_failed:
            async with door.get(download(443)):
                pass
        with pytest.raises(ServerError):
            async with door.control(replace(control(443), address=there), hasty):
                pass
        with pytest.raises(ServerError):
            await sent(cloud_door(look=hangs_for(NAME)), outgoing(there), patience=hasty)
    assert download_failed.value.message == f"{NAME} cannot be reached"


async def test_whoever_is_not_there_is_named() -> None:
    with pytest.raises(FetchError) as download_failed:
        async with plain_door().get(download(1)):
            pass
    assert download_failed.value.message == f"{NAME} cannot be reached"
    with pytest.raises(ServerError) as look_failed:
        async with plain_door().control(control(1), HASTY):
            pass
    assert look_failed.value.message == "127.0.0.1:1 cannot be reached"


async def test_whoever_says_too_much_is_named() -> None:
    async with cloud(says(HEAD, chunk(b"x" * 100), END), pem=None) as near:
        with pytest.raises(ServerError) as looked:
            async with plain_door().control(control(near.port), HASTY) as reply:
                [_ async for _ in reply.chunks()]
        there = Address("127.0.0.1", near.port)
        leaving = outgoing(there, auth=Auth.NONE)
        with pytest.raises(ServerError) as asked:
            await sent(
                cloud_door(), leaving, permit(leaving, most_bytes=99),
                route=replace(ROUTE, place=Place.THIS_NETWORK),
            )  # fmt: skip
    text = f"{there} sent more than the 99 bytes allowed"
    assert (looked.value.message, asked.value.message) == (text, text)


@pytest.mark.parametrize(
    ("recorded", "address", "message", "hint"),
    [
        (None, None, "a prompt without an address does not go through the door", ""),
        (None, Address(NAME, 443, True), "nothing keeps a record here, so nothing goes to the cloud", ""),
        (False, Address(NAME, 443, True), "the permit is not on record, so nothing was sent", "send again"),
    ],
)  # fmt: skip
async def test_why_a_prompt_is_stopped_in_words(
    recorded: bool | None, address: Address | None, message: str, hint: str
) -> None:
    door = cloud_door(recorded=None if recorded is None else lambda _: recorded)
    leaving = replace(outgoing(Address(NAME, 443)), address=address)
    with pytest.raises(RefusedError) as refused:
        await sent(door, leaving)
    assert (refused.value.message, refused.value.hint) == (message, hint)

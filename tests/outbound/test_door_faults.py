"""Hostile servers of the cloud: each ends in a clear error, soon, with bounded memory, and never in a second request."""

import asyncio
import tracemalloc
from dataclasses import replace

import pytest

from assistant.domain.errors import RefusedError, ServerError, ServerFault
from assistant.domain.places import Address
from tests.outbound.cloud_rig import (
    BODY,
    END,
    HASTY,
    HEAD,
    PATIENT,
    ROUTE,
    Say,
    chunk,
    cloud,
    cloud_door,
    leads_to,
    outgoing,
    permit,
    says,
    sent,
)

LONGER = replace(HASTY, head_s=5)


def endless(start: bytes, piece: bytes) -> Say:
    """Goes on until the other side hangs up."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return say


def drips(start: bytes, piece: bytes) -> Say:
    """A byte or so at a time, soon enough never to be called silent."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    return say


@pytest.mark.parametrize(
    ("say", "fault"),
    [
        (says(), ServerFault.SILENT),
        (says(HEAD), ServerFault.SILENT),
        (says(HEAD, chunk(b"one")), ServerFault.SILENT),
        (drips(b"HTTP/1.1 200 OK\r\n", b"x"), ServerFault.SILENT),
        (drips(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"), ServerFault.SILENT),
        (drips(HEAD, b"0"), ServerFault.SILENT),
        (drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), ServerFault.SILENT),
        (endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100), ServerFault.CUT),
        (endless(b"HTTP/1.1 200 OK\r\nx-a: ", b"y" * 9_000), ServerFault.CUT),
        (endless(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n" * 1_000), ServerFault.CUT),
        (endless(b"", b"z" * 9_000), ServerFault.CUT),
        (endless(HEAD, b"0" * 9_000), ServerFault.CUT),
        (endless(HEAD + b"1;", b"e" * 9_000), ServerFault.CUT),
        (endless(HEAD + b"0\r\n", b"x-t: railer\r\n" * 1_000), ServerFault.CUT),
        (says(b"HTTP/1.1 101 Go\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nPRI *"), ServerFault.CUT),
        (says(b"\x16\x03\x01 noise\r\n\r\n"), ServerFault.CUT),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), ServerFault.CUT),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), ServerFault.CUT),
    ],
)  # fmt: skip
async def test_how_it_ends(say: Say, fault: ServerFault) -> None:
    patience = HASTY if fault is ServerFault.SILENT else PATIENT
    async with cloud(say, stays=True) as far:
        with pytest.raises(ServerError) as raised:
            async with asyncio.timeout(20):
                await sent(cloud_door(), outgoing(far.address), patience=patience)
    assert raised.value.fault is fault
    assert len(far.calls) == 1


async def test_a_drip_without_end_ends_all_the_same() -> None:
    door = cloud_door(longest_seconds=0.3)
    async with cloud(drips(HEAD, chunk(b".")), stays=True) as far:
        with pytest.raises(ServerError, match="did not come to an end") as raised:
            async with asyncio.timeout(20):
                await sent(door, outgoing(far.address))
    assert raised.value.fault is ServerFault.SILENT


@pytest.mark.parametrize(
    ("say", "most"),
    [
        (endless(HEAD, chunk(b"g" * 60_000)), 2_000_000),
        (endless(HEAD, chunk(b"\n") * 1_000), 4_000),
        (
            endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b"g" * 60_000),
            2_000_000,
        ),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"g" * 60_000), 2_000_000),
    ],
    ids=["chunks", "tiny chunks", "declared", "until it closes"],
)
async def test_a_gigabyte_is_cut_where_the_permit_ends(say: Say, most: int) -> None:
    door = cloud_door()
    async with cloud(say) as far:
        leaving = outgoing(far.address)
        leave = permit(leaving, most_bytes=most)
        taken = 0
        tracemalloc.start()
        try:
            with pytest.raises(ServerError, match=f"more than the {most:,} bytes"):
                async with door.send(leave, ROUTE, leaving, LONGER) as reply:
                    async for piece in reply.chunks():
                        taken += len(piece)
            memory = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert taken <= most
    assert memory < 4_000_000
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.received_bytes < most * 8 + 400_000


async def test_a_flood_of_tiny_pieces_leaves_room_for_the_others() -> None:
    """Hundreds of pieces lie ready after each read: whoever draws the screen has to get its turn between them."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    async with cloud(says(HEAD + chunk(b"x") * 5_000 + END)) as far:
        leaving = outgoing(far.address)
        async with cloud_door().send(permit(leaving), ROUTE, leaving, LONGER) as reply:
            before = turns
            assert len(b"".join([piece async for piece in reply.chunks()])) == 5_000
    task.cancel()
    assert turns - before > 50


async def test_chunks_that_are_mostly_frame_are_cut_too() -> None:
    """A byte of text in each kilobyte: the permit's number would be reached after a gigabyte."""
    wasteful = b"1;" + b"e" * 1_000 + b"\r\nx\r\n"
    door = cloud_door()
    async with cloud(endless(HEAD, wasteful * 50)) as far:
        leaving = outgoing(far.address)
        with pytest.raises(ServerError) as raised:
            await sent(door, leaving, permit(leaving, most_bytes=100_000))
    assert raised.value.fault is ServerFault.CUT
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.received_bytes < 2_000_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_never_followed(status: int) -> None:
    async with cloud() as away:
        to = f"https://cloud.example:{away.port}/"
        head = f"HTTP/1.1 {status} Go\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
        async with cloud(says(head)) as far:
            leaving = outgoing(far.address)
            async with cloud_door().send(permit(leaving), ROUTE, leaving, HASTY) as reply:
                assert reply.status == status
                assert [piece async for piece in reply.chunks()] == []
        assert len(far.calls) == 1
        assert away.calls == []


async def test_cookies_are_not_kept() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    door = cloud_door()
    async with cloud(says(head)) as far:
        for name in ("one", "two"):
            leaving = outgoing(far.address)
            await sent(door, leaving, permit(leaving, id=name))
        assert len(far.calls) == 2
    assert b"ookie" not in b"".join(far.heard)


async def test_escapes_in_a_header_are_made_harmless() -> None:
    head = b"HTTP/1.1 429 \x1b[2J\r\nRetry-After: 5\x1b[31m\r\nx-a: \x9b1m\r\nContent-Length: 0\r\n\r\n"  # fmt: skip
    async with cloud(says(head)) as far:
        leaving = outgoing(far.address)
        async with cloud_door().send(permit(leaving), ROUTE, leaving, HASTY) as reply:
            assert reply.status == 429
            told = "".join(reply.headers.values())
    assert "\x1b" not in told
    assert "\x9b" not in told
    assert reply.headers["retry-after"].startswith("5")


async def test_an_encoding_that_was_not_asked_for_is_not_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    async with cloud(says(head)) as far:
        with pytest.raises(ServerError, match="encoding"):
            await sent(cloud_door(), outgoing(far.address))


async def test_two_sends_at_once_do_not_mix() -> None:
    """Each has a connection, a seal and a receipt of its own."""
    door = cloud_door()
    async with cloud() as far:
        leavings = [outgoing(far.address, body=BODY * (n + 1)) for n in range(8)]
        answers = await asyncio.gather(
            *(
                sent(door, each, permit(each, id=f"p{n}"), replace(HASTY, head_s=5))
                for n, each in enumerate(leavings)
            )
        )
    assert answers == [b"hello back"] * 8
    assert len(far.calls) == 8
    receipts = [door.receipt(f"p{n}") for n in range(8)]
    assert [r.sent_bytes for r in receipts if r] == [len(each.body) for each in leavings]


async def test_one_who_stops_waiting_hangs_up_and_the_receipt_says_that_it_left() -> None:
    door = cloud_door()
    async with cloud(says(), stays=True) as far:
        leaving = outgoing(far.address)
        task = asyncio.create_task(sent(door, leaving, patience=replace(HASTY, head_s=60)))
        async with asyncio.timeout(10):
            while not far.heard:
                await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.sent_bytes == len(BODY)


async def test_a_resolver_that_fails_leaves_nothing_behind() -> None:
    async def fails(_host: str, _port: int) -> tuple[str, ...]:
        raise OSError("no such name")

    door = cloud_door(look=fails)
    with pytest.raises(ServerError, match="no address here"):
        await sent(door, outgoing(Address("cloud.example", 443, secure=True)))
    door = cloud_door(look=leads_to("not an address"))
    with pytest.raises(RefusedError, match="not a public address"):
        await sent(door, outgoing(Address("cloud.example", 443, secure=True)))

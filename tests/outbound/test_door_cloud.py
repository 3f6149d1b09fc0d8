"""The door to the cloud: what it takes for one byte to leave, each thing missing alone, and what is on the receipt."""

import asyncio
import hashlib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from assistant.domain.errors import RefusedError, ServerError, StorageError
from assistant.domain.permit import Outgoing, Permit, Receipt
from assistant.domain.places import Address, Place, Route
from assistant.domain.secret import Auth, Secret
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports.leaving import Receipts
from tests.outbound.cloud_rig import (
    BODY,
    CLOUD_PEM,
    HASTY,
    HEADERS,
    KEY,
    NAME,
    ROUTE,
    Keys,
    cloud,
    cloud_door,
    leads_to,
    outgoing,
    permit,
    sent,
    trusting,
)

NOTHING = Receipt(0, 0, "", "")


async def test_what_was_allowed_leaves_with_the_key_and_nothing_else() -> None:
    async with cloud() as far:
        assert await sent(cloud_door(), outgoing(far.address)) == b"hello back"
    [request] = far.heard
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == BODY
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /v1/messages HTTP/1.1"
    assert sorted(line.lower() for line in lines) == [
        "accept-encoding: identity",
        "anthropic-version: 2023-06-01",
        "connection: close",
        f"content-length: {len(BODY)}",
        "content-type: application/json",
        f"host: {NAME}:{far.port}",
        "user-agent: assistant",
        f"x-api-key: {KEY}",
    ]


@pytest.mark.parametrize(
    ("auth", "line"),
    [
        (Auth.BEARER, f"Authorization: Bearer {KEY}"),
        (Auth.X_API_KEY, f"x-api-key: {KEY}"),
        (Auth.API_KEY, f"api-key: {KEY}"),
        (Auth.NONE, ""),
    ],
)
async def test_the_key_stands_in_the_header_that_the_route_asks_for(auth: Auth, line: str) -> None:
    async with cloud() as far:
        await sent(door := cloud_door(), outgoing(far.address, auth=auth))
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.keyed is bool(line)
    with_key = [each for each in far.heard[0].decode().split("\r\n") if KEY in each]
    assert with_key == ([line] if line else [])


async def test_the_receipt_says_what_was_seen_and_is_given_once() -> None:
    door = cloud_door()
    async with cloud() as far:
        await sent(door, outgoing(far.address))
    receipts: Receipts = door
    receipt = receipts.receipt("p1")
    assert receipt is not None
    certificate = ssl.PEM_cert_to_DER_cert(CLOUD_PEM.read_text().partition("\n")[2].partition("-----BEGIN PRIVATE")[0])  # fmt: skip
    assert receipt.ip == "127.0.0.1"
    assert receipt.tls_peer == hashlib.sha256(certificate).hexdigest()
    assert receipt.sent_bytes == len(BODY)
    assert receipt.received_bytes > len(b"hello back")
    assert receipt.status == 200
    assert door.receipt("p1") is None
    assert door.receipt("never") is None


async def test_a_receipt_can_be_had_while_the_request_is_open() -> None:
    door = cloud_door()
    async with cloud(stays=True) as far:
        leaving = outgoing(far.address)
        async with door.send(permit(leaving), ROUTE, leaving, HASTY):
            receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.sent_bytes == len(BODY)


async def test_receipts_that_nobody_takes_are_not_kept_for_ever() -> None:
    door = cloud_door()
    for number in range(300):
        leaving = outgoing(Address(NAME, 1, secure=True))
        with pytest.raises(RefusedError):
            await sent(door, leaving, permit(leaving, id=str(number), expires_at_ms=1))
    assert door.receipt("0") is None
    assert door.receipt("299") == NOTHING


Wrong = Callable[[Outgoing], tuple[Outgoing, Permit, Route]]


def wrongs() -> Iterator[tuple[str, Wrong]]:
    """Each thing that a permit is bound to, wrong by itself."""
    other = replace(ROUTE, id="acme-us")
    yield "another text", lambda o: (replace(o, body=BODY + b" "), permit(o), ROUTE)
    yield "another text", lambda o: (replace(o, headers=()), permit(o), ROUTE)
    yield "another text", lambda o: (replace(o, target="/v1/other"), permit(o), ROUTE)
    yield "has expired", lambda o: (o, permit(o, expires_at_ms=1), ROUTE)
    yield "not for acme-us", lambda o: (o, permit(o), other)
    yield "another address", lambda o: (replace(o, address=Address(NAME, 1, True)), permit(o), ROUTE)  # fmt: skip
    yield "another address", lambda o: (o, permit(o, address=Address("evil.example", o_port(o), True)), ROUTE)  # fmt: skip


def o_port(leaving: Outgoing) -> int:
    assert leaving.address is not None
    return leaving.address.port


@pytest.mark.parametrize(("words", "wrong"), list(wrongs()))
async def test_a_permit_for_something_else_lets_nothing_out(words: str, wrong: Wrong) -> None:
    door = cloud_door()
    async with cloud() as far:
        leaving, leave, route = wrong(outgoing(far.address))
        with pytest.raises(RefusedError, match=words):
            await sent(door, leaving, leave, route=route)
    assert far.calls == []
    assert door.receipt("p1") == NOTHING


async def test_a_permit_is_good_once_and_its_receipt_stays_that_of_the_one_send() -> None:
    door = cloud_door()
    async with cloud() as far:
        leaving = outgoing(far.address)
        await sent(door, leaving)
        with pytest.raises(RefusedError, match="has been used"):
            await sent(door, leaving)
        assert len(far.calls) == 1
        receipt = door.receipt("p1")
        assert receipt is not None
        assert receipt.sent_bytes == len(BODY)
        with pytest.raises(RefusedError, match="has been used"):
            await sent(door, leaving)
    assert door.receipt("p1") is None


async def test_no_write_no_send() -> None:
    asked: list[str] = []

    def not_there(leave: str) -> bool:
        asked.append(leave)
        return False

    door = cloud_door(recorded=not_there)
    async with cloud() as far:
        with pytest.raises(RefusedError, match="not on record"):
            await sent(door, outgoing(far.address))
    assert far.calls == []
    assert asked == ["p1"]
    assert door.receipt("p1") == NOTHING


async def test_a_record_that_cannot_be_read_is_no_record() -> None:
    def broken(_leave: str) -> bool:
        raise StorageError("the journal cannot be read")

    async with cloud() as far:
        with pytest.raises(StorageError):
            await sent(cloud_door(recorded=broken), outgoing(far.address))
    assert far.calls == []


async def test_without_a_record_nothing_goes_to_the_cloud() -> None:
    async with cloud() as far:
        with pytest.raises(RefusedError, match="nothing keeps a record"):
            await sent(cloud_door(recorded=None), outgoing(far.address))
    assert far.calls == []


@pytest.mark.parametrize(
    ("place", "host", "asked"),
    [
        (Place.THIS_MACHINE, "127.0.0.1", False),
        (Place.THIS_NETWORK, "127.0.0.1", True),
        (Place.CLOUD, "127.0.0.1", True),
        (Place.THIS_MACHINE, "box.local", True),
    ],
)
async def test_what_leaves_this_machine_is_looked_for_on_the_record(
    place: Place, host: str, asked: bool
) -> None:
    seen: list[str] = []

    def remembered(leave: str) -> bool:
        seen.append(leave)
        return True

    async with cloud(pem=None) as far:
        leaving = outgoing(Address(host, far.port), auth=Auth.NONE)
        route = replace(ROUTE, place=place)
        door = cloud_door(recorded=remembered)
        assert await sent(door, leaving, route=route) == b"hello back"
    assert bool(seen) is asked


@pytest.mark.parametrize(
    ("keys", "auth", "words", "hint"),
    [
        (Keys(None), Auth.X_API_KEY, "no key for acme-eu", "assistant routes key acme-eu"),
        (Keys(""), Auth.BEARER, "characters that no key has", "assistant routes key"),
        (Keys(KEY + "\n"), Auth.BEARER, "characters that no key has", "assistant routes key"),
        (Keys(KEY + "\r\nx: y"), Auth.API_KEY, "characters that no key has", ""),
        (Keys(KEY + "é"), Auth.X_API_KEY, "characters that no key has", ""),
        (Keys(host="other.example"), Auth.X_API_KEY, "another host", ""),
        (Keys(), Auth.OTHER, "no way to give acme-eu its key", ""),
    ],
)
async def test_without_a_fitting_key_nobody_is_called(
    keys: Keys, auth: Auth, words: str, hint: str
) -> None:
    async with cloud() as far:
        with pytest.raises(RefusedError, match=words) as raised:
            await sent(cloud_door(keys=keys), outgoing(far.address, auth=auth))
    assert far.calls == []
    assert hint in raised.value.hint
    told = f"{raised.value!r} {raised.value} {raised.value.hint} {raised.value.__cause__!r}"
    assert KEY not in told


async def test_a_door_without_keys_sends_to_no_route_that_needs_one() -> None:
    async with cloud() as far:
        door = Door(SystemClock(), trusting(), recorded=lambda _: True, look=leads_to("127.0.0.1"))
        with pytest.raises(RefusedError, match="no key"):
            await sent(door, outgoing(far.address))
    assert far.calls == []


async def test_the_key_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with cloud(stays=True, say=_nothing) as far:
        with pytest.raises(ServerError, match="fell silent") as raised:
            await sent(cloud_door(), outgoing(far.address, auth=Auth.BEARER), patience=HASTY)
    assert KEY.encode() in far.heard[0]
    assert KEY not in caplog.text
    chain: BaseException | None = raised.value
    while chain is not None:
        assert KEY not in f"{chain!r} {chain}"
        chain = chain.__cause__ or chain.__context__
    assert KEY not in repr(Secret(KEY))


async def _nothing(_writer: asyncio.StreamWriter) -> None:
    return None


@pytest.mark.parametrize(
    "header",
    [
        ("x-a", "one\r\nx-b: two"),
        ("x-a", "one\ntwo"),
        ("x-a", "\x1b[31m"),
        ("x-a", "ä"),
        ("x-a", " "),
        ("X-A", "upper"),
        ("x a", "1"),
        ("", "1"),
        ("host", "evil.example"),
        ("content-length", "1"),
        ("transfer-encoding", "chunked"),
        ("authorization", "Bearer x"),
        ("x-api-key", "x"),
        ("api-key", "x"),
        ("cookie", "a=b"),
        ("referer", "https://a.example/"),
        ("user-agent", "me"),
        ("proxy-authorization", "Basic x"),
        ("x-forwarded-for", "192.168.1.2"),
        HEADERS[0],
    ],
)
async def test_a_header_that_is_none_or_not_the_wires_stops_the_send(
    header: tuple[str, str],
) -> None:
    async with cloud() as far:
        leaving = outgoing(far.address, headers=(*HEADERS, header))
        with pytest.raises(RefusedError, match="header"):
            await sent(cloud_door(), leaving)
    assert far.calls == []


@pytest.mark.parametrize("target", ["", "v1", "/a b", "/a\r\nHost: evil", "/a#b", "/ä"])
async def test_a_target_that_is_none_stops_the_send(target: str) -> None:
    async with cloud() as far:
        with pytest.raises(RefusedError, match="target"):
            await sent(cloud_door(), outgoing(far.address, target=target))
    assert far.calls == []


async def test_a_permit_that_runs_out_while_the_connection_is_made_lets_nothing_out() -> None:
    class Clock(SystemClock):
        ms = 1_000

        def now_ms(self) -> int:
            return self.ms

    clock = Clock()

    async def slowly(_host: str, _port: int) -> tuple[str, ...]:
        clock.ms = 2_000
        return ("127.0.0.1",)

    async with cloud() as far:
        door = Door(
            clock, trusting(), keys=Keys(), recorded=lambda _: True, look=slowly,
            public=lambda _: True,
        )  # fmt: skip
        leaving = outgoing(far.address)
        with pytest.raises(RefusedError, match="has expired") as refused:
            await sent(door, leaving, permit(leaving, expires_at_ms=2_000))
    told = refused.value.message, refused.value.hint
    assert told == ("the permit has expired", "send the message again")
    assert far.heard == []
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.sent_bytes == 0


async def test_a_long_text_arrives_whole() -> None:
    body = bytes(range(256)) * 8_000
    async with cloud() as far:
        door = cloud_door()
        patience = replace(HASTY, head_s=10)
        await sent(door, outgoing(far.address, body=body), patience=patience)
    assert far.heard[0].endswith(body)
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.sent_bytes == len(body)


async def test_one_who_hangs_up_in_the_middle_of_a_long_text_got_no_more_than_the_receipt_says() -> None:  # fmt: skip
    body = b"x" * 50_000_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(300_000)
        writer.transport.abort()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CLOUD_PEM)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    door = cloud_door()
    with pytest.raises(ServerError):
        await sent(door, outgoing(Address(NAME, port, secure=True), body=body))
    server.close()
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.sent_bytes is not None
    assert 200_000 < receipt.sent_bytes < len(body)

"""The machines of a company: a proxy and a file of authorities, from the settings and from nowhere else."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from assistant.domain.control import Control, ControlPermit
from assistant.domain.downloads import PURPOSE, DownloadPermit, Hop
from assistant.domain.errors import (
    FetchError,
    RefusedError,
    ServerError,
    ServerFault,
    SettingsError,
)
from assistant.domain.permit import Receipt
from assistant.domain.places import Address, Place
from assistant.domain.secret import Auth
from assistant.domain.settings import NetworkSettings
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.outbound.near import is_public
from assistant.outbound.ways import Ways, proxy_address
from tests.outbound.cloud_rig import (
    BODY,
    CLOUD_PEM,
    HASTY,
    KEY,
    LOCALHOST_PEM,
    NAME,
    ROUTE,
    Keys,
    cloud,
    cloud_door,
    is_loopback,
    leads_to,
    outgoing,
    permit,
    sent,
    trusting,
)

NOTHING = Receipt(0, 0, "", "")


@dataclass
class Proxy:
    """A CONNECT proxy on loopback; everything leads to `target` of this machine."""

    url: str = ""
    target: int = 0
    answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
    asked: list[bytes] = field(default_factory=list)
    passed: bytearray = field(default_factory=bytearray)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            await writer.drain()
            if b" 200 " in self.answer and self.target:
                await self.pass_on(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            await asyncio.gather(self.copy(reader, far_writer), self.copy(far_reader, writer))
        finally:
            far_writer.close()

    async def copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            self.passed += data
            sink.write(data)
            await sink.drain()
        sink.close()


@asynccontextmanager
async def proxy(target: int = 0, *, secure: bool = False) -> AsyncIterator[Proxy]:
    """Runs it; with `secure` it is spoken to over TLS and proves to be localhost."""
    seen, tasks = Proxy(target=target), set[asyncio.Task[None]]()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(seen.serve(reader, writer)))

    context = None
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(LOCALHOST_PEM)
    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    seen.url = f"https://localhost:{port}" if secure else f"http://127.0.0.1:{port}"
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def only_the_proxy(host: str, _port: int) -> Sequence[str]:
    """A resolver of a network that knows no name of the world outside."""
    if host != "localhost":
        raise OSError("no such name")
    return ("127.0.0.1",)


def through(middle: Proxy, **other: object) -> Door:
    return cloud_door(
        network=NetworkSettings(proxy=middle.url),
        look=only_the_proxy,
        trust=trusting(CLOUD_PEM, LOCALHOST_PEM),
        **other,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("secure", [False, True])
async def test_a_prompt_goes_through_the_proxy_which_sees_the_name_and_nothing_else(
    secure: bool,
) -> None:
    async with cloud() as far, proxy(far.port, secure=secure) as middle:
        door = through(middle)
        assert await sent(door, outgoing(far.address)) == b"hello back"
    [asked] = middle.asked
    assert asked.startswith(f"CONNECT {NAME}:{far.port} HTTP/1.1\r\n".encode())
    assert KEY.encode() not in asked + middle.passed
    assert b"hello" not in asked + middle.passed
    assert far.heard[0].endswith(BODY)
    receipt = door.receipt("p1")
    assert receipt is not None
    assert (receipt.ip, receipt.sent_bytes) == ("127.0.0.1", len(BODY))
    assert len(receipt.tls_peer) == 64


async def test_who_answers_behind_the_proxy_has_to_prove_the_name() -> None:
    async with cloud(pem=LOCALHOST_PEM) as far, proxy(far.port) as middle:
        door = through(middle)
        with pytest.raises(ServerError, match="did not prove who it is"):
            await sent(door, outgoing(far.address))
    assert far.heard == []
    receipt = door.receipt("p1")
    assert receipt is not None
    assert (receipt.sent_bytes, receipt.tls_peer) == (0, "")


async def test_a_proxy_that_cannot_prove_itself_is_not_asked() -> None:
    async with cloud() as far, proxy(far.port, secure=True) as middle:
        door = cloud_door(network=NetworkSettings(proxy=middle.url), look=only_the_proxy)
        with pytest.raises(ServerError, match="did not prove who it is"):
            await sent(door, outgoing(far.address))
    assert middle.asked == []
    assert far.calls == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 \x1b[2JWho\r\nContent-Length: 0\r\n\r\n", "it says 407"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "it says 403"),
        (b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "it says 302"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "was cut"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000, "was cut"),
        (b"HTTP/1.1 200 OK\r\n\r\nnoise that is no TLS", "cannot be reached|was cut|fell silent"),
        (b"", "fell silent|was cut"),
    ],
)
async def test_a_proxy_that_refuses_or_talks_nonsense(answer: bytes, words: str) -> None:
    async with proxy() as middle:
        middle.answer = answer
        door = through(middle)
        with pytest.raises(ServerError, match=words) as raised:
            await sent(door, outgoing(Address(NAME, 443, secure=True)))
    assert "\x1b" not in f"{raised.value} {raised.value.hint}"
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.sent_bytes == 0


async def test_a_proxy_that_is_not_there_is_named() -> None:
    network = NetworkSettings(proxy="http://127.0.0.1:1")
    with pytest.raises(ServerError, match=r"through the proxy 127.0.0.1:1") as raised:
        await sent(cloud_door(network=network), outgoing(Address(NAME, 443, secure=True)))
    assert raised.value.fault is ServerFault.UNREACHABLE


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "fd00::1", "box", "box.local"])
async def test_what_is_near_by_its_look_is_not_asked_of_the_proxy(host: str) -> None:
    ways = Ways(leads_to("192.168.1.9"), is_public, "http://192.168.1.1:3128")
    address = Address(host, 443, secure=True)
    assert (await ways.for_prompt(address, Place.CLOUD, 1)).proxy is None
    assert (await ways.for_prompt(address, Place.THIS_NETWORK, 1)).proxy is None


@pytest.mark.parametrize("host", ["224.0.0.1", "100.64.0.1", "::10.0.0.1", "2001:db8::1"])
async def test_an_address_that_is_not_public_is_not_asked_of_the_proxy(host: str) -> None:
    ways = Ways(leads_to("192.168.1.1"), is_public, "http://192.168.1.1:3128")
    with pytest.raises(RefusedError, match="not a public address"):
        await ways.for_prompt(Address(host, 443, secure=True), Place.CLOUD, 1)


async def test_a_public_address_goes_through_the_proxy_too() -> None:
    host = "93.184.215.14"
    async with proxy() as middle:
        middle.answer = b"HTTP/1.1 503 No\r\n\r\n"
        door = through(middle, keys=Keys(host=host), public=lambda ip: ip == host)
        with pytest.raises(ServerError, match="503"):
            await sent(door, outgoing(Address(host, 443, secure=True)))
        with pytest.raises(RefusedError, match="use its name"):
            await sent(
                through(middle, keys=Keys(host="2606:2800:21f::1"), public=lambda _: True),
                outgoing(Address("2606:2800:21f::1", 443, secure=True)),
            )
    assert [line.split(b"\r\n")[0] for line in middle.asked] == [
        f"CONNECT {host}:443 HTTP/1.1".encode()
    ]


async def test_what_is_near_is_reached_without_the_proxy() -> None:
    async with cloud(pem=None) as near, proxy() as middle:
        door = through(middle)
        gateway = outgoing(Address("localhost", near.port), auth=Auth.NONE)
        assert await sent(door, gateway) == b"hello back"
        look = ControlPermit(
            "c", Control.LOOK, Address("localhost", near.port), "GET", "/", b"", 2**60, 99
        )
        async with door.control(look, HASTY) as reply:
            assert reply.status == 200
    assert middle.asked == []


@pytest.mark.parametrize(
    ("ip", "by_proxy"), [("127.0.0.1", False), (None, True), ("93.1.1.1", True)]
)
async def test_a_look_at_a_server_with_tls_takes_the_proxy_where_it_is_not_near(
    ip: str | None, by_proxy: bool
) -> None:
    async def look(host: str, _port: int) -> Sequence[str]:
        if host == NAME and ip is None:
            raise OSError("no such name")
        return (ip or "127.0.0.1",) if host == NAME else ("127.0.0.1",)

    async with cloud() as far, proxy(far.port) as middle:
        door = Door(SystemClock(), trusting(), network=NetworkSettings(proxy=middle.url), look=look)
        ask = ControlPermit("c", Control.LOOK, far.address, "GET", "/", b"", 2**60, 99)
        async with door.control(ask, HASTY) as reply:
            assert b"".join([piece async for piece in reply.chunks()]) == b"hello back"
    assert bool(middle.asked) is by_proxy


async def test_a_download_goes_through_the_proxy() -> None:
    async with cloud() as far, proxy(far.port) as middle:
        leave = DownloadPermit("d", PURPOSE, Hop(NAME, far.port, "/file"), 99, 2**60)
        async with through(middle).get(leave) as answer:
            assert b"".join([piece async for piece in answer.chunks()]) == b"hello back"
        middle.answer = b"HTTP/1.1 407 Who\r\n\r\n"
        with pytest.raises(FetchError, match="nothing through"):
            async with through(middle).get(replace(leave, id="e")) as answer:
                pass
    assert len(middle.asked) == 2


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("http://proxy.example:3128", Address("proxy.example", 3128)),
        ("http://proxy.example:3128/", Address("proxy.example", 3128)),
        ("http://Proxy.Example", Address("proxy.example", 80)),
        ("https://10.0.0.1", Address("10.0.0.1", 443, secure=True)),
        ("http://[fd00::1]:8080", Address("fd00::1", 8080)),
    ],
)
def test_how_a_proxy_is_written(written: str, address: Address) -> None:
    assert proxy_address(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "proxy.example:3128",
        "socks5://proxy.example:1080",
        "http://",
        "http://:3128",
        "http://proxy.example:0",
        "http://proxy.example:99999",
        "http://proxy.example:3128/path",
        "http://proxy.example:3128?a=b",
        "http://proxy .example:3128",
        "http://próxy.example:3128",
        "http://proxy.example\r\nx:3128",
    ],
)
async def test_a_proxy_that_is_none_stops_everything_that_would_need_it(written: str) -> None:
    door = cloud_door(network=NetworkSettings(proxy=written))
    async with cloud() as far:
        with pytest.raises(SettingsError, match=r"network\.proxy"):
            await sent(door, outgoing(far.address))
        leave = DownloadPermit("d", PURPOSE, Hop("localhost", far.port, "/"), 99, 2**60)
        with pytest.raises(SettingsError, match=r"network\.proxy"):
            async with door.get(leave):
                pass
    assert far.calls == []
    assert door.receipt("p1") == NOTHING


def test_a_password_of_a_proxy_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="readable on the disk") as raised:
        proxy_address("http://me:sesame@proxy.example:3128")
    assert "sesame" not in f"{raised.value!r} {raised.value} {raised.value.hint}"


async def test_the_authorities_of_the_settings_are_trusted_in_place_of_the_public_ones() -> None:
    async with cloud() as far:
        door = cloud_door(network=NetworkSettings(ca_bundle=str(CLOUD_PEM)))
        assert await sent(door, outgoing(far.address)) == b"hello back"
        leave = DownloadPermit("d", PURPOSE, Hop(NAME, far.port, "/"), 99, 2**60)
        async with door.get(leave) as answer:
            assert answer.status == 200
        door = cloud_door(network=NetworkSettings(ca_bundle=str(LOCALHOST_PEM)))
        with pytest.raises(ServerError, match="did not prove"):
            await sent(door, outgoing(far.address))
    assert len(far.heard) == 2


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "no certificates", "relative"])
async def test_authorities_that_cannot_be_read_stop_the_send(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "no certificates":
        path.write_text("hello\n")
    named = "ca.pem" if kind == "relative" else str(path)
    door = cloud_door(network=NetworkSettings(ca_bundle=named))
    async with cloud() as far:
        with pytest.raises(SettingsError, match=r"network\.ca_bundle") as raised:
            await sent(door, outgoing(far.address))
        leave = DownloadPermit("d", PURPOSE, Hop(NAME, far.port, "/"), 99, 2**60)
        with pytest.raises(SettingsError):
            async with door.get(leave):
                pass
    assert named in raised.value.message
    assert far.calls == []
    assert door.receipt("p1") == NOTHING


async def test_the_settings_are_only_read_where_they_are_needed() -> None:
    """A broken proxy or file does not stop what never leaves this network."""
    network = NetworkSettings(proxy="nonsense", ca_bundle="nowhere")
    door = Door(SystemClock(), network=network, public=is_loopback, look=leads_to("127.0.0.1"))
    async with cloud(pem=None) as near:
        ask = ControlPermit(
            "c", Control.LOOK, Address("127.0.0.1", near.port), "GET", "/", b"", 2**60, 99
        )
        async with door.control(ask, HASTY) as reply:
            assert reply.status == 200


async def test_a_permit_is_spent_by_a_send_that_the_settings_stopped() -> None:
    door = cloud_door(network=NetworkSettings(proxy="nonsense"))
    leaving = outgoing(Address(NAME, 443, secure=True))
    with pytest.raises(SettingsError):
        await sent(door, leaving, permit(leaving), route=ROUTE)
    with pytest.raises(RefusedError, match="used"):
        await sent(door, leaving, permit(leaving), route=ROUTE)

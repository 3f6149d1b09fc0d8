"""A cloud on loopback: a server with a certificate of its own, a resolver that leads there, and the leave to send to it.

Its addresses stand for public ones: the door is given a resolver and is told that loopback is the open Internet, which are
arguments of its constructor and settings of nobody.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.domain.decisions import Decision, Verdict
from assistant.domain.errors import RefusedError
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Address, Place, Route
from assistant.domain.secret import Auth, Secret
from assistant.domain.sensitivity import Label
from assistant.domain.settings import NetworkSettings
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.outbound.near import LookUp
from assistant.ports import Patience

HERE = Path(__file__).parent
CLOUD_PEM, LOCALHOST_PEM = HERE / "cloud.pem", HERE / "localhost.pem"
NAME = "cloud.example"
ROUTE = Route("acme-eu", Place.CLOUD, "cloud", "large")
KEY = "sk-test-0123456789abcdef"
BODY = b'{"model":"large","messages":[{"role":"user","content":"hello"}]}'
HEADERS = (("content-type", "application/json"), ("anthropic-version", "2023-06-01"))
HASTY = Patience(connect_s=1, head_s=0.4, first_s=0.4, silence_s=0.4)
"""For who falls silent. A busy machine is silent for as long, too."""

PATIENT = Patience(connect_s=10, head_s=10, first_s=10, silence_s=10)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
DECISION = Decision("d", Verdict.ALLOW, "r", (), Label.NORMAL)

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


def says(*pieces: bytes, pause_s: float = 0) -> Say:
    """A server that says `pieces`, one after the other."""

    async def say(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return say


ANSWER = says(HEAD, chunk(b"hello back"), END)


@dataclass
class Cloud:
    """What was heard: whole requests; and how often somebody called, whether or not they said anything."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    calls: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> Address:
        return Address(NAME, self.port, secure=True)

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, say: Say, stays: bool
    ) -> None:
        """One caller."""
        self.calls.append(b"")
        try:
            self.heard.append(await read_request(reader))
            await say(writer)
            if stays:
                await reader.read()
        except asyncio.IncompleteReadError as cut:
            self.calls[-1] = cut.partial
        except OSError:
            # The door hung up.
            pass
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """A request with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)


@asynccontextmanager
async def cloud(
    say: Say = ANSWER, pem: Path | None = CLOUD_PEM, stays: bool = False
) -> AsyncIterator[Cloud]:
    """Runs a server. `pem` None: without TLS; `stays` keeps the line open after the last word."""
    seen, tasks = Cloud(), set[asyncio.Task[None]]()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(seen.serve(reader, writer, say, stays)))

    context = None
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def leads_to(*ips: str) -> LookUp:
    """A resolver that knows one answer."""

    async def look(_host: str, _port: int) -> Sequence[str]:
        return ips

    return look


class Keys:
    """One key for one route at one host, as ports.leaving.Secrets has it."""

    store = "test"

    def __init__(self, key: str | None = KEY, host: str = NAME) -> None:
        self._key = key
        self._host = host

    def key(self, route: str, address: Address) -> Secret | None:
        if address.host != self._host:
            raise RefusedError("the key is for another host")
        return Secret(self._key) if self._key is not None and route == ROUTE.id else None

    def keep(self, route: str, address: Address, key: Secret) -> None:
        raise NotImplementedError

    def forget(self, route: str) -> None:
        raise NotImplementedError

    def locked(self) -> bool:
        return False

    def own(self) -> Collection[str]:
        return ()


def trusting(*pems: Path) -> ssl.SSLContext:
    """Trusts exactly these."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for pem in pems or (CLOUD_PEM,):
        context.load_verify_locations(pem)
    return context


def is_loopback(ip: str) -> bool:
    """What stands for the open Internet here."""
    return ip in ("127.0.0.1", "127.0.0.2", "127.0.0.3")


def cloud_door(
    *,
    keys: Keys | None = None,
    recorded: Callable[[str], bool] | None = lambda _permit: True,
    look: LookUp | None = None,
    public: Callable[[str], bool] = is_loopback,
    trust: ssl.SSLContext | None = None,
    network: NetworkSettings | None = None,
    longest_seconds: float = 60.0,
) -> Door:
    """A door to the cloud on loopback; each argument alone makes one thing wrong."""
    return Door(
        SystemClock(),
        trust or (None if network and network.ca_bundle else trusting()),
        network=network or NetworkSettings(),
        keys=keys or Keys(),
        recorded=recorded,
        look=look or leads_to("127.0.0.1"),
        public=public,
        longest_seconds=longest_seconds,
    )


def outgoing(address: Address, **other: object) -> Outgoing:
    """A prompt for the cloud."""
    plain = Outgoing(address, "/v1/messages", BODY, HEADERS, Auth.X_API_KEY)
    return replace(plain, **other)  # type: ignore[arg-type]


def permit(leaving: Outgoing, **other: object) -> Permit:
    """Leave for exactly that."""
    plain = Permit("p1", ROUTE.id, DECISION, leaving.address, leaving.digest, 2**60)
    return replace(plain, **other)  # type: ignore[arg-type]


async def sent(
    door: Door,
    leaving: Outgoing,
    leave: Permit | None = None,
    patience: Patience = PATIENT,
    route: Route = ROUTE,
) -> bytes:
    """Sends it and gives the answer."""
    async with door.send(leave or permit(leaving), route, leaving, patience) as reply:
        return b"".join([piece async for piece in reply.chunks()])

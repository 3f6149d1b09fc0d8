"""The one connection of a request: where it goes, what may be written before it is safe, and what is counted."""

import hashlib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field

import httpcore
import pytest

from assistant.domain.errors import RefusedError
from assistant.domain.permit import Outgoing, Receipt
from assistant.domain.places import Address
from assistant.outbound import wall
from assistant.outbound.line import Line, Tally, Wire
from assistant.outbound.receipts import ReceiptBook
from assistant.outbound.seal import Seal
from assistant.outbound.ways import Way

CLOUD = Address("a.example", 443, secure=True)
PLAIN = Address("box.local", 8000)
PROXY = Address("192.0.2.7", 3128)
SECURE_PROXY = Address("192.0.2.7", 3129, secure=True)
IPS = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
LEFT = Outgoing(None, "/v1", b"b" * 150_000)
REQUEST = b"POST /v1 HTTP/1.1\r\ncontent-length: 150000\r\n\r\n"
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class Certificate:
    """What a connection with TLS says of the far end."""

    der: bytes | None

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        assert binary_form is True
        return self.der


@dataclass
class Stream(httpcore.AsyncNetworkStream):
    """A connection that remembers what is done with it."""

    says: list[bytes] = field(default_factory=list)
    proof: Certificate | None = None
    done: list[tuple[object, ...]] = field(default_factory=list)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.done.append(("read", max_bytes, timeout))
        return self.says.pop(0)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.done.append(("write", bytes(buffer), timeout))

    async def aclose(self) -> None:
        self.done.append(("close",))

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.done.append(("tls", ssl_context, server_hostname, timeout))
        return self

    def get_extra_info(self, info: str) -> object:
        return self.proof if info == "ssl_object" else ("extra", info)


@dataclass
class Network(httpcore.AsyncNetworkBackend):
    """Refuses the first `fails` addresses; what it is asked for has to be open in the wall."""

    fails: int = 0
    how: type[Exception] = httpcore.ConnectError
    asked: list[tuple[object, ...]] = field(default_factory=list)
    stream: Stream = field(default_factory=Stream)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        assert wall._is_open((host, port))
        self.asked.append((host, port, timeout, local_address, socket_options))
        if len(self.asked) <= self.fails:
            raise self.how("no")
        return self.stream


def line(
    network: Network, way: Way | None = None, most: int = 10, seal: Seal | None = None
) -> Line:
    return Line(way or Way(CLOUD, IPS), Tally(), most, seal, network)


def wire(of: Line, stream: Stream, layers: int = 0) -> Wire:
    return Wire(stream, of, layers)


@pytest.mark.parametrize("how", [httpcore.ConnectError, httpcore.ConnectTimeout])
async def test_addresses_are_tried_in_turn_and_share_the_time(how: type[Exception]) -> None:
    network = Network(fails=2, how=how)
    of = line(network)
    options = [(1, 2, 3)]
    await of.connect_tcp("a.example", 443, 9.0, "here", options)
    assert network.asked == [
        ("192.0.2.1", 443, 3.0, "here", options),
        ("192.0.2.2", 443, 3.0, "here", options),
        ("192.0.2.3", 443, 3.0, "here", options),
    ]
    assert of.tally == Tally(ip="192.0.2.3")


async def test_the_first_address_that_answers_is_the_only_one() -> None:
    network = Network()
    of = line(network)
    await of.connect_tcp("a.example", 443, 9.0)
    assert network.asked == [("192.0.2.1", 443, 3.0, None, None)]
    assert of.tally.ip == "192.0.2.1"


async def test_without_a_bound_there_is_none() -> None:
    network = Network(fails=1)
    await line(network).connect_tcp("a.example", 443)
    assert [asked[2] for asked in network.asked] == [None, None]


async def test_where_none_answers_the_last_one_says_why() -> None:
    network = Network(fails=3)
    of = line(network)
    with pytest.raises(httpcore.ConnectError):
        await of.connect_tcp("a.example", 443, 9.0)
    assert len(network.asked) == 3
    assert of.tally.ip == ""


@pytest.mark.parametrize(
    ("host", "port"), [("a.example", 80), ("b.example", 443), ("192.0.2.1", 443)]
)
async def test_it_goes_where_the_permit_leads_and_nowhere_else(host: str, port: int) -> None:
    network = Network()
    with pytest.raises(RefusedError) as refused:
        await line(network).connect_tcp(host, port)
    assert refused.value.message == f"{host}:{port} is not where the permit leads"
    assert network.asked == []


@pytest.mark.parametrize(
    ("way", "layers"),
    [
        (Way(PLAIN, IPS), 0),
        (Way(CLOUD, IPS), 1),
        (Way(CLOUD, IPS, PROXY), 1),
        (Way(CLOUD, IPS, SECURE_PROXY), 2),
        (Way(PLAIN, IPS, PROXY), 0),
        (Way(PLAIN, IPS, SECURE_PROXY), 1),
    ],
)
async def test_the_request_waits_for_every_layer_of_tls(way: Way, layers: int) -> None:
    """So many times TLS has to begin before anything but a tunnel's request is written."""
    network = Network(stream=Stream(proof=Certificate(b"der")))
    stream = await line(network, way).connect_tcp(way.first.host, way.first.port)
    for _ in range(layers):
        with pytest.raises(RefusedError) as refused:
            await stream.write(b"GET / HTTP/1.1\r\n")
        text = "the request was stopped before it left: it was not encrypted"
        assert refused.value.message == text
        stream = await stream.start_tls(CONTEXT, way.address.host, 1.0)
    await stream.write(b"GET / HTTP/1.1\r\n", 2.0)
    assert network.stream.done[-1] == ("write", b"GET / HTTP/1.1\r\n", 2.0)


async def test_before_tls_only_the_tunnels_own_request_is_written() -> None:
    stream = Stream()
    tunnel = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"
    of = line(Network(), Way(CLOUD, IPS, PROXY))
    await wire(of, stream, 1).write(tunnel, 2.0)
    assert stream.done == [("write", tunnel, 2.0)]
    for wrong in (tunnel.replace(b"443 HTTP", b"444 HTTP"), tunnel[1:], b"CONNECT b" + tunnel[9:]):
        with pytest.raises(RefusedError):
            await wire(of, stream, 1).write(wrong)
    straight = line(Network(), Way(CLOUD, IPS))
    with pytest.raises(RefusedError):
        await wire(straight, stream, 1).write(tunnel)
    assert len(stream.done) == 1


async def test_nothing_at_all_may_always_be_written() -> None:
    stream = Stream()
    await wire(line(Network()), stream, 1).write(b"")
    assert stream.done == []


def sealed(of: Network) -> Line:
    seal = Seal(LEFT.digest, frozenset(("content-length",)), lambda: None)
    return line(of, Way(PLAIN, IPS), seal=seal)


async def test_a_sealed_request_goes_out_whole_in_pieces_that_are_counted() -> None:
    stream, of = Stream(), sealed(Network())
    at = wire(of, stream)
    await at.write(REQUEST, 1.0)
    await at.write(LEFT.body[:-1], 1.0)
    assert (stream.done, of.tally.sent_bytes) == ([], 0)
    await at.write(LEFT.body[-1:], 3.0)
    assert [(what, len(data), wait) for what, data, wait in stream.done] == [  # type: ignore[arg-type]
        ("write", len(REQUEST), 3.0),
        ("write", 65_536, 3.0),
        ("write", 65_536, 3.0),
        ("write", 150_000 - 2 * 65_536, 3.0),
    ]
    assert stream.done[0][1] == REQUEST
    assert b"".join(bytes(one[1]) for one in stream.done[1:]) == LEFT.body  # type: ignore[call-overload]
    assert of.tally.sent_bytes == 150_000


class Breaking(Stream):
    """Breaks at the second piece of a body."""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await super().write(buffer, timeout)
        if len(self.done) == 3:
            raise httpcore.WriteError("broken")


async def test_what_was_handed_over_counts_as_sent_though_it_broke() -> None:
    of = sealed(Network())
    with pytest.raises(httpcore.WriteError):
        await wire(of, Breaking()).write(REQUEST + LEFT.body)
    assert of.tally.sent_bytes == 2 * 65_536


MOST_HEAD = 262_144


async def read_all(of: Line, stream: Stream, layers: int = 0) -> int:
    """How many pieces came before the rest was refused."""
    at, count = wire(of, stream, layers), 0
    while stream.says:
        try:
            await at.read(7, 2.0)
        except httpcore.RemoteProtocolError:
            return count
        count += 1
    return count


async def test_too_much_is_said_in_words() -> None:
    with pytest.raises(httpcore.RemoteProtocolError) as raised:
        await wire(line(Network()), Stream([b"x" * (MOST_HEAD + 1)])).read(7)
    assert str(raised.value) == "more came than any answer takes"


async def test_before_an_answer_begins_a_server_may_say_so_much_and_no_more() -> None:
    half = b"x" * (MOST_HEAD // 2)
    of = line(Network())
    assert await read_all(of, Stream([half, half])) == 2
    assert of.tally.received_bytes == MOST_HEAD
    assert await read_all(line(Network()), Stream([half, half, b"x"])) == 2
    # Before TLS, whatever was answered, and it does not count as received.
    early = line(Network())
    early.tally.answered = True
    assert await read_all(early, Stream([half, half, b"x"]), layers=1) == 2
    assert early.tally.received_bytes == 0


async def test_an_answer_may_take_eight_times_its_bytes_on_the_line() -> None:
    of = line(Network(), most=1000)
    assert of.most_bytes == 8 * 1000 + MOST_HEAD
    of.tally.answered = True
    whole = b"x" * of.most_bytes
    assert await read_all(of, Stream([whole])) == 1
    assert await read_all(of, Stream([whole, b"x"])) == 1


async def test_reading_and_closing_are_passed_on() -> None:
    stream = Stream([b"hello"])
    at = wire(line(Network()), stream)
    assert await at.read(7, 2.0) == b"hello"
    await at.aclose()
    assert at.get_extra_info("socket") == ("extra", "socket")
    assert stream.done == [("read", 7, 2.0), ("close",)]


async def test_the_innermost_tls_is_the_servers_own_and_is_proved() -> None:
    stream = Stream(proof=Certificate(b"der"))
    of = line(Network())
    inner = await wire(of, stream, 1).start_tls(CONTEXT, "a.example", 3.0)
    assert stream.done == [("tls", CONTEXT, "a.example", 3.0)]
    assert of.tally.tls_peer == hashlib.sha256(b"der").hexdigest()
    await inner.write(b"now it may")


async def test_the_outer_tls_of_a_proxy_is_not_the_servers() -> None:
    stream = Stream(proof=Certificate(b"der"))
    of = line(Network(), Way(CLOUD, IPS, SECURE_PROXY))
    middle = await wire(of, stream, 2).start_tls(CONTEXT, "proxy.example", 3.0)
    assert of.tally.tls_peer == ""
    with pytest.raises(RefusedError):
        await middle.write(b"GET /")


@pytest.mark.parametrize("name", ["b.example", None])
async def test_another_name_is_not_proved_to(name: str | None) -> None:
    stream = Stream()
    of = line(Network())
    with pytest.raises(RefusedError) as refused:
        await wire(of, stream, 1).start_tls(CONTEXT, name)
    assert refused.value.message == f"{name} is not the name that the permit is for"
    assert stream.done == [("close",)]
    assert of.tally.tls_peer == ""


@pytest.mark.parametrize("proof", [None, Certificate(None)])
async def test_a_far_end_without_a_certificate_has_the_digest_of_nothing(
    proof: Certificate | None,
) -> None:
    of = line(Network())
    await wire(of, Stream(proof=proof), 1).start_tls(CONTEXT, "a.example")
    assert of.tally.tls_peer == hashlib.sha256(b"").hexdigest()


def test_a_tally_as_a_receipt() -> None:
    assert Tally() == Tally("", "", 0, 0, answered=False)
    tally = Tally("192.0.2.1", "f" * 64, 3, 5, answered=True)
    assert tally.receipt() == Receipt(3, 5, "192.0.2.1", "f" * 64)
    tally.status = 429
    assert tally.receipt().status == 429
    tally.keyed = True
    assert tally.receipt().keyed
    assert not Tally(keyed=True).receipt().keyed, "nothing was reached"


def test_receipts_are_given_once_and_the_oldest_are_dropped() -> None:
    book = ReceiptBook()
    first = book.begin("0")
    first.sent_bytes = 7
    assert book.take("never") is None
    assert book.take("0") == Receipt(7)
    assert book.take("0") is None
    # A second try under the same permit does not wipe out what the first one left.
    book.refused("0")
    assert book.take("0") is None
    book.refused("1")
    assert book.take("1") == Receipt(0)
    for number in range(2, 256):
        book.begin(str(number))
    assert book.take("2") == Receipt(0)
    book.begin("256")
    book.begin("257")
    book.begin("258")
    assert book.take("3") == Receipt(0)
    book.refused("2")
    assert book.take("2") == Receipt(0)


def test_what_was_sent_under_a_permit_stays_on_its_receipt_though_it_is_tried_again() -> None:
    book = ReceiptBook()
    book.begin("1").sent_bytes = 7
    book.refused("1")
    assert book.take("1") == Receipt(7)

"""The yardstick for allowed sends measures right: one that keeps to its permit passes, and each way to stray is caught."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.audit_entries import OutboxLine
from assistant.proof.closed import ClosedNetwork
from tests.audit_maker import at, ended, permit
from tests.e2e.egress.allowed import Sent, allowed_send
from tests.e2e.egress.inside import Inside
from tests.e2e.egress.sender import TEXT
from tests.e2e.egress.wire import FakeCloud, Request, fake_cloud, matched

HOST = "api.provider.example"
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.fixture(scope="module")
def cloud(network: ClosedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeCloud]:
    with fake_cloud(network, tmp_path_factory.mktemp("cloud")) as running:
        running.reply_with(REPLY)
        yield running


def send(inside: Inside, cloud: FakeCloud, folder: Path, size: int, fault: str = "") -> Sent:
    journal = folder / "journal.db"
    module = ("-m", "tests.e2e.egress.sender", str(journal), str(cloud.authority), HOST)
    command = inside.network.inside(sys.executable, *module, str(size), fault)
    return allowed_send(inside.network, cloud, journal, command, inside.environment)


@pytest.mark.parametrize("size", [0, 1, 10_000, 500_000])
def test_a_send_that_keeps_to_its_permit_passes(
    inside: Inside, cloud: FakeCloud, tmp_path: Path, size: int
) -> None:
    sent = send(inside, cloud, tmp_path, size)
    assert sent.done.stdout == b"200\n", sent.done.stderr.decode()
    [(request, line)] = sent.match.pairs
    assert (request.name, len(request.body), line.permit.host) == (HOST, size, HOST)
    assert sent.tried.size_bytes > size


def test_what_is_in_a_request_is_found_and_what_is_not_is_not(
    inside: Inside, cloud: FakeCloud, tmp_path: Path
) -> None:
    sent = send(inside, cloud, tmp_path, 2_000)
    assert "raw" in sent.traces(TEXT.decode())
    assert not sent.traces("red kite 1177 over the sea")
    assert "raw" in sent.traces(HOST), "the name that is looked up counts too"


@pytest.mark.parametrize(
    "fault", ["no permit", "other bytes", "twice", "nothing sent", "look-up", "packet"]
)
def test_each_way_to_stray_is_caught(
    inside: Inside, cloud: FakeCloud, tmp_path: Path, fault: str
) -> None:
    with pytest.raises(AssertionError, match=r"Match|looked up|udp to"):
        send(inside, cloud, tmp_path, 100, fault)


def test_a_client_that_trusts_only_the_public_authorities_sends_nothing(
    inside: Inside, cloud: FakeCloud
) -> None:
    asked = len(cloud.requests())
    code = f"""
import http.client, ssl
try:
    http.client.HTTPSConnection("{HOST}", timeout=10).request("POST", "/", b"secret")
except ssl.SSLCertVerificationError as error:
    print("refused")
"""
    assert inside.python(code).stdout == b"refused\n"
    assert len(cloud.requests()) == asked


def request(at_ms: int = 1_000, size: int = 1_234, name: str = "api.example.org") -> Request:
    return Request(at_ms, name, "POST / HTTP/1.1", {}, bytes(size))


def line(name: str = "p1", wall_ms: int = 1_000, sent_bytes: int | None = 1_234) -> OutboxLine:
    return OutboxLine(1, at(wall_ms), permit(name), ended(name, sent_bytes=sent_bytes))


@pytest.mark.parametrize(
    "stray",
    [request(size=1_233), request(name="api.example.com"), request(at_ms=900)],
    ids=["other bytes", "another host", "before its permit"],
)
def test_a_request_that_fits_no_permit_is_named(stray: Request) -> None:
    match = matched([stray], [line()])
    assert (match.unpermitted, match.unsent) == ((stray,), (line(),))
    assert not match.whole


def test_each_permit_serves_once() -> None:
    match = matched([request(), request(1_100)], [line()])
    assert [pair[0].at_ms for pair in match.pairs] == [1_000]
    assert [each.at_ms for each in match.unpermitted] == [1_100]
    assert matched([request(), request(1_100)], [line(), line("p2", 1_050)]).whole


@pytest.mark.parametrize("host", ["api.example.org", "api.example.org:443", "https://api.example.org:443"])  # fmt: skip
def test_a_host_is_known_by_its_name_however_the_audit_wrote_it(host: str) -> None:
    written = replace(line(), permit=replace(permit(), host=host))
    assert matched([request()], [written]).whole


def test_a_permit_that_says_that_nothing_left_needs_no_request() -> None:
    assert matched([], [line(sent_bytes=0)]).whole
    assert not matched([], [line(sent_bytes=None)]).whole
    assert not matched([], [replace(line(), ended=None)]).whole

"""The seal on a request: what is written in the end is what the permit is for, or nothing is written."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import RefusedError
from assistant.domain.permit import Outgoing
from assistant.outbound.seal import Request, Seal
from tests.outbound.cloud_rig import (
    BODY,
    cloud,
    cloud_door,
    outgoing,
    sent,
)

OWN = frozenset(("host", "content-length", "x-api-key"))
LEFT = Outgoing(None, "/v1/x", b"body", (("accept", "text/event-stream"),))
WHOLE = (
    b"POST /v1/x HTTP/1.1\r\nHost: a\r\naccept: text/event-stream\r\nContent-Length: 4\r\n"
    b"x-api-key: k\r\n\r\nbody"
)


def good() -> None:
    """The leave has not run out."""


def seal() -> Seal:
    return Seal(LEFT.digest, OWN, good)


def fed(seal: Seal, *pieces: bytes) -> Request | None:
    """What comes out in the end."""
    found = None
    for piece in pieces:
        assert found is None
        found = seal.take(piece)
    return found


@given(st.lists(st.integers(0, len(WHOLE)), max_size=6))
def test_however_it_is_cut_it_comes_out_whole_and_only_at_the_end(cuts: list[int]) -> None:
    marks = [0, *sorted(cuts), len(WHOLE)]
    pieces = [WHOLE[a:b] for a, b in pairwise(marks)]
    pieces = [piece for piece in pieces if piece]
    out = fed(seal(), *pieces)
    assert out is not None
    assert out.head + out.body == WHOLE
    assert out.body == b"body"


def test_the_head_ends_at_the_first_empty_line() -> None:
    left = Outgoing(None, "/v1/x", b"\r\n\r\nbody\r\n\r\n")
    head = b"POST /v1/x HTTP/1.1\r\nContent-Length: 12\r\n\r\n"
    out = Seal(left.digest, OWN, good).take(head + left.body)
    assert out == Request(head, left.body)
    with pytest.raises(RefusedError, match="does not say how long"):
        seal().take(b"\r\n\r\n")


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_any_other_byte_stops_it_unless_it_is_in_a_line_of_the_doors_own(
    at: int, byte: int
) -> None:
    changed = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    try:
        out = seal().take(changed)
    except RefusedError:
        return
    if out is not None:
        assert allowed_part(out.head + out.body) == allowed_part(WHOLE)


def allowed_part(request: bytes) -> list[str]:
    """The lines that the permit is for; the case of a header's name has no meaning."""
    lines = request.decode("latin-1").split("\r\n")
    kept = [line for line in lines[1:-1] if line.partition(":")[0].lower() not in OWN]
    return [lines[0], *(line.lower() for line in kept), lines[-1]]


PLAIN, TWICE, UNREAD = (
    "it is no plain request",
    "a header stands in it twice",
    "its head cannot be read",
)
LENGTH, OTHER = (
    "it does not say how long it is",
    "what was about to leave is not what the permit is for",
)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"POST", b"GET", PLAIN),
        (b"POST", b"post", PLAIN),
        (b"HTTP/1.1", b"HTTP/1.0", PLAIN),
        (b"HTTP/1.1", b"http/1.1", PLAIN),
        (b"/v1/x HTTP", b"/v1/x y HTTP", PLAIN),
        (b"POST ", b"POST  ", PLAIN),
        (b"POST ", b"POST\t", PLAIN),
        (b" HTTP/1.1", b"", PLAIN),
        (b"/v1/x", b"/v1/y", OTHER),
        (b"Host: a", b"Host: a\r\nHost: b", TWICE),
        (b"Host: a", b"Host: a\r\nHOST: a", TWICE),
        (b"Host: a", b"Host: a\r\nCookie: b", OTHER),
        (b"Host: a", b"Host a", UNREAD),
        (b"Host: a", b": a", UNREAD),
        (b"Host: a", b" Host: a", UNREAD),
        (b"Host: a", b"Host : a", UNREAD),
        (b"Host: a", b"Host: a\nCookie: b", UNREAD),
        (b"Host: a", b"Host: \x1b[2J", UNREAD),
        (b"Host: a", b"Host: \xe4", UNREAD),
        (b"Content-Length: 4", b"Content-Length: 3", "more was written than was declared"),
        (b"Content-Length: 4", b"Content-Length: 4\r\nContent-Length: 4", LENGTH),
        (b"Content-Length: 4", b"Content-Length: +4", LENGTH),
        (b"Content-Length: 4", b"Content-Length:", LENGTH),
        (b"Content-Length: 4", b"Transfer-Encoding: chunked", LENGTH),
        (b"accept: text/event-stream\r\n", b"", OTHER),
        (b"accept: text", b"accept: next", OTHER),
        (b"body", b"bodx", OTHER),
    ],
)  # fmt: skip
def test_what_is_not_the_request_does_not_come_out(old: bytes, new: bytes, why: str) -> None:
    assert old in WHOLE
    with pytest.raises(RefusedError) as refused:
        seal().take(WHOLE.replace(old, new))
    assert refused.value.message == f"the request was stopped before it left: {why}"
    assert refused.value.hint == "send the message again"


def test_nothing_comes_after_it() -> None:
    whole = seal()
    assert whole.take(WHOLE) is not None
    with pytest.raises(RefusedError) as refused:
        whole.take(b"x")
    text = "the request was stopped before it left: more was written than was allowed"
    assert refused.value.message == text


def test_a_head_without_an_end_is_not_gathered_for_ever() -> None:
    endless = seal()
    assert endless.take(b"x" * 64_000) is None
    with pytest.raises(RefusedError) as refused:
        endless.take(b"x")
    text = "the request was stopped before it left: its head has no end"
    assert refused.value.message == text


def test_the_leave_is_asked_for_at_the_last_moment() -> None:
    def over() -> None:
        raise RefusedError("the permit has expired")

    with pytest.raises(RefusedError, match="expired"):
        Seal(LEFT.digest, OWN, over).take(WHOLE)


Tamper = Callable[[httpcore.Request], None]


def another_text(request: httpcore.Request) -> None:
    """As long as the first one."""
    request.stream = httpcore.Request("POST", "http://a", content=BODY.replace(b"hello", b"adieu")).stream  # fmt: skip


def a_cookie(request: httpcore.Request) -> None:
    request.headers.append((b"Cookie", b"session=1"))


def another_target(request: httpcore.Request) -> None:
    request.url.target = b"/v1/elsewhere"


def less_text(request: httpcore.Request) -> None:
    request.headers = [h for h in request.headers if h[0] != b"Content-Length"]
    request.headers.append((b"Content-Length", b"5"))
    request.stream = httpcore.Request("POST", "http://a", content=BODY[:5]).stream


@pytest.mark.parametrize("tamper", [another_text, a_cookie, another_target, less_text])
async def test_what_is_changed_between_permit_and_line_does_not_leave(
    tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changes the request inside the HTTP library, after the permit was checked."""
    ask = httpcore.AsyncConnectionPool.handle_async_request

    async def tampered(
        pool: httpcore.AsyncConnectionPool, request: httpcore.Request
    ) -> httpcore.Response:
        tamper(request)
        return await ask(pool, request)

    monkeypatch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", tampered)
    door = cloud_door()
    async with cloud() as far:
        with pytest.raises(RefusedError, match="not what the permit is for"):
            await sent(door, outgoing(far.address))
        async with asyncio.timeout(5):
            while far.calls != [b""]:
                await asyncio.sleep(0)
    # A connection was made, and not one byte of the request went over it.
    assert far.heard == []
    receipt = door.receipt("p1")
    assert receipt is not None
    assert (receipt.sent_bytes, receipt.ip) == (0, "127.0.0.1")

"""What the wall lets through and what not, event by event, without putting it up."""

import contextvars
import socket
from collections.abc import Callable, Iterator

import pytest

from assistant.domain.errors import RefusedError
from assistant.outbound import wall
from assistant.outbound.near import look_up
from assistant.outbound.wall import Opening, opened, raise_wall

Told = list[tuple[str, str]]


@pytest.fixture
def told() -> Iterator[Told]:
    """Who is told of a breach, for one test."""
    before, found = list(wall._told), Told()
    wall._told[:] = [lambda event, where: found.append((event, where))]
    yield found
    wall._told[:] = before


UNIX = socket.socket(socket.AF_UNIX)
INET = socket.socket(socket.AF_INET)

FINE: list[tuple[str, tuple[object, ...], Opening | None]] = [
    ("open", ("/etc/passwd",), None),
    ("socket.getaddrinfo", ("192.0.2.1",), None),
    ("socket.getaddrinfo", (b"::1",), None),
    ("socket.getaddrinfo", (None,), None),
    ("socket.getaddrinfo", ("",), None),
    ("socket.gethostbyname", ("192.0.2.1",), None),
    ("socket.gethostbyname", (None,), None),
    ("socket.getaddrinfo", ("a.example",), "a.example"),
    ("socket.getaddrinfo", (b"a.example",), "a.example"),
    ("socket.getaddrinfo", (bytearray(b"a.example"),), "a.example"),
    ("socket.gethostbyname", ("a.example",), "a.example"),
    ("socket.gethostbyaddr", ("192.0.2.1",), "192.0.2.1"),
    ("socket.connect", (INET, ("192.0.2.1", 443)), ("192.0.2.1", 443)),
    ("socket.connect", (INET, ("2001:db8::1", 443, 0, 0)), ("2001:db8::1", 443)),
    ("socket.sendto", (INET, ("192.0.2.1", 53)), ("192.0.2.1", 53)),
    ("socket.sendmsg", (INET, None), None),
    ("socket.connect", (UNIX, "/run/x"), None),
    ("socket.connect", (UNIX, b"/run/x"), None),
]

REFUSED: list[tuple[str, tuple[object, ...], Opening | None, str]] = [
    ("socket.getaddrinfo", ("a.example",), None, "a.example"),
    ("socket.getaddrinfo", ("a.example",), "b.example", "a.example"),
    ("socket.getaddrinfo", ("a.example",), ("a.example", 443), "a.example"),
    ("socket.getaddrinfo", (b"\xff.example",), None, "\ufffd.example"),
    ("socket.getaddrinfo", (7,), None, "7"),
    ("socket.getaddrinfo", ([],), None, "[]"),
    ("socket.gethostbyname", ("a.example",), None, "a.example"),
    ("socket.gethostbyaddr", ("192.0.2.1",), None, "192.0.2.1"),
    ("socket.gethostbyaddr", ("",), None, ""),
    ("socket.getnameinfo", (("192.0.2.1", 1),), ("192.0.2.1", 1), "192.0.2.1:1"),
    ("socket.getnameinfo", (None,), None, "None"),
    ("socket.connect", (INET, ("192.0.2.1", 443)), None, "192.0.2.1:443"),
    ("socket.connect", (INET, ("192.0.2.1", 443)), ("192.0.2.1", 80), "192.0.2.1:443"),
    ("socket.connect", (INET, ("192.0.2.1", 443)), ("192.0.2.2", 443), "192.0.2.1:443"),
    ("socket.connect", (INET, ("192.0.2.1", 443)), "192.0.2.1", "192.0.2.1:443"),
    ("socket.connect", (INET, ("192.0.2.1",)), None, "('192.0.2.1',)"),
    ("socket.connect", (INET, (1, 443)), None, "(1, 443)"),
    ("socket.connect", (INET, "/run/x"), None, "/run/x"),
    ("socket.connect", (None, "/run/x"), None, "/run/x"),
    ("socket.connect", (UNIX, 7), None, "7"),
    ("socket.connect", (UNIX, ("192.0.2.1", 443)), None, "192.0.2.1:443"),
    ("socket.sendto", (INET, ("192.0.2.1", 53)), None, "192.0.2.1:53"),
    ("socket.sendmsg", (INET, ("192.0.2.1", 53)), None, "192.0.2.1:53"),
    ("socket.getaddrinfo", ("x" * 300,), None, "x" * 200),
]  # fmt: skip


def tried(event: str, args: tuple[object, ...], opening: Opening | None) -> None:
    if opening is None:
        wall._hook(event, args)
    else:
        with opened(opening):
            wall._hook(event, args)


@pytest.mark.parametrize(("event", "args", "opening"), FINE)
def test_what_passes(
    event: str, args: tuple[object, ...], opening: Opening | None, told: Told
) -> None:
    tried(event, args, opening)
    assert told == []


@pytest.mark.parametrize(("event", "args", "opening", "where"), REFUSED)
def test_what_is_refused_and_told(
    event: str, args: tuple[object, ...], opening: Opening | None, where: str, told: Told
) -> None:
    with pytest.raises(RefusedError) as refused:
        tried(event, args, opening)
    assert told == [(event, where)]
    text = (
        f"something in this program reached for {where!a} without leave ({event}); it was stopped"
    )
    assert refused.value.message == text
    assert refused.value.hint == "this is a fault: please report it"


def test_what_was_opened_is_shut_again_whatever_happens() -> None:
    with opened("a.example"):
        with opened("b.example"):
            wall._hook("socket.getaddrinfo", ("b.example",))
        wall._hook("socket.getaddrinfo", ("a.example",))
    with pytest.raises(RefusedError):
        wall._hook("socket.getaddrinfo", ("a.example",))
    with pytest.raises(ValueError, match="inside"), opened("a.example"):
        raise ValueError("inside")
    with pytest.raises(RefusedError):
        wall._hook("socket.getaddrinfo", ("a.example",))


def test_one_who_is_told_and_reaches_out_is_not_told_of_that_but_of_the_next(told: Told) -> None:
    def reaches(event: str, where: str) -> None:
        told.append((event, where))
        wall._hook("socket.getaddrinfo", ("inside.example",))

    wall._told[:] = [reaches]
    for name in ("a.example", "b.example"):
        with pytest.raises(RefusedError, match=name):
            wall._hook("socket.getaddrinfo", (name,))
    assert told == [("socket.getaddrinfo", "a.example"), ("socket.getaddrinfo", "b.example")]


def test_the_wall_is_put_up_once_and_tells_the_last_who_asked(told: Told) -> None:
    wall._told.clear()
    up: list[Callable[..., None]] = []
    heard: list[str] = []
    raise_wall(lambda event, _: heard.append(f"first {event}"), up.append)
    assert up == [wall._hook]
    raise_wall(lambda event, _: heard.append(f"second {event}"), up.append)
    assert up == [wall._hook]
    with pytest.raises(RefusedError):
        up[0]("socket.getaddrinfo", ("a.example",))
    assert heard == ["second socket.getaddrinfo"]


async def test_the_resolver_is_asked_for_a_name_that_is_open_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[object, ...]] = []

    def look(host: str, port: int, **kind: object) -> list[tuple[object, ...]]:
        wall._hook("socket.getaddrinfo", (host,))
        asked.append((host, port, kind))
        ends = [("192.0.2.1", port), ("2001:db8::1", port, 0, 0), ("192.0.2.1", port)]
        return [(2, 1, 6, "", end) for end in ends]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    assert await look_up("a.example", 443) == ["192.0.2.1", "2001:db8::1"]
    assert asked == [("a.example", 443, {"type": socket.SOCK_STREAM})]


def test_nothing_is_open_in_a_fresh_context() -> None:
    def fresh() -> object:
        return contextvars.Context().run(wall._is_open, "a.example")

    with opened("a.example"):
        assert wall._is_open("a.example")
        assert fresh() is False
    assert wall._is_open(None) is False

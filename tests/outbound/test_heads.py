"""The head of a request, line by line: the door's own, the wire's, the key; and why one is refused."""

import pytest

from assistant.domain.errors import RefusedError
from assistant.domain.permit import Outgoing
from assistant.domain.places import Address
from assistant.domain.secret import Auth, Secret
from assistant.outbound.heads import (
    Header,
    key_header,
    names_besides,
    own_headers,
    prompt_headers,
)

CLOUD = Address("a.example", 443, secure=True)
KEY = (b"x-api-key", b"k")


def plain(*headers: tuple[str, str], target: str = "/v1", body: bytes = b"body") -> Outgoing:
    return Outgoing(CLOUD, target, body, headers)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (CLOUD, b"a.example"),
        (Address("a.example", 80, secure=True), b"a.example:80"),
        (Address("a.example", 80), b"a.example"),
        (Address("a.example", 443), b"a.example:443"),
        (Address("fd00::1", 443, secure=True), b"[fd00::1]"),
        (Address("fd00::1", 8443, secure=True), b"[fd00::1]:8443"),
    ],
)
def test_the_host_names_the_port_where_it_is_not_the_usual_one(
    address: Address, host: bytes
) -> None:
    assert own_headers(address, None)[0] == (b"Host", host)


@pytest.mark.parametrize(
    ("body", "more", "rest"),
    [
        (None, False, [(b"Connection", b"close")]),
        (None, True, []),
        (b"", False, [(b"Connection", b"close"), (b"Content-Length", b"0")]),
        (
            b"four",
            False,
            [
                (b"Connection", b"close"),
                (b"Content-Type", b"application/json"),
                (b"Content-Length", b"4"),
            ],
        ),
    ],
)
def test_what_the_door_adds(body: bytes | None, more: bool, rest: list[Header]) -> None:
    first = [
        (b"Host", b"a.example"),
        (b"Accept-Encoding", b"identity"),
        (b"User-Agent", b"assistant"),
    ]
    assert own_headers(CLOUD, body, more=more) == [*first, *rest]


def test_unless_it_is_said_otherwise_nothing_more_follows() -> None:
    assert (b"Connection", b"close") in own_headers(CLOUD, None)


def test_the_wires_own_lines_stand_in_the_place_of_the_doors_and_the_key_comes_last() -> None:
    leaving = plain(("content-type", "text/plain"), ("accept", ""), ("x-a", "b c"))
    assert prompt_headers(leaving, CLOUD, KEY) == [
        (b"Host", b"a.example"),
        (b"Accept-Encoding", b"identity"),
        (b"User-Agent", b"assistant"),
        (b"Connection", b"close"),
        (b"Content-Length", b"4"),
        (b"content-type", b"text/plain"),
        (b"accept", b""),
        (b"x-a", b"b c"),
        KEY,
    ]
    bare = prompt_headers(plain(), CLOUD, None)
    assert bare == own_headers(CLOUD, b"body")


def test_which_names_are_not_the_wires() -> None:
    leaving = plain(("x-a", "b"), ("content-type", "x"))
    headers = [(b"Host", b"a"), (b"X-Api-Key", b"k"), (b"x-a", b"b"), (b"content-type", b"x")]
    assert names_besides(headers, leaving) == {"host", "x-api-key"}


LONG = "a" * 39 + "É" + "b" * 9


@pytest.mark.parametrize(
    ("leaving", "said"),
    [
        (plain(target="v1"), "the request's target is none"),
        (plain(("x a", "1")), "the header 'x a' holds characters that no header has"),
        (plain(("x-a", "a\nb")), "the header 'x-a' holds characters that no header has"),
        (plain(("x-a", " ")), "the header 'x-a' holds characters that no header has"),
        (plain((LONG, "1")), f"the header '{LONG[:39]}\\xc9' holds characters that no header has"),
        (plain(("host", "evil.example")), "the header host is not given by a wire"),
        (plain(("proxy-x", "1")), "the header proxy-x is not given by a wire"),
        (plain(("sec-x", "1")), "the header sec-x is not given by a wire"),
        (plain(("x-forwarded-x", "1")), "the header x-forwarded-x is not given by a wire"),
        (plain(("x-a", "1"), ("x-a", "2")), "a header stands twice in the request"),
    ],
)
def test_why_a_head_is_refused(leaving: Outgoing, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        prompt_headers(leaving, CLOUD, None)
    assert refused.value.message == said


@pytest.mark.parametrize(
    "name",
    [
        "accept-encoding", "api-key", "authorization", "connection", "content-length", "cookie", "expect", "forwarded", "host",
        "http2-settings", "keep-alive", "origin", "referer", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "via",
        "x-api-key", "x-goog-api-key", "proxy-connection", "sec-fetch-site", "x-forwarded-for",
    ],
)  # fmt: skip
def test_what_no_wire_may_say(name: str) -> None:
    with pytest.raises(RefusedError, match=f"the header {name} is not given by a wire"):
        prompt_headers(plain((name, "1")), CLOUD, None)


@pytest.mark.parametrize("name", ["!#$%&'*+-.^_`|~09az", "x-a"])
@pytest.mark.parametrize("value", ["", "!", "~", "a b", "! ~"])
def test_what_a_wire_may_say(name: str, value: str) -> None:
    given = (name.encode(), value.encode())
    assert given in prompt_headers(plain((name, value)), CLOUD, None)


@pytest.mark.parametrize("target", ["/", "/v1?a=b", "/!~", '/"'])
def test_where_a_prompt_may_go(target: str) -> None:
    assert prompt_headers(plain(target=target), CLOUD, None)


@pytest.mark.parametrize("target", ["", "x/", "/a b", "/a#b", "/\x7f", "/\xe4", "/a\n", "//\r"])
def test_where_none_may_go(target: str) -> None:
    with pytest.raises(RefusedError, match="the request's target is none"):
        prompt_headers(plain(target=target), CLOUD, None)


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (Auth.BEARER, (b"Authorization", b"Bearer sk-!~")),
        (Auth.X_API_KEY, (b"x-api-key", b"sk-!~")),
        (Auth.API_KEY, (b"api-key", b"sk-!~")),
    ],
)
def test_the_line_with_the_key(auth: Auth, header: Header) -> None:
    assert key_header(auth, "acme", Secret("sk-!~")) == header


def test_where_no_key_is_asked_for_none_is_given() -> None:
    assert key_header(Auth.NONE, "acme", Secret("sk-1")) is None


@pytest.mark.parametrize(
    ("auth", "key", "message", "hint"),
    [
        (Auth.OTHER, Secret("k"), "this program has no way to give acme its key", "choose another route"),
        (Auth.BEARER, None, "there is no key for acme", "assistant routes key acme"),
        (
            Auth.BEARER,
            Secret("a b"),
            "the key for acme holds characters that no key has, such as a line end",
            "enter it again: assistant routes key acme",
        ),
    ],
)  # fmt: skip
def test_why_there_is_no_line_with_the_key(
    auth: Auth, key: Secret | None, message: str, hint: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        key_header(auth, "acme", key)
    assert (refused.value.message, refused.value.hint) == (message, hint)

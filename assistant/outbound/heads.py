"""The head of a request: the door's own lines, those that were allowed, and the key, which is put in last and shown to nobody."""

import re
from collections.abc import Sequence
from typing import Final

from assistant.domain.errors import RefusedError
from assistant.domain.permit import Outgoing
from assistant.domain.places import Address
from assistant.domain.secret import Auth, Secret

Header = tuple[bytes, bytes]

USER_AGENT: Final = "assistant"
"""The same for everybody: neither version nor machine."""

ASCII: Final = "ascii"
"""What the head of a request is written in: a character that is not in it stops the request."""

AS_BYTES: Final = "latin-1"
"""How a head is read: one character for each byte, whatever it is."""

_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_KEY = re.compile(r"[\x21-\x7e]+")
_TARGET = re.compile(r"/[\x21\x22\x24-\x7e]*")

# What the door writes itself, what frames a request, and what would carry a person or a key from one place to another.
_RESERVED: Final = frozenset(
    (
        "accept-encoding", "api-key", "authorization", "connection", "content-length", "cookie", "expect", "forwarded", "host",
        "http2-settings", "keep-alive", "origin", "referer", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "via",
        "x-api-key", "x-goog-api-key",
    )
)  # fmt: skip

_KEY_HEADERS: Final = {
    Auth.BEARER: ("Authorization", "Bearer "),
    Auth.X_API_KEY: ("x-api-key", ""),
    Auth.API_KEY: ("api-key", ""),
}


def own_headers(address: Address, body: bytes | None, *, more: bool = False) -> list[Header]:
    """What the door adds to every request; `body` None means that there is none, and none is announced.

    Without `more` the server is told that nothing will follow.
    """
    host = str(address)
    if address.port == (443 if address.secure else 80):
        host = host.rpartition(":")[0]
    headers = [("Host", host), ("Accept-Encoding", "identity"), ("User-Agent", USER_AGENT)]
    headers += [] if more else [("Connection", "close")]
    if body:
        headers.append(("Content-Type", "application/json"))
    if body is not None:
        headers.append(("Content-Length", str(len(body))))
    return [(name.encode(ASCII), value.encode(ASCII)) for name, value in headers]


def prompt_headers(outgoing: Outgoing, address: Address, key: Header | None) -> list[Header]:
    """All headers of a prompt. Raises: RefusedError where one is none, or is not the wire's to give."""
    if not _TARGET.fullmatch(outgoing.target):
        raise RefusedError("the request's target is none")
    names = [name for name, _ in outgoing.headers]
    for name, value in outgoing.headers:
        # Never the value: it may be anything.
        if not _TOKEN.fullmatch(name) or not (value == "" or _VALUE.fullmatch(value)):
            raise RefusedError(f"the header {name[:40]!a} holds characters that no header has")
        if name in _RESERVED or name.startswith(("proxy-", "sec-", "x-forwarded-")):
            raise RefusedError(f"the header {name} is not given by a wire")
    if len(names) != len(set(names)):
        raise RefusedError("a header stands twice in the request")
    own = own_headers(address, outgoing.body)
    given = [(name.encode(ASCII), value.encode(ASCII)) for name, value in outgoing.headers]
    taken = {name for name, _ in given}
    own = [(name, value) for name, value in own if name.lower() not in taken]
    return [*own, *given, *([key] if key else [])]


def names_besides(headers: Sequence[Header], outgoing: Outgoing) -> frozenset[str]:
    """The names, in lower case, of those among `headers` that are not the wire's own."""
    given = {name for name, _ in outgoing.headers}
    return frozenset(name.decode(ASCII).lower() for name, _ in headers) - given


def key_header(auth: Auth, route: str, key: Secret | None) -> Header | None:
    """The line with the key; None where the wire asks for none. Raises: RefusedError, which never shows the key."""
    if auth is Auth.NONE:
        return None
    if auth not in _KEY_HEADERS:
        raise RefusedError(
            f"this program has no way to give {route} its key", "choose another route"
        )
    if key is None:
        raise RefusedError(f"there is no key for {route}", f"assistant routes key {route}")
    name, prefix = _KEY_HEADERS[auth]
    if not _KEY.fullmatch(key.reveal()):
        raise RefusedError(
            f"the key for {route} holds characters that no key has, such as a line end",
            f"enter it again: assistant routes key {route}",
        )
    return name.encode(ASCII), (prefix + key.reveal()).encode(ASCII)

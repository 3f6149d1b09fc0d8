"""Holds a request back until all of it is there, and gives it out only where it is, byte for byte, what was allowed."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from assistant.domain.errors import RefusedError
from assistant.outbound.heads import AS_BYTES

_END_OF_HEAD = b"\r\n\r\n"
_MOST_HEAD_BYTES = 64_000
# A lone line end inside a line would be another line to some servers.
_PLAIN = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request as it goes over the connection."""

    head: bytes
    body: bytes


class Seal:
    """Between whoever writes the request and the connection. It reads what was really written, not what was meant.

    Of the head, the lines that the door adds by itself are not part of what was allowed: names, the key, lengths. Everything
    else is, so a header that somebody slipped in breaks the seal as surely as another text does.
    """

    def __init__(self, digest: str, own: frozenset[str], still_good: Callable[[], None]) -> None:
        """`digest` is that of `Outgoing.payload`; `own` are the names of the door's own headers, in lower case.

        `still_good` is asked at the last moment and raises RefusedError where the leave has run out.
        """
        self._digest = digest
        self._own = own
        self._still_good = still_good
        self._held: bytearray | None = bytearray()

    def take(self, data: bytes) -> Request | None:
        """Takes what was written next; gives the request once it is whole. Raises: RefusedError."""
        if self._held is None:
            raise _broken("more was written than was allowed")
        self._held += data
        end = self._held.find(_END_OF_HEAD)
        if end < 0:
            if len(self._held) > _MOST_HEAD_BYTES:
                raise _broken("its head has no end")
            return None
        head, body = bytes(self._held[: end + 4]), memoryview(self._held)[end + 4 :]
        first, headers = _read(head)
        wanted = _length(headers)
        if len(body) < wanted:
            return None
        whole = body.tobytes()
        body.release()
        self._judge(first, headers, whole, wanted)
        self._held = None
        return Request(head, whole)

    def _judge(self, first: str, headers: list[tuple[str, str]], body: bytes, wanted: int) -> None:
        """Raises: RefusedError for anything but the bytes that were allowed."""
        if len(body) != wanted:
            raise _broken("more was written than was declared")
        parts = first.split(" ")
        if len(parts) != 3 or parts[0] != "POST" or parts[2] != "HTTP/1.1":
            raise _broken("it is no plain request")
        names = [name for name, _ in headers if name in self._own]
        if len(names) != len(set(names)):
            raise _broken("a header stands in it twice")
        rest = [f"{name}: {value}" for name, value in headers if name not in self._own]
        payload = "\n".join([parts[1], *rest, ""]).encode(AS_BYTES) + body
        if hashlib.sha256(payload).hexdigest() != self._digest:
            raise _broken("what was about to leave is not what the permit is for")
        self._still_good()


def _read(head: bytes) -> tuple[str, list[tuple[str, str]]]:
    """The first line, and the headers with their names in lower case."""
    first, *lines = head[: -len(_END_OF_HEAD)].decode(AS_BYTES).split("\r\n")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or not _PLAIN.fullmatch(line):
            raise _broken("its head cannot be read")
        headers.append((name.lower(), value.strip()))
    return first, headers


def _length(headers: list[tuple[str, str]]) -> int:
    lengths = [value for name, value in headers if name == "content-length"]
    if len(lengths) != 1 or not lengths[0].isdecimal():
        raise _broken("it does not say how long it is")
    return int(lengths[0])


def _broken(why: str) -> RefusedError:
    return RefusedError(f"the request was stopped before it left: {why}", "send the message again")

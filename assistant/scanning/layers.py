"""The readings of a text that are searched: as it stands, without what hides, behind escapes, out of base64 and hex."""

import base64
import binascii
import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from assistant.domain.findings import Layer
from assistant.scanning.patterns import Pattern, Tick, compiled

_LEAST_ENCODED = 16
"""Characters of base64 or hex below which nothing is decoded: twelve bytes of base64."""


@dataclass(frozen=True, slots=True)
class Piece:
    """`start` in a reading is `origin` in the text; `copied`: byte for byte from there on, else all of it is `origin` to `origin_end`."""

    start: int
    origin: int
    origin_end: int
    copied: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a text as UTF-8, and where each part of it stands in the text."""

    layer: Layer
    data: bytes
    pieces: tuple[Piece, ...] = (Piece(0, 0, 0, copied=True),)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The bytes of the text from which `data[start:end]` was read."""
        return self._origin(start)[0], self._origin(end - 1)[1]

    def _origin(self, at: int) -> tuple[int, int]:
        piece = self.pieces[bisect_right(self.pieces, at, key=lambda p: p.start) - 1]
        if not piece.copied:
            return piece.origin, piece.origin_end
        place = piece.origin + at - piece.start
        return place, place + 1


def readings(data: bytes, tick: Tick) -> Iterator[Reading]:
    """The text itself first; another reading only where it differs.

    Raises: whatever `tick` raises.
    """
    yield Reading(Layer.PLAIN, data)
    if _odd().search(data):
        # Twice: what shows nothing may split a word, or stand between two words.
        joined = _replaced(Layer.PLAIN, data, _odd(), _unfold(b""), tick)
        yield joined
        parted = _replaced(Layer.PLAIN, data, _odd(), _unfold(b" "), tick)
        if parted.data != joined.data:
            yield parted
    if _escape().search(data):
        yield _replaced(Layer.ESCAPED, data, _escape(), _unescape, tick)
    decoded = _decoded(data, tick)
    if decoded.data:
        yield decoded


_MARGIN_BYTES = 1024
"""So much of the text on each side of what a reading changes is in that reading; the rest was read before."""

_BREAK = b"\n" * 8
"""Stands for the rest: more blanks than a pattern takes for one gap."""


class _Writer:
    """Puts a reading together."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._parts: list[bytes] = []
        self._pieces: list[Piece] = []
        self._length = 0

    def add(self, part: bytes, origin: int, origin_end: int, *, copied: bool = False) -> None:
        self._pieces.append(Piece(self._length, origin, origin_end, copied))
        self._parts.append(part)
        self._length += len(part)

    def copy(self, data: bytes, start: int, end: int) -> None:
        """What stands between two changes; of a long stretch the two ends."""
        if end - start <= 2 * _MARGIN_BYTES:
            self.add(data[start:end], start, end, copied=True)
            return
        head, tail = start + _MARGIN_BYTES, end - _MARGIN_BYTES
        self.add(data[start:head], start, head, copied=True)
        self.add(_BREAK, head, tail)
        self.add(data[tail:end], tail, end, copied=True)

    def reading(self) -> Reading:
        return Reading(self._layer, b"".join(self._parts), tuple(self._pieces))


def _replaced(
    layer: Layer, data: bytes, pattern: Pattern, new: Callable[[bytes], bytes], tick: Tick
) -> Reading:
    """What changes, with what stands around it."""
    writer = _Writer(layer)
    at = 0
    for match in pattern.finditer(data):
        tick()
        start, end = match.span()
        writer.copy(data, at, start)
        writer.add(new(data[start:end]), start, end)
        at = end
    writer.copy(data, at, len(data))
    return writer.reading()


def _decoded(data: bytes, tick: Tick) -> Reading:
    """All that was encoded and is text, one after the other."""
    writer = _Writer(Layer.ENCODED)
    for match in _encoded().finditer(data):
        tick()
        start, end = match.span()
        for text in _decodings(data[start:end]):
            writer.add(text + b"\n", start, end)
    return writer.reading()


@cache
def _odd() -> Pattern:
    """Terminal escapes, characters that show nothing, and look-alikes of ASCII."""
    escapes = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    unseen = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{ad}\x{61c}\x{180e}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{fe00}-\x{fe0f}\x{feff}]"
    alike = r"[\x{a0}\x{2000}-\x{200a}\x{2010}-\x{2015}\x{2018}-\x{201f}\x{202f}\x{205f}\x{2212}\x{3000}\x{ff01}-\x{ff5e}]"
    return compiled(f"(?:{escapes}|{unseen})+|{alike}")


@cache
def _escape() -> Pattern:
    return compiled(
        r"""(?:%[0-9A-Fa-f]{2})+|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\["'/\\nrt]|&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});"""
    )


@cache
def _encoded() -> Pattern:
    """Runs of base64 (either alphabet, lines of one block together) and hex, which is a part of that alphabet."""
    lines = r"(?:[A-Za-z0-9+/]{60,80}\r?\n)+[A-Za-z0-9+/]{0,80}={0,2}"
    return compiled(rf"{lines}|[A-Za-z0-9+/_-]{{{_LEAST_ENCODED},}}={{0,2}}")


def _unfold(unseen: bytes) -> Callable[[bytes], bytes]:
    def new(old: bytes) -> bytes:
        return _ALIKE.get(old, unseen)

    return new


def _alike() -> Iterator[tuple[str, str]]:
    yield from ((chr(code), chr(code - 0xFEE0)) for code in range(0xFF01, 0xFF5F))
    yield from ((chr(code), " ") for code in (0xA0, 0x202F, 0x205F, 0x3000, *range(0x2000, 0x200B)))
    yield from ((chr(code), "-") for code in (0x2212, *range(0x2010, 0x2016)))
    yield from ((chr(code), "'") for code in range(0x2018, 0x201C))
    yield from ((chr(code), '"') for code in range(0x201C, 0x2020))


_ALIKE = {odd.encode(): plain.encode() for odd, plain in _alike()}

_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _unescape(old: bytes) -> bytes:
    if old.startswith(b"%"):
        return bytes.fromhex(old.replace(b"%", b"").decode())
    if old.startswith(b"&"):
        return html.unescape(old.decode()).encode("utf-8", "replace")
    if old[1:2] in (b"u", b"x"):
        return chr(int(old[2:], 16)).encode("utf-8", "replace")
    return _LETTERS.get(old[1:], old[1:])


def _decodings(run: bytes) -> Iterator[bytes]:
    """What `run` may say as base64 and as hex, where that is text."""
    solid = b"".join(run.split()).rstrip(b"=")
    yield from _texts(binascii.unhexlify, solid)
    standard = solid.translate(_STANDARD)
    parts = [part for part in solid.translate(_APART).split() if len(part) >= _LEAST_ENCODED]
    # Half of the alphabet's signs also stand between words: in a path what is encoded may be one part of the run.
    for code in dict.fromkeys([standard, *parts]):
        whole = code[: len(code) - (len(code) % 4 == 1)]
        yield from _texts(base64.b64decode, whole + b"=" * (-len(whole) % 4))


_STANDARD = bytes.maketrans(b"-_", b"+/")
_APART = bytes.maketrans(b"-_/", b"   ")


def _texts(decode: Callable[[bytes], bytes], run: bytes) -> Iterator[bytes]:
    try:
        # UTF-16, as some shells encode, has a zero byte beside each letter.
        text = decode(run).replace(b"\0", b"")
        text.decode("utf-8")
    except ValueError:
        return
    if text and not _CONTROLS.search(text):
        yield text


_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

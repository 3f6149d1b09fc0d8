"""Looks for a text in what was seen on the wire, in whatever form it may have been put there, whole or in pieces."""

import base64
import json
import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

WINDOW: Final = 12
"""A piece of so many characters counts as the text: in random bytes none is ever found."""
_MOST_BYTES: Final = 1 << 20
_ZLIB_HEADS: Final = frozenset((0x78, second) for second in (0x01, 0x5E, 0x9C, 0xDA))


def traces(canary: str, seen: bytes) -> set[str]:
    """The forms in which a piece of `canary` is in `seen`, or in what a compressed stream in `seen` holds."""
    assert len(canary) >= WINDOW, "too short to be told from chance"
    found = _forms_in(canary, seen)
    for name, view in inflated(seen):
        found |= {f"{name}: {form}" for form in _forms_in(canary, view)}
    return found


def forms(piece: str) -> Iterator[tuple[str, bytes]]:
    """`piece` in every form that is looked for."""
    raw = piece.encode()
    yield "raw", raw
    yield "reversed", raw[::-1]
    yield "hex", raw.hex().encode()
    yield "hex", raw.hex().upper().encode()
    yield "URL", quote(piece, safe="").encode()
    for letter in ("x", "X"):
        yield "URL, every byte", "".join(f"%{byte:02{letter}}" for byte in raw).encode()
        yield "JSON, every character", "".join(f"\\u{ord(c):04{letter}}" for c in piece).encode()
    yield "JSON", json.dumps(piece)[1:-1].encode()
    yield "UTF-16", piece.encode("utf-16-le")
    yield "UTF-16", piece.encode("utf-16-be")
    for offset in range(3):
        yield f"base64 at {offset}", _inner(base64.b64encode(bytes(offset) + raw), offset, len(raw))
        yield (
            f"base64 at {offset}",
            _inner(base64.urlsafe_b64encode(bytes(offset) + raw), offset, len(raw)),
        )


def inflated(seen: bytes) -> Iterator[tuple[str, bytes]]:
    """What each gzip, zlib or bare deflate stream in `seen` holds, also of one that is cut or broken further on."""
    bare: list[bytes] = []
    rest = memoryview(seen)
    for place in range(len(seen)):
        if seen.startswith(b"\x1f\x8b\x08", place):
            yield "gzip", _inflate(rest[place:], 31)
        elif tuple(seen[place : place + 2]) in _ZLIB_HEADS:
            yield "zlib", _inflate(rest[place:], 15)
        # The first bits of a stream say how it is coded: one kind is none at all.
        elif seen[place] & 6 in (2, 4):
            bare.append(_whole(rest[place : place + _MOST_BYTES]))
    yield "deflate", b"\0".join(text for text in bare if len(text) >= WINDOW)


def _forms_in(canary: str, seen: bytes) -> set[str]:
    pieces = (canary[i : i + WINDOW] for i in range(len(canary) - WINDOW + 1))
    return {name for piece in pieces for name, form in forms(piece) if form in seen}


def _inner(encoded: bytes, offset: int, size: int) -> bytes:
    """The characters that nothing before or after the piece has a part in."""
    return encoded[-(-offset * 8 // 6) : (offset + size) * 8 // 6]


def _inflate(stream: memoryview, bits: int) -> bytes:
    """As much as can be read, byte by byte: an error further on costs what comes after it alone."""
    reader, text = zlib.decompressobj(bits), b""
    try:
        for byte in stream:
            text += reader.decompress(bytes([byte]), _MOST_BYTES)
            if reader.eof or len(text) > _MOST_BYTES:
                break
    except zlib.error:
        pass
    return text


def _whole(stream: memoryview) -> bytes:
    """What a bare stream holds that begins here; nothing where none does, which is so nearly everywhere."""
    try:
        return zlib.decompressobj(-15).decompress(stream, _MOST_BYTES)
    except zlib.error:
        return b""

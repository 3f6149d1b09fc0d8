"""A PNG, a GIF and a WebP without what stands beside the picture."""

import zlib
from collections.abc import Callable, Iterator
from typing import Final

from assistant.domain.picture_parts import NoPictureError, part

Found = tuple[int, int, bytes]
"""Width, height, and the file without the rest."""

_PNG_BEGIN: Final = b"\x89PNG\r\n\x1a\n"
_PNG_ASIDE: Final[dict[bytes, Callable[[int], bool]]] = {
    b"PLTE": lambda length: 0 < length <= 768 and length % 3 == 0,
    b"tRNS": lambda length: 0 < length <= 256,
    b"gAMA": lambda length: length == 4,
    b"cHRM": lambda length: length == 32,
    b"sRGB": lambda length: length == 1,
    b"sBIT": lambda length: 0 < length <= 4,
}
"""What changes how the picture looks, each once, and which lengths it may have; longer, it could hold anything."""

_MOST_CHUNK: Final = 2**31 - 1


def png(raw: bytes) -> Found:
    """Of an animation what is shown where that is not known. Raises: NoPictureError."""
    kept, seen = [_PNG_BEGIN], set[bytes]()
    width = height = 0
    for name, body in _png_chunks(raw):
        if (name == b"IHDR") is bool(seen):
            raise NoPictureError("it does not begin as it should")
        if name == b"IHDR":
            width, height = _png_size(body)
        keeps = name in (b"IHDR", b"IDAT", b"IEND") or (
            name not in seen and name in _PNG_ASIDE and _PNG_ASIDE[name](len(body))
        )
        if not keeps and name[:1].isupper():
            raise NoPictureError("it holds a part that is not read here")
        seen.add(name)
        if keeps:
            kept.append(_png_chunk(name, body))
    if b"IDAT" not in seen:
        raise NoPictureError("there is no picture in it")
    return width, height, b"".join(kept)


def _png_chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every part up to the end. Raises: NoPictureError where one is damaged."""
    at, name = len(_PNG_BEGIN), b""
    while name != b"IEND":
        length = int.from_bytes(part(raw, at, 4), "big")
        name = part(raw, at + 4, 4)
        if length > _MOST_CHUNK or not name.isalpha():
            raise NoPictureError("its parts do not follow each other")
        body = part(raw, at + 8, length)
        if _png_chunk(name, body)[-4:] != part(raw, at + 8 + length, 4):
            raise NoPictureError("it is damaged")
        if name == b"IEND" and body:
            raise NoPictureError("its end is none")
        yield name, body
        at += 12 + length


def _png_chunk(name: bytes, body: bytes) -> bytes:
    checked = name + body
    return len(body).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")


def _png_size(body: bytes) -> tuple[int, int]:
    if len(body) != 13:
        raise NoPictureError("it does not begin as it should")
    return int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")


def gif(raw: bytes) -> Found:
    """The first frame, with what makes a colour of it clear. Raises: NoPictureError."""
    screen = part(raw, 6, 7)
    table = _gif_colours(screen[4])
    at = 13 + table
    kept, control = [b"GIF89a", screen, part(raw, 13, table)], b""
    while (mark := part(raw, at, 1)) != b",":
        if mark != b"!":
            raise NoPictureError("there is no picture in it")
        blocks, end = _gif_blocks(raw, at + 2)
        if part(raw, at + 1, 1) == b"\xf9" and len(blocks) == 6 and blocks[0] == 4:
            # When the next frame comes is of no use without one.
            control = b"!\xf9\x04" + bytes((blocks[1] & 1, 0, 0, blocks[4], 0))
        at = end
    frame = part(raw, at, 10)
    head = at + 10 + _gif_colours(frame[9])
    _, end = _gif_blocks(raw, head + 1)
    kept += [control, raw[at:end], b";"]
    width, height = (int.from_bytes(screen[place : place + 2], "little") for place in (0, 2))
    return width, height, b"".join(kept)


def _gif_colours(flags: int) -> int:
    """Bytes of the table of colours that `flags` announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(raw: bytes, at: int) -> tuple[bytes, int]:
    """The blocks from `at` on, with their lengths, and where they end."""
    start = at
    while length := part(raw, at, 1)[0]:
        part(raw, at + 1, length)
        at += 1 + length
    return raw[start : at + 1], at + 1


_WEBP_MOVES, _WEBP_CLEAR = 0x02, 0x10


def webp(raw: bytes) -> Found:
    """The still picture, with what of it is clear. Raises: NoPictureError."""
    size: tuple[int, int] | None = None
    drawn: tuple[int, int] | None = None
    extended, aside, picture = b"", b"", b""
    for name, body in _webp_chunks(raw):
        if name in (b"ANIM", b"ANMF"):
            raise NoPictureError("it moves; attach a still one")
        if name == b"VP8X" and not extended and len(body) == 10:
            if body[0] & _WEBP_MOVES:
                raise NoPictureError("it moves; attach a still one")
            size = _number(body, 4, 3) + 1, _number(body, 7, 3) + 1
            extended = bytes((body[0] & _WEBP_CLEAR, 0, 0, 0)) + body[4:]
        elif name == b"ALPH" and not aside and not picture:
            aside = _webp_chunk(name, body)
        elif name in (b"VP8 ", b"VP8L") and not picture:
            drawn = _webp_size(name, body)
            picture = _webp_chunk(name, body)
    if drawn is None or (size or drawn) != drawn:
        raise NoPictureError("there is no picture in it, or one of another size")
    head = _webp_chunk(b"VP8X", extended) if extended else b""
    inner = b"WEBP" + head + (aside if extended else b"") + picture
    return (*drawn, b"RIFF" + len(inner).to_bytes(4, "little") + inner)


def _webp_chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    end = 8 + _number(raw, 4, 4)
    if end > len(raw):
        raise NoPictureError("it ends too early")
    at = 12
    while at < end:
        length = int.from_bytes(part(raw, at + 4, 4), "little")
        yield part(raw, at, 4), part(raw, at + 8, length)
        at += 8 + length + length % 2


def _webp_chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def _webp_size(name: bytes, body: bytes) -> tuple[int, int]:
    if name == b"VP8L":
        if part(body, 0, 1) != b"\x2f":
            raise NoPictureError("there is no picture in it")
        bits = int.from_bytes(part(body, 1, 4), "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if part(body, 3, 3) != b"\x9d\x01\x2a":
        raise NoPictureError("there is no picture in it")
    sides = part(body, 6, 4)
    return _number(sides, 0, 2) & 0x3FFF, _number(sides, 2, 2) & 0x3FFF


def _number(raw: bytes, at: int, length: int) -> int:
    return int.from_bytes(raw[at : at + length], "little")

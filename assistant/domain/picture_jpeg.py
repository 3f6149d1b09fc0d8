"""A JPEG without what stands beside the picture: its tables, its frame and its scans, and which way up it is."""

import re
from typing import Final

from assistant.domain.picture_parts import NoPictureError, part

_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
"""Says how the colours are coded, and nothing of who made it."""

_START, _END, _SCAN, _FRAMES = 0xD8, 0xD9, 0xDA, (0xC0, 0xC1, 0xC2)
_TABLES = (0xC4, 0xDB, 0xDD)
_APP0, _APP1, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xEE, 0xEF, 0xFE
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_ORIENTATION: Final = 0x0112
_MOST_ENTRIES: Final = 512


class _Kept:
    """What is kept of one file, as it is read."""

    def __init__(self) -> None:
        self.jfif = False
        self.adobe: int | None = None
        self.turned = 1
        self.size: tuple[int, int] | None = None
        self.scanned = False
        self.parts: list[bytes] = []

    def whole(self) -> bytes:
        """The file of it. The marks come first, so that it is the same when it is read again."""
        head = [b"\xff\xd8"]
        if self.jfif:
            head.append(_JFIF)
        if self.turned != 1:
            head.append(_turned(self.turned))
        if self.adobe is not None:
            head.append(b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes((self.adobe,)))
        return b"".join([*head, *self.parts, b"\xff\xd9"])


def jpeg(raw: bytes) -> tuple[int, int, bytes]:
    """Width and height as they are stored, and the file without the rest. Raises: NoPictureError."""
    kept, at = _Kept(), 2
    while True:
        marker, at = _marker(raw, at)
        if marker == _END:
            break
        length = int.from_bytes(part(raw, at, 2), "big")
        if length < 2:
            raise NoPictureError("a part of it has no length")
        body = part(raw, at + 2, length - 2)
        at += length
        if marker == _SCAN:
            end = _scan_end(raw, at)
            kept.parts.append(b"\xff\xda" + length.to_bytes(2, "big") + body + raw[at:end])
            kept.scanned, at = True, end
        else:
            _take(kept, marker, body)
    if kept.size is None or not kept.scanned:
        raise NoPictureError("there is no picture in it")
    return (*kept.size, kept.whole())


def _marker(raw: bytes, at: int) -> tuple[int, int]:
    """The marker at `at`, past what fills up before it, and where it ends."""
    if part(raw, at, 1) != b"\xff":
        raise NoPictureError("its parts do not follow each other")
    while raw[at] == 0xFF:
        at += 1
    return raw[at], at + 1


def _scan_end(raw: bytes, at: int) -> int:
    found = _AFTER_SCAN.search(raw, at)
    if found is None:
        raise NoPictureError("it ends too early")
    return found.start()


def _take(kept: _Kept, marker: int, body: bytes) -> None:
    """Keeps a part where the picture cannot be drawn without it. Raises: NoPictureError."""
    if marker in _FRAMES:
        if kept.size is not None:
            raise NoPictureError("it holds more than one picture")
        kept.size = _size(body)
    if marker in _FRAMES or marker in _TABLES:
        kept.parts.append(bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body)
    elif marker == _APP0 and body.startswith(b"JFIF\0"):
        kept.jfif = True
    elif marker == _APP1 and body.startswith(b"Exif\0\0"):
        kept.turned = _turn(body[6:])
    elif marker == _APP14 and body.startswith(b"Adobe") and len(body) == 12:
        kept.adobe = body[11]
    elif not (_APP0 <= marker <= _APP15 or marker == _COMMENT):
        raise NoPictureError(f"it is coded in a way that is not read here (part {marker:02x})")


def _size(frame: bytes) -> tuple[int, int]:
    if len(frame) < 6 or frame[0] != 8:
        raise NoPictureError("it is coded in a way that is not read here")
    return int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")


def _turn(tiff: bytes) -> int:
    """The orientation that an Exif block tells, 1 to 8; 1, upright, where it tells none."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(tiff[:4])
    if order is None:
        return 1
    little = order == "little"

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], "little" if little else "big")

    first = number(4, 4)
    for place in range(min(number(first, 2), _MOST_ENTRIES)):
        at = first + 2 + 12 * place
        if number(at, 2) == _ORIENTATION and number(at + 2, 2) == 3:
            found = number(at + 8, 2)
            return found if 1 <= found <= 8 else 1
    return 1


def _turned(orientation: int) -> bytes:
    """An Exif block that tells the orientation alone."""
    tiff = (
        b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + bytes((0, orientation)) + b"\0\0\0\0\0\0"
    )
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body

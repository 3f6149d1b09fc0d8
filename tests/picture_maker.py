"""Small real picture files for tests, with what cameras and programs write beside the picture: each says `Secret` there."""

import zlib
from base64 import b64decode
from typing import Final

from assistant.domain.attachments import Attachment
from assistant.domain.picture_files import cleaned
from assistant.domain.pictures import encoded

# Each is 8 x 6 pixels, drawn and saved by Pillow.
_JPEG: Final = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/4QB6RXhpZgAATU0AKgAAAAgAAwEPAAIAAAAKAAAAMgESAAMAAAABAAYAAIglAAQAAAABAAAAPAAAAABTZWNyZXRDYW0A"
    "AAIAAQACAAAAAk4AAAAAAgAFAAAAAwAAAFoAAAAAAAAANAAAAAEAAAAfAAAAAQAAAAwAAAAB//4AEFNlY3JldCBjb21tZW50/9sAQwAoHB4jHhkoIyEjLSso"
    "MDxkQTw3Nzx7WF1JZJGAmZaPgIyKoLTmw6Cq2q2KjMj/y9ru9f///5vB////+v/m/f/4/9sAQwErLS08NTx2QUF2+KWMpfj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4"
    "+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4/8AAEQgABgAIAwEiAAIRAQMRAf/EABUAAQEAAAAAAAAAAAAAAAAAAAAD/8QAFBABAAAAAAAAAAAAAAAA"
    "AAAAAP/EABUBAQEAAAAAAAAAAAAAAAAAAAME/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AiABa/9k="
)
_PROG: Final = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////////////////////////////////////"
    "2wBDAVVaWnhpeOuCguv/////////////////////////////////////////////////////////////////////////wgARCAAGAAgDASIAAhEBAxEB/8QA"
    "FQABAQAAAAAAAAAAAAAAAAAAAAL/xAAUAQEAAAAAAAAAAAAAAAAAAAAC/9oADAMBAAIQAxAAAAGQX//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAQUC"
    "f//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQMBAT8Bf//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQIBAT8Bf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/"
    "2gAIAQEABj8Cf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAT8hf//aAAwDAQACAAMAAAAQ9//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQMBAT8Q"
    "f//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQIBAT8Qf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAT8Qf//Z"
)
_WEBP: Final = (
    "UklGRtQAAABXRUJQVlA4WAoAAAAMAAAABwAABQAAVlA4ICYAAABwAQCdASoIAAYAB0CWJbACdAFAAAD+15Xqqnr8bvqJ8rPd80AAAEVYSUZyAAAATU0AKgAA"
    "AAgAAwEPAAIAAAAKAAAAMgESAAMAAAABAAYAAIglAAQAAAABAAAAPAAAAABTZWNyZXRDYW0AAAIAAQACAAAAAk4AAAAAAgAFAAAAAwAAAFoAAAAAAAAANAAA"
    "AAEAAAAfAAAAAQAAAAwAAAABWE1QIA0AAAA8eD5TZWNyZXQ8L3g+AA=="
)
_WEBPL: Final = "UklGRiIAAABXRUJQVlA4TBYAAAAvB0ABAA8wPIP8j//5Dx68/z+i/9ED"
_MOVES: Final = (
    "UklGRqIAAABXRUJQVlA4WAoAAAACAAAABwAABQAAQU5JTQYAAAAAAAAAAABBTk1GPgAAAAAAAAAAAAcAAAUAAGQAAAJWUDggJgAAAFABAJ0BKggABgAHQJYl"
    "sAAEdAAA/teV/6qp6/G7/8UPd/6keAAAQU5NRjAAAAAAAAAAAAAHAAAFAABkAAAAVlA4IBgAAAA0AQCdASoIAAYAAACWJaQAA3AA/u+5AAA="
)
_WEBPA: Final = (
    "UklGRmAAAABXRUJQVlA4WAoAAAAQAAAABwAABQAAQUxQSBQAAAABDzD/ERFCQdoGjH/NO7ER0f8gAFZQOCAmAAAAcAEAnQEqCAAGAAdAliWwAnQBQAAA/teV"
    "6qp6/G76ifKz3fNAAAA="
)
_GIF: Final = "R0lGODlhCAAGAIEAAMg8HgAAAAAA/wAAACH+DlNlY3JldCBjb21tZW50ACH5BAEAAAEALAAAAAAIAAYAAAgRAAEIHDhQAEGCAQ4qXMhwYEAAOw=="

JPEG, PROGRESSIVE, GIF = b64decode(_JPEG), b64decode(_PROG), b64decode(_GIF)
"""The JPEG has a camera, a place, an orientation of 6 and a comment; the GIF a comment and a clear colour."""
WEBP, WEBP_LOSSLESS, WEBP_MOVES, WEBP_CLEAR = map(b64decode, (_WEBP, _WEBPL, _MOVES, _WEBPA))
"""The first has Exif and XMP."""


def chunk(name: bytes, body: bytes) -> bytes:
    """One part of a PNG."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def png(width: int = 8, height: int = 6, *, before: bytes = b"", after: bytes = b"") -> bytes:
    """A grey PNG with parts `before` its pixels and `after` them."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    pixels = zlib.compress((b"\0" + b"\x7f" * width) * height)
    body = chunk(b"IHDR", size) + before + chunk(b"IDAT", pixels) + after + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def lake(width: int = 240, height: int = 150) -> bytes:
    """A PNG in colours: an evening sky with a sun, a hill, and a lake that has both upside down."""
    shore, sun = height * 11 // 20, (width * 7 // 10, height // 3)
    rows = []
    for y in range(height):
        up = y if y < shore else 2 * shore - y
        row = bytearray(b"\0")
        for x in range(width):
            hill = shore - int((height // 4) * max(0.0, 1 - ((x - width // 4) / (width // 4)) ** 2))
            far = (x - sun[0]) ** 2 + (up - sun[1]) ** 2
            seen = (250, 235, 170) if far < (height // 9) ** 2 else (70 + 150 * max(up, 0) // shore, 90 + 40 * max(up, 0) // shore, 160 - 60 * max(up, 0) // shore)  # fmt: skip
            if up >= hill:
                seen = (30, 60, 45)
            row += bytes(seen) if y < shore else bytes(part * 3 // 5 + 12 for part in seen)
        rows.append(bytes(row))
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    body = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def image(name: str = "photo.png", raw: bytes | None = None) -> Attachment:
    """A picture as it is attached."""
    found = cleaned(png() if raw is None else raw)
    return Attachment(name, found.kind, encoded(found.raw))

"""Opens a file that a person chose, wherever it lies, and reads its text: nothing but a file, and never more than a bound."""

import codecs
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.domain.attachments import size_words
from assistant.domain.errors import AttachmentError
from assistant.domain.hygiene import harmless
from assistant.storage.regular import kind

MOST_TEXT_BYTES: Final = 1_000_000

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_CONTROLS: Final = frozenset(map(chr, range(0x20))) - frozenset("\t\n\r\f\x1b\b\a") | {"\x7f"}
_MOST_CONTROLS: Final = 0.02
"""The share of control characters beyond which it is no text."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An open file; `path` is where it really lies, every symlink followed."""

    descriptor: int
    path: str
    size_bytes: int

    def read(self, most_bytes: int, name: str, hint: str = "attach a part of it") -> bytes:
        """All of it. Raises: AttachmentError where it is larger, with `hint`, or cannot be read."""
        if self.size_bytes > most_bytes:
            raise too_large(name, self.size_bytes, most_bytes, hint)
        parts, left = [], most_bytes + 1
        try:
            # Some files say that they are empty and are not.
            while left > 0 and (part := os.read(self.descriptor, min(left, 1 << 20))):
                parts.append(part)
                left -= len(part)
        except OSError as error:
            raise unreadable(name, error) from error
        if left <= 0:
            raise too_large(name, most_bytes + 1, most_bytes, hint)
        return b"".join(parts)


@contextmanager
def opened(path: str, name: str) -> Iterator[OpenFile]:
    """Opens the file at `path`. Raises: AttachmentError where there is none, or something else than a file."""
    try:
        real = os.path.realpath(path, strict=True)
        # A device may act when it is opened: it is looked at first, and again once it is open.
        require_file(os.lstat(real), name)
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
        descriptor = os.open(real, flags)
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from error
    try:
        found = os.fstat(descriptor)
        require_file(found, name)
        yield OpenFile(descriptor, _place(descriptor, real), found.st_size)
    finally:
        os.close(descriptor)


def require_file(found: os.stat_result, name: str) -> None:
    """Raises: AttachmentError where it is a pipe, a device or a socket."""
    if what := kind(found):
        raise AttachmentError(f"{name} is {what}", "only files and folders can be attached")


def decoded(raw: bytes, name: str) -> tuple[str, str]:
    """The text of `raw`, made harmless, with line ends of one kind; and how it was read, where that is worth a word.

    UTF-8, else what its first bytes say, else Windows-1252 where nothing of it speaks against that. Raises: AttachmentError.
    """
    encoding = next((word for mark, word in _MARKS if raw.startswith(mark)), "")
    if b"\0" in raw and encoding in ("", "utf-8-sig"):
        raise _binary(name)
    try:
        text = raw.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise AttachmentError(f"{name} says that it is {encoding}, and is not") from error
        text, encoding = _western(raw, name), "windows-1252"
    if sum(map(text.count, _CONTROLS)) > len(text) * _MOST_CONTROLS:
        raise _binary(name)
    text = harmless(text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise AttachmentError(f"{name} is empty")
    return text, "" if encoding in ("", "utf-8-sig") else f"read as {encoding}"


def too_large(name: str, size_bytes: int, most_bytes: int, hint: str) -> AttachmentError:
    """The error for a file beyond a bound."""
    return AttachmentError(
        f"{name} has {size_words(size_bytes)}; at most {size_words(most_bytes)} can be attached",
        hint,
    )


def unreadable(name: str, error: OSError | ValueError) -> AttachmentError:
    """The error for what the system does not let be read."""
    why = error.strerror if isinstance(error, OSError) else None
    return AttachmentError(f"{name} cannot be read: {why or 'this is no path'}")


def _western(raw: bytes, name: str) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        raise _binary(name) from None


def _binary(name: str) -> AttachmentError:
    return AttachmentError(
        f"{name} is not a text",
        "attach texts, PDFs and images; iconv -t UTF-8 converts other texts",
    )


def _place(descriptor: int, path: str) -> str:
    """Where the open file lies, also where a folder above it was exchanged meanwhile."""
    try:
        place = str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return path
    return place if place.startswith("/") else path

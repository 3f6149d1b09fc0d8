"""The conversations in a zip archive, as streams: nothing is unpacked onto the disk, and no name in it is taken for a path."""

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

MOST_BYTES: Final = 1 << 31
"""So much of an archive is read in all, unpacked: what claims to be a history and is larger is none."""
MOST_MEMBERS: Final = 100_000

MAGIC: Final = b"PK\x03\x04"
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_CONVERSATIONS = re.compile(r"(?:^|/)(?:conversations[^/]*\.json|[^/]*\.jsonl)$", re.IGNORECASE)


class _Bounded:
    """A member of the archive, as far as a reader of JSON needs it."""

    def __init__(self, member: IO[bytes], room: list[int]) -> None:
        self._member = member
        self._room = room

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises: ValueError where the archive comes to too much, or is damaged."""
        with _in_words():
            raw = self._member.read(size)
        self._room[0] -= len(raw)
        if self._room[0] < 0:
            raise ValueError(f"the archive holds more than {MOST_BYTES:,} bytes")
        return raw


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (*_BROKEN, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        # RuntimeError is what zipfile says of a member with a password, OSError what bz2 says of one that is damaged.
        raise ValueError(f"the archive cannot be read: {error}") from error


def members(file: IO[bytes]) -> Iterator[tuple[str, _Bounded]]:
    """The files of conversations in the archive: (name, stream). Raises: ValueError where there are none, or it is damaged."""
    room = [MOST_BYTES]
    with _in_words():
        archive = zipfile.ZipFile(file)
    with archive:
        infos = archive.infolist()
        if len(infos) > MOST_MEMBERS:
            raise ValueError(f"the archive has more than {MOST_MEMBERS:,} files")
        found = [info for info in infos if _CONVERSATIONS.search(info.filename)]
        if not found:
            raise ValueError("the archive holds no conversations.json and no .jsonl file")
        for info in found:
            with _in_words():
                member = archive.open(info)
            with member:
                yield info.filename, _Bounded(member, room)

"""Finds what our own HTML and Markdown hold for an import, past all that a text inside may pretend."""

import hashlib
import json
from collections.abc import Iterator
from typing import IO, Final

from assistant.storage.export_html import BLOCK, START
from assistant.storage.import_bounds import require_few
from assistant.storage.markdown import MARK

_LONGEST_LINE: Final = 1 << 28
_MOST_HEAD_LINES: Final = 40
"""The block stands in the head, before any text of a conversation."""
_END: Final = b" -->"


def in_html(file: IO[bytes]) -> None:
    """Reads up to where the documents begin. Raises: ValueError where this is no HTML of ours."""
    first = file.readline(_LONGEST_LINE).rstrip(b"\r\n")
    if first.lower() == START.encode():
        for _ in range(_MOST_HEAD_LINES):
            if file.readline(_LONGEST_LINE).rstrip(b"\r\n") == BLOCK.encode():
                return
    raise ValueError("this HTML is not what `assistant history export` writes")


def in_markdown(file: IO[bytes]) -> Iterator[object]:
    """The documents. Raises: ValueError where this is no Markdown of ours, or one of them is not as it was written."""
    mark, wanted, found = f"{MARK} ".encode(), "", 0
    while line := file.readline(_LONGEST_LINE):
        line = line.rstrip(b"\r\n")
        if not (line.startswith(mark) and line.endswith(_END)):
            if not found and not wanted and line.strip():
                raise ValueError("this is no export that is known here")
            continue
        held = line[len(mark) : -len(_END)]
        if not wanted:
            wanted, found = held.decode("ascii", "replace"), found + 1
        elif hashlib.sha256(held).hexdigest() == wanted:
            wanted = ""
            yield _document(held)
    if wanted:
        raise ValueError(f"conversation {found} of the Markdown was changed since it was written")
    if not found:
        raise ValueError("it is empty")


def _document(held: bytes) -> object:
    text = held.decode()
    require_few(text)
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("its values are nested too deeply") from error

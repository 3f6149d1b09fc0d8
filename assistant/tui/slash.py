"""Commands that are typed where a message is written: what is one, and what it says; pure, and loaded before the first frame.

A text is a command where its first character is a slash, a letter follows, and the first word has no other slash and no dot:
`/model`, not `/etc/hosts`, not `//`. A space before the slash makes any text a message. Nothing that was typed is lost: a
command that cannot be followed stands in the composer again.
"""

import re
from typing import NamedTuple

_WORD = re.compile(r"/([A-Za-z][A-Za-z-]*)(?=\s|$)")
LEAVE = ("clear", "new")
ESCAPE = "a space before the slash sends it as a message"


class Typed(NamedTuple):
    """A command's name in small letters, and what stands behind it."""

    name: str
    rest: str


def is_command(text: str) -> bool:
    """Whether `text` is a command, known or not, and so never a message."""
    return _WORD.match(text) is not None


def is_leave(text: str) -> bool:
    """Whether `text` is the command for an empty chat."""
    return is_command(text) and read(text) in {(name, "") for name in LEAVE}


def read(text: str) -> Typed:
    """The command that `text` is. Raises: ValueError where it is none."""
    found = _WORD.match(text)
    if found is None:
        raise ValueError(text)
    return Typed(found[1].lower(), text[found.end() :].strip())

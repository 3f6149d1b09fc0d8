"""What a search found, printed: a line for where, one for what, the words in bold on a terminal."""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.domain.hygiene import one_line

if TYPE_CHECKING:
    from assistant.domain.searching import Spans
    from assistant.ports.chats import Hit

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_KEYS = ("conversation", "title", "message", "role", "excerpt", "marks", "created_at_ms", "label", "route")  # fmt: skip


def print_hits(hits: "Sequence[Hit]", *, as_json: bool) -> None:
    """Facts to stdout; that there are none, to stderr."""
    from assistant.storage.markdown import moment

    if as_json:
        print(json.dumps([{key: getattr(hit, key) for key in _KEYS} for hit in hits], indent=2))
        return
    bold = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    for hit in hits:
        title = one_line(hit.title, 60)
        if hit.role == "title" and bold:
            title = marked(hit.excerpt, hit.marks)
        print(f"{hit.conversation}  {moment(hit.created_at_ms)}  {title}")
        if hit.role != "title":
            shown = marked(hit.excerpt, hit.marks) if bold else hit.excerpt
            print(f"    {hit.role}: {shown}")
    if not hits:
        print("nothing holds all these words", file=sys.stderr)


def marked(line: str, marks: "Spans") -> str:
    """`line` with what is marked in bold."""
    parts, at = [], 0
    for start, end in marks:
        parts += [line[at:start], _BOLD, line[start:end], _PLAIN]
        at = end
    return "".join((*parts, line[at:]))

"""A conversation as Markdown: to read, made harmless to a terminal, and with what it takes to come back as it was."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from assistant.domain.hygiene import harmless, one_line
from assistant.domain.pictured import readable
from assistant.domain.places import SHORT_NAMES
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.domain.thinking import Parts, split
from assistant.storage.sheets import LOCAL_ONLY, Said, Sheet, sheet_of

MARK: Final = "<!-- assistant-history"
"""What the two lines begin with between which a conversation stands; Markdown shows neither.

The first has the hash of the second, which holds the document. So no text inside can pass for either.
"""

SUMMARISED: Final = "summarised down to here; since then a model reads this in its place"


def marked_lines(document: object) -> Iterator[str]:
    """The document of a conversation as Markdown that can be imported, a paragraph at a time. Raises: ValueError."""
    held = json.dumps(document).replace("--", "-\\u002d")
    yield f"{MARK} {hashlib.sha256(held.encode()).hexdigest()} -->\n"
    sheet = sheet_of(document)
    if sheet.label is Label.LOCAL_ONLY:
        yield f"> **{LOCAL_ONLY}**\n"
    yield from conversation_lines(sheet)
    yield f"{MARK} {held} -->\n"


def conversation_lines(sheet: Sheet) -> Iterator[str]:
    """What a person reads, a paragraph at a time: the branch in view."""
    yield f"# {one_line(sheet.title) or 'Untitled'}\n"
    if sheet.system:
        yield f"*System prompt:* {one_line(sheet.system, 2_000)}\n"
    for message in sheet.path():
        if message.notice:
            yield f"*{message.notice}*\n"
        yield f"**{speaker(message)}**\n"
        yield from _text(message)
        if said := ending(message):
            yield f"*{said}*\n"
        if message.summary:
            yield _quoted(SUMMARISED, message.summary)


def _quoted(what: str, text: str) -> str:
    """What nobody said to the other: a quote of its own, which says what it is."""
    lines = [f"*{what}*", "", *harmless(text).split("\n")]
    return "".join(f"> {line}".rstrip() + "\n" for line in lines)


def moment(at_ms: int) -> str:
    """A time of day of this machine's zone, to the minute; a dash where no calendar holds it."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "—"


def speaker(message: Said) -> str:
    """Who speaks, when, on which route, and the label where it is not the plain one; harmless, on one line."""
    parts = ["you", moment(message.at_ms)] if message.by_person else ["assistant"]
    if message.route is not None:
        parts += [SHORT_NAMES[message.route.place], one_line(message.route.model)]
    if message.label is not Label.NORMAL:
        parts.append(message.label.value)
    return " · ".join(filter(None, parts))


def parts(message: Said) -> Parts:
    """The thought and the answer of a reply; a person's text is its own answer, with a line for an image."""
    return Parts("", readable(message.text)) if message.by_person else split(message.text)


def ending(message: Said) -> str:
    """What is to be said of a reply that did not end by itself; "" for others."""
    if message.finish is Finish.CANCELLED:
        return "stopped here"
    if message.finish is Finish.FAILED:
        why = message.error.line() if message.error else "it is not known why"
        return f"failed here: {one_line(why, 500)}"
    return ""


def _text(message: Said) -> Iterator[str]:
    """What was said; what a model thought before it answered stands in a quote."""
    found = parts(message)
    if found.thought:
        yield _quoted("thought", found.thought)
    if found.answer:
        yield harmless(found.answer) + "\n"

"""A conversation as plain Markdown to read: what stands on the way to its head, made harmless to a terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime

from assistant.domain.hygiene import harmless, one_line
from assistant.domain.places import SHORT_NAMES
from assistant.domain.prompt import Finish, Message, Role
from assistant.domain.thinking import Parts, split
from assistant.ports import ConversationSummary, Journal


def conversation_lines(journal: Journal, summary: ConversationSummary) -> Iterator[str]:
    """The document, a paragraph at a time. Raises: StorageError."""
    yield f"# {one_line(summary.title) or 'Untitled'}\n"
    if summary.system:
        yield f"*System prompt:* {one_line(summary.system, 2_000)}\n"
    notices = {notice.before: notice.text for notice in journal.notices(summary.id)}
    for message in journal.path(summary.head) if summary.head else ():
        if message.id in notices:
            yield f"*{notices[message.id]}*\n"
        yield f"**{_speaker(journal, message)}**\n"
        yield from _text(message)
        yield from _ending(journal, message)


def moment(at_ms: int) -> str:
    """A time of day of this machine's zone, to the minute; a dash where no calendar holds it."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "—"


def _speaker(journal: Journal, message: Message) -> str:
    if message.role is Role.USER:
        return f"you · {moment(message.created_at_ms)}"
    record = journal.record(message.turn)
    if record is None:
        return "assistant"
    return f"assistant · {SHORT_NAMES[record.route.place]} · {one_line(record.route.model)}"


def _text(message: Message) -> Iterator[str]:
    """What was said; what a model thought before it answered stands in a quote."""
    reply = message.role is Role.ASSISTANT
    parts = split(message.text) if reply else Parts("", message.text)
    if parts.thought:
        lines = ["*thought*", "", *harmless(parts.thought).split("\n")]
        yield "".join(f"> {line}".rstrip() + "\n" for line in lines)
    if parts.answer:
        yield harmless(parts.answer) + "\n"


def _ending(journal: Journal, message: Message) -> Iterator[str]:
    if message.finish is Finish.CANCELLED:
        yield "*stopped here*\n"
    if message.finish is Finish.FAILED:
        record = journal.record(message.turn)
        why = record.error.line() if record and record.error else "it is not known why"
        yield f"*failed here: {one_line(why, 500)}*\n"

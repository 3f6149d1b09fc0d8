"""Writes a conversation into the file that a typed command names; nothing is replaced."""

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.turn import Chat

FORMS = {"md": "markdown", "html": "html", "json": "json", "jsonl": "jsonl"}
"""By the ending of the file."""


async def export(screen: "ChatScreen", chat: "Chat", rest: str) -> str:
    """`rest` is `FORM [PATH]`, or a path that says the form by its ending; says where the file is. Raises: UsageError, StorageError."""
    form, place = _read(rest)
    conversation, exchange = chat.conversation, screen.services.exchange
    if not conversation or exchange is None:
        raise UsageError("this chat is empty yet", "there is nothing to export")
    desk = exchange()
    label = await asyncio.to_thread(desk.holds, conversation)
    path = await asyncio.to_thread(desk.keep, conversation, form, Label.LOCAL_ONLY, place)
    warning = "; it holds local-only messages" if label is Label.LOCAL_ONLY else ""
    return f"written to {one_line(str(path), 300)}{warning}"


def _read(rest: str) -> tuple[str, Path | None]:
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"the path: {error}", 'write it as "..."') from error
    known = ", ".join(FORMS)
    ending = words[0] if words[0] in FORMS else words[0].rpartition(".")[2].lower()
    if ending not in FORMS:
        raise UsageError(f"{one_line(words[0], 60)!r} says no form", f"forms: {known}")
    places = words[1:] if words[0] in FORMS else words
    if len(places) > 1:
        raise UsageError("there is more than one path", 'write a path with spaces as "..."')
    return FORMS[ending], Path(places[0]) if places else None

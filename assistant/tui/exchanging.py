"""Conversations into files and out of them: asks which, and says where they are and what came."""

import asyncio
from pathlib import Path
from typing import Final

from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.one_line import LineScreen
from assistant.tui.screens.pick import PickScreen
from assistant.tui.services import ExchangeDesk

FORMS: Final = (
    ("html", "HTML", "all branches, to read in a browser"),
    ("markdown", "Markdown", "the branch in view, to read anywhere"),
    ("json", "JSON", "all that is kept of it"),
)
_ABOUT: Final = (
    "The path of an export: ours, or one of ChatGPT, Claude, Open WebUI or llama-server (JSON, or the zip as it came). "
    "What is not ours comes as local-only."
)
_MOST_LINES: Final = 4
_KEPT_OUT: Final = "without what is local-only"


async def export(chat: ChatScreen, desk: ExchangeDesk) -> None:
    """Writes the conversation in view; runs in a worker; what goes wrong is told."""
    conversation = chat.desk.chat.conversation
    try:
        holds = await asyncio.to_thread(desk.holds, conversation)
        rows = [(f"{form} {holds.value}", f"{name}: {about}") for form, name, about in FORMS]
        if holds is Label.LOCAL_ONLY:
            rows += [
                (f"{form} {Label.NORMAL.value}", f"{name}, {_KEPT_OUT}") for form, name, _ in FORMS
            ]
        chosen = await chat.app.push_screen_wait(
            PickScreen("Export this chat into which file?", rows)
        )
        if not chosen:
            return
        form, label = chosen.split()
        most = Label(label) if holds is Label.LOCAL_ONLY else Label.LOCAL_ONLY
        path = await asyncio.to_thread(desk.keep, conversation, form, most)
    except AssistantError as error:
        chat.tell(str(error), error=True)
        return
    warning = "; it holds local-only messages" if label == Label.LOCAL_ONLY.value else ""
    chat.tell(f"written to {one_line(str(path), 300)}{warning}")


async def bring(chat: ChatScreen, desk: ExchangeDesk) -> None:
    """Asks for a file and takes in what is in it; runs in a worker."""
    asked = LineScreen("Import chats", _ABOUT, "", lambda path: "" if path else "Give a path.")
    path = await chat.app.push_screen_wait(asked)
    if not path:
        return
    chat.tell("importing ...")
    try:
        lines = await asyncio.to_thread(desk.bring, Path(path))
    except AssistantError as error:
        chat.tell(str(error), error=True)
        return
    shown = [*lines[:-1][:_MOST_LINES], lines[-1]]
    chat.tell("\n".join(one_line(line, 300) for line in shown), error=len(lines) > 1)
    chat.face.desk_changed()

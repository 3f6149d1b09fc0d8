"""From a hit of a search to the message: its conversation, on the branch that holds it, with the message at hand and the words marked."""

import asyncio
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.domain.prompt import Role
from assistant.tui.widgets.transcript_marks import Marks, Trail

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine
    from assistant.domain.searching import Sought
    from assistant.ports.chats import Branches, Hit
    from assistant.tui.desk import Desk
    from assistant.tui.view import View

GONE = "this message is not there any more"
BUSY = "a reply is on its way in another branch of this chat: it has to end first"


async def jump(
    engine: "Engine",
    branches: "Branches | None",
    desk: "Desk",
    view: "View",
    hit: "Hit",
    words: "Sought",
) -> None:
    """Errors are told. The `words` that were searched for are then marked, and their other places in the chat a key away."""
    try:
        await desk.open(hit.conversation)
        chat = desk.chat
        if chat.conversation != hit.conversation:
            # The person went on to another one.
            return
        elsewhere = view.transcript.pages.number_of(hit.message) is None
        if hit.role != "title" and branches is not None and elsewhere:
            leaf = await asyncio.to_thread(branches.leaf, hit.message)
            if desk.turns.running_in(chat):
                view.tell(BUSY)
                return
            await engine.move_head(hit.conversation, leaf)
            chat.head = leaf
            if desk.chat is chat:
                await desk.open(hit.conversation)
    except AssistantError as error:
        view.tell(str(error), error=True)
        return
    if chat is desk.chat:
        await _mark(view, "" if hit.role == "title" else hit.message, words)


async def _mark(view: "View", message: str, words: "Sought") -> None:
    transcript = view.transcript
    pages = transcript.pages
    if message and pages.number_of(message) is None:
        view.tell(GONE)
        return
    if message:
        transcript.focus()
    trail = Trail(Marks(words), at=message)
    transcript.seek(trail)
    said = [
        (entry.key, pages.text(number))
        for number, entry in enumerate(pages.entries)
        if entry.role is not Role.SYSTEM
    ]
    trail.keys = await asyncio.to_thread(trail.count, said)
    if transcript.trail is trail:
        view.label()

"""From a hit of a search to the message: its conversation, on the branch that holds it, with the message at hand."""

import asyncio
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine
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
) -> None:
    """Errors are told."""
    try:
        await desk.open(hit.conversation)
        if hit.role != "title" and branches is not None and _number(view, hit.message) is None:
            leaf = await asyncio.to_thread(branches.leaf, hit.message)
            if desk.turns.running_in(desk.chat):
                view.tell(BUSY)
                return
            await engine.move_head(hit.conversation, leaf)
            desk.chat.head = leaf
            await desk.open(hit.conversation)
    except AssistantError as error:
        view.tell(str(error), error=True)
        return
    if hit.role != "title":
        _take_to_hand(view, hit.message)


def _number(view: "View", message: str) -> int | None:
    entries = view.transcript.pages.entries
    return next((n for n, entry in enumerate(entries) if entry.key == message), None)


def _take_to_hand(view: "View", message: str) -> None:
    number, transcript = _number(view, message), view.transcript
    if number is None:
        view.tell(GONE)
        return
    transcript.focus()
    transcript.cursor, transcript.code = number, None
    transcript.show_rows(number, 0, transcript.pages.measure(number))
    transcript.refresh()

"""Every conversation that was deleted, whenever that was: one of them is picked, and is in the list again."""

import asyncio
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.tui.entries import clock_time
from assistant.tui.wording import MARKS

if TYPE_CHECKING:
    from assistant.ports import ConversationSummary
    from assistant.tui.screens.chat import ChatScreen

MOST = 200
NONE = "no chat is deleted"


async def bring_back(screen: "ChatScreen") -> None:
    """Shows them and opens the one that is picked; from a worker. Errors are told."""
    from assistant.tui.screens.pick import PickScreen

    branches = screen.services.branches
    try:
        found = await asyncio.to_thread(branches.gone, MOST) if branches else ()
        titles = [(one.id, one.title) for one in found]
        await asyncio.to_thread(screen.face.shelf.titles.listed, titles)
    except AssistantError as error:
        screen.tell(str(error), error=True)
        return
    if not found:
        screen.tell(NONE)
        return
    now_ms = screen.services.clock.now_ms()
    rows = [(one.id, _line(one, now_ms)) for one in found]
    picked = await screen.app.push_screen_wait(PickScreen("Bring back a deleted chat", rows))
    if picked and await screen.face.shelf.restore(picked):
        await screen.desk.open(picked)


def _line(one: "ConversationSummary", now_ms: int) -> str:
    mark, when = MARKS[one.label], clock_time(one.updated_at_ms, now_ms)
    title = one_line(one.title, 48) or "untitled"
    return " · ".join(part for part in (title, when, f"{one.messages} messages", mark) if part)

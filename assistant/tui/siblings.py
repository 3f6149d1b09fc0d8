"""The siblings of the person's messages in view, as the transcript shows them: ‹ 2/3 › beside the heading."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.domain.prompt import Role

if TYPE_CHECKING:
    from assistant.ports.chats import Branches
    from assistant.tui.widgets.transcript import Transcript


def asked_heading(message: str, siblings: Mapping[str, Sequence[str]]) -> str:
    """Who speaks, and which of how many versions this is."""
    beside = siblings.get(message, ())
    return f"you ‹ {beside.index(message) + 1}/{len(beside)} ›" if message in beside else "you"


class Siblings:
    """Keeps the marks equal to the journal's."""

    def __init__(
        self,
        branches: "Branches | None",
        transcript: "Transcript",
        failed: Callable[[AssistantError], None],
    ) -> None:
        """Without `branches` nothing is known to have siblings."""
        self.branches = branches
        self._transcript = transcript
        self._failed = failed

    async def look(self, head: str) -> None:
        """Marks what is shown of the way to `head` as it is now."""
        if self.branches is None:
            return
        try:
            found = await asyncio.to_thread(self.branches.siblings, head)
        except AssistantError as error:
            self._failed(error)
            return
        for entry in list(self._transcript.pages.entries):
            heading = asked_heading(entry.key, found)
            if entry.role is Role.USER and entry.heading != heading:
                self._transcript.update_entry(replace(entry, heading=heading))

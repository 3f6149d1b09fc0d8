"""The search over all history as the chat has it: the list, the hit that was gone to, and the way back."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.tui.copies import LEAST
from assistant.tui.shown_titles import ShownTitles
from assistant.tui.view import View

if TYPE_CHECKING:
    from assistant.ports.chats import Hit
    from assistant.tui.desk import Desk
    from assistant.tui.screens.search import Left, SearchScreen
    from assistant.tui.services import Services


class Finding:
    """One search at a time; what was looked for last stays for the next time."""

    def __init__(
        self,
        services: "Services",
        desk: "Desk",
        view: View,
        show: "Callable[[SearchScreen], Awaitable[Hit | None]]",
        start: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """`show` opens the list and gives the hit that is chosen; `start` runs a coroutine beside the screen."""
        self._services = services
        self._desk = desk
        self._view = view
        self._show = show
        self._start = start
        self._left: Left | None = None
        self._titles = ShownTitles(services.branches, desk.labels)

    def begin(self, line: str | None) -> None:
        """Searches all history for `line` (None: as it was left), and goes to the hit that is chosen."""
        from assistant.tui.screens.search import Left

        asked = self._left.line if self._left and line is None else line
        self._start(self._find(Left(asked or "")))

    def again(self) -> bool:
        """From the hit that was gone to back to the list of them, as it was left; False where no search is on."""
        trail = self._view.transcript.trail
        if trail is None or self._left is None:
            return False
        places = {hit.message: n for n, hit in enumerate(self._left.hits) if hit.role != "title"}
        left = self._left._replace(at=places.get(trail.at, self._left.at))
        self.end()
        self._start(self._find(left))
        return True

    def end(self) -> None:
        """Nothing is marked in the conversation any more."""
        if self._view.transcript.trail:
            self._view.transcript.seek(None)
            self._view.label()

    def _seen(self, hits: "Sequence[Hit]") -> None:
        """What is shown of local-only messages may be copied; a shorter text cannot be told from others."""
        told = [(hit.excerpt, hit.label) for hit in hits if len(hit.excerpt) >= LEAST]
        self._desk.labels.remember(told)
        self._start(self._list([(hit.conversation, hit.title) for hit in hits]))

    async def _list(self, titles: "Sequence[tuple[str, str]]") -> None:
        """Also of chats that are in no list."""
        try:
            await asyncio.to_thread(self._titles.listed, titles)
        except AssistantError as error:
            self._view.tell(str(error), error=True)

    async def _find(self, left: "Left") -> None:
        from assistant.domain.search_line import read_line
        from assistant.domain.searching import sought
        from assistant.tui.jump import jump
        from assistant.tui.screens.search import SearchScreen

        services = self._services
        if services.finder is None:
            self._view.tell("there is nothing to search in here")
            return
        routes = [route.id for route in services.engine.routes]
        screen = SearchScreen(services.finder, routes, services.clock.now_ms(), left)
        screen.seen = self._seen
        hit = await self._show(screen)
        self._left = screen.left
        if hit is not None:
            words = sought(read_line(self._left.line).words)
            await jump(services.engine, services.branches, self._desk, self._view, hit, words)

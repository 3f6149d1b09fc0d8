"""When a title is worded: once nothing has run and nobody has typed for a while after an answer; anything a person does ends it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Protocol

from assistant.domain.errors import AssistantError
from assistant.domain.prompt import Finish
from assistant.domain.settings import Settings

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord
    from assistant.tui.counting import Counting
    from assistant.tui.services import Services
    from assistant.tui.turn import Chat, Turns

PAUSE_S = 4.0
"""How long nothing runs and nothing is typed before the model words a title."""

KEPT_S = 240.0
"""So long after an answer of the HAT its model is surely still loaded there: no title has it loaded again."""

_TRIES = 3


class Desk(Protocol):
    """What lies on the desk, as far as titles need it."""

    turns: "Turns"
    chat: "Chat"
    counting: "Counting"


class Titles:
    """One title at a time, for the conversation of the latest answer: what the engine holds of another is not lost for it."""

    def __init__(
        self,
        services: "Services",
        settings: Callable[[], Settings],
        desk: Desk,
        changed: Callable[[], None],
        start: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """`changed` is called where a conversation has another title; `start` runs a coroutine beside the screen."""
        self._engine = services.engine
        self._journal = services.journal
        self._clock = services.clock
        self._settings = settings
        self._desk = desk
        self._changed = changed
        self._start = start
        self._pause: asyncio.TimerHandle | None = None
        self._wanted: tuple[str, str, float] | None = None
        self._tries: dict[str, int] = {}
        self._wording = False

    def over(self, record: "TurnRecord") -> None:
        """A turn is over: its conversation is the next to get a title, unless no answer came."""
        answered = record.finish in (Finish.STOP, Finish.LENGTH)
        now_ms = self._clock.monotonic_ms()
        self._wanted = (record.conversation, record.route.id, now_ms) if answered else None
        self._wait()

    def typed(self) -> None:
        """The person does something: what is being worded ends at once, and is begun anew in the next pause."""
        if self._wording:
            self._start(self._engine.give_way())
        if self._wanted is not None:
            self._wait()

    def rest(self) -> None:
        """Words nothing any more."""
        self._wanted = None
        self._wait()

    def _wait(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._pause = None
        if self._wanted is not None:
            self._pause = asyncio.get_running_loop().call_later(PAUSE_S, self._begin)

    def _begin(self) -> None:
        if self._wanted is not None and self._settings().generation.titles:
            self._start(self._word(*self._wanted))

    async def _word(self, conversation: str, route: str, answered_ms: float) -> None:
        if self._desk.turns.running is not None or self._desk.chat.typed.strip():
            return
        if not self._may(conversation, route, answered_ms):
            return
        from assistant.conversation.titles import entitle

        self._tries[conversation] = self._tries.get(conversation, 0) + 1
        self._wording = True
        try:
            title = await entitle(self._engine, self._journal, conversation)
        except AssistantError:
            # A title is a favour: what is wrong is said when the person sends.
            title = ""
        finally:
            self._wording = False
        # What it took counts, whether there is a title or not.
        await self._desk.counting.read()
        if title is None:
            return
        # Titled, or not to be: this conversation is done with.
        if self._wanted is not None and self._wanted[0] == conversation:
            self._wanted = None
        self._tries[conversation] = _TRIES
        if title:
            if self._desk.chat.conversation == conversation:
                self._desk.chat.title = title
            self._changed()

    def _may(self, conversation: str, route: str, answered_ms: float) -> bool:
        """Whether the route that answered is the one that words titles, and nothing is spoilt there.

        The HAT has one conversation in memory: one that is in view would have to be read again. And another model than the
        one that answered there would have to be loaded.
        """
        words = self._engine.side_route
        if words is None or words.id != route or self._tries.get(conversation, 0) >= _TRIES:
            return False
        if words.backend == "llama":
            return True
        recent = self._clock.monotonic_ms() - answered_ms < KEPT_S * 1000
        return recent and self._desk.chat.conversation != conversation

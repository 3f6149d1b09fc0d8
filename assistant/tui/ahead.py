"""Lets the engine read what is typed before it is sent, once the person pauses."""

import asyncio
from collections.abc import Callable, Coroutine

from assistant.conversation.engine import Engine
from assistant.domain.errors import AssistantError
from assistant.domain.prompt import Prompt

PAUSE_S = 0.3
"""A pause in the typing after which the engine reads what is there."""


class Ahead:
    """One pause at a time: each key begins it anew, so that a fast typist does not keep the engine busy."""

    def __init__(
        self,
        engine: Engine,
        prompt: Callable[[], Prompt | None],
        start: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """`prompt` gives what is typed at the end of the pause (None: nothing to read); `start` runs a coroutine."""
        self._engine = engine
        self._prompt = prompt
        self._start = start
        self._pause: asyncio.TimerHandle | None = None

    def typed(self) -> None:
        """The person pressed a key."""
        self.rest()
        self._pause = asyncio.get_running_loop().call_later(PAUSE_S, self._begin)

    def rest(self) -> None:
        """Reads nothing of what was typed so far."""
        if self._pause is not None:
            self._pause.cancel()

    def _begin(self) -> None:
        self._start(self._read())

    async def _read(self) -> None:
        prompt = self._prompt()
        if prompt is not None:
            try:
                await self._engine.prefill(prompt)
            except AssistantError:
                # Reading ahead is a favour: what is wrong is said when the person sends.
                return

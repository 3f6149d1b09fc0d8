"""Has long texts remembered in a thread, beside the screen; says while that is not done."""

import asyncio
from collections.abc import Callable, Coroutine

_AT_ONCE = 20_000
"""Characters that are remembered at once, in some 5 ms; more of them are in a thread."""


class TakingIn:
    """As long as it is `behind`, nobody can tell a copy from another text."""

    def __init__(
        self, start: Callable[[Coroutine[None, None, None]], object] | None = None
    ) -> None:
        """`start` runs a coroutine beside the screen (None: nothing is done there)."""
        self._start = start
        self._undone = 0

    @property
    def behind(self) -> bool:
        """Whether something is not remembered yet, or could not be."""
        return self._undone > 0

    def take_in(self, size: int, work: Callable[[], object]) -> None:
        """Does `work`, which remembers `size` characters, now or in a thread."""
        if self._start is None or size <= _AT_ONCE:
            work()
            return
        self._undone += 1
        self._start(self._catch_up(work))

    async def _catch_up(self, work: Callable[[], object]) -> None:
        await asyncio.to_thread(work)
        # Not in a `finally`: of texts that were not remembered nobody can tell a copy.
        self._undone -= 1

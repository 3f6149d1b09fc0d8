"""A sheet that may open under the hands of somebody who types: what is typed on answers nothing, and is kept."""

from typing import Final, TypeVar

from textual import events
from textual.timer import Timer

from assistant.domain.hygiene import harmless
from assistant.ports import Clock
from assistant.tui.screens.sheet import SheetScreen

DEAF_MS = 400.0
"""So long no key does anything once the sheet opens or says something else, and after each key that is typed on."""

ALONE_S = 0.25
"""A key that another one follows within this is the begin of a word, and no answer."""

_TYPED: Final = ("enter", "backspace")
"""Who types presses these too."""

_Answer = TypeVar("_Answer")


class HushedSheet(SheetScreen[_Answer]):
    """Knows keys in a row, which are words, from one that stands alone.

    `typed` is what was typed on while the sheet was there; it belongs where it was meant for.
    """

    def __init__(self, clock: Clock) -> None:
        """`clock` tells how long ago the last key came; the sheet is deaf until `hush` was called once."""
        super().__init__()
        self._clock = clock
        self._awake_ms = float("inf")
        self._first: tuple[str, Timer] | None = None
        self.typed = ""

    @property
    def deaf(self) -> bool:
        """Whether no key does anything now."""
        return self._clock.monotonic_ms() < self._awake_ms

    def hush(self) -> None:
        """No key does anything for a while."""
        self._awake_ms = self._clock.monotonic_ms() + DEAF_MS

    def on_key(self, event: events.Key) -> None:
        """Takes what is typed on; any other key does what it is bound to."""
        before = self._unanswered()
        text = event.character or "" if event.is_printable else ""
        if not text and event.key not in _TYPED:
            return
        bound = not text or event.key in self._bindings.key_to_bindings
        if bound and not before and not self.deaf:
            return
        event.stop()
        self.typed += before
        self.typed = self.typed[:-1] if event.key == "backspace" else self.typed + text
        self.hush()

    def on_paste(self, event: events.Paste) -> None:
        """As what is typed."""
        event.stop()
        self.typed += self._unanswered() + harmless(event.text)
        self.hush()

    def action_alone(self, action: str, key: str) -> None:
        """Runs `action` with `key`, a letter, if no other key follows that one at once."""

        async def answer() -> None:
            self._first = None
            if self.app.screen is self:
                await self.run_action(f"{action}({key!r})")

        self._first = key, self.set_timer(ALONE_S, answer)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key does anything while the sheet is deaf; one that has to stand alone does what its action may."""
        if self.deaf:
            return False
        return self.check_action(str(parameters[0]), parameters[1:]) if action == "alone" else True

    def _unanswered(self) -> str:
        """The key that stood alone until now, and does so no more; "" where there is none."""
        first, self._first = self._first, None
        if first is None:
            return ""
        first[1].stop()
        return first[0]

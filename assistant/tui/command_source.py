"""Completes commands and what may follow them; what is loaded for it waits for the first slash."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.tui.widgets.completion import Choice, Offer

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen


class CommandSource:
    """A Source for the composer. What it reads for one command is kept until the command is over."""

    def __init__(self, screen: "ChatScreen") -> None:
        self._screen = screen
        self._known: dict[str, Sequence[Choice]] = {}

    def __call__(self, text: str, at: int) -> Offer | None:
        """What can be completed: the name while the cursor stands in it, then the word behind it."""
        if not text.startswith("/"):
            self._known.clear()
            return None
        from assistant.tui import slash

        if "\n" in text or at != len(text) or (len(text) > 1 and not slash.is_command(text)):
            return None
        name, space, rest = text[1:].partition(" ")
        if not space:
            return _names(name.lower(), at)
        start = len(name) + 2
        typed = rest.lower()
        shown = [one for one in self._values(name.lower()) if _fits(one, typed)]
        return Offer(start, at, tuple(shown), f"/{name}") if shown else None

    def _values(self, name: str) -> Sequence[Choice]:
        from assistant.tui.verb_values import VALUES
        from assistant.tui.verbs import named

        verb = named(name)
        read: Callable[[ChatScreen], Sequence[Choice]] | None
        read = VALUES.get(verb.name) if verb else None
        if verb is None or read is None:
            return ()
        if verb.name not in self._known:
            try:
                self._known[verb.name] = read(self._screen)
            except AssistantError:
                # The command itself meets the same fault and says it.
                self._known[verb.name] = ()
        return self._known[verb.name]


def _names(typed: str, at: int) -> Offer:
    from assistant.tui.verbs import found

    choices = (
        Choice(f"/{v.name} " if v.usage else f"/{v.name}", v.line, v.about, ends=not v.usage)
        for v in found(typed)
    )
    return Offer(0, at, tuple(choices), "Commands")


def _fits(choice: Choice, typed: str) -> bool:
    """Those that begin so, and those of which a later word does."""
    word = choice.text.lower()
    return word.startswith(typed) or (bool(typed) and f"-{typed}" in word.replace("_", "-"))

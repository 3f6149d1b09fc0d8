"""The prompts that a person sent before, called back with the arrow keys."""

from collections.abc import Iterable

from assistant.domain.sensitivity import Label


class Recall:
    """Walks from the prompt being typed to older ones and back; the typed text waits at the end.

    What a person makes of an older one stands in its place until other prompts are at hand.
    """

    def __init__(self) -> None:
        self._prompts: list[str] = []
        self._at = 0
        self._typed = "", Label.LOCAL_ONLY
        self._shown = ""
        self._changed: dict[int, tuple[str, Label]] = {}

    def fill(self, prompts: Iterable[str]) -> None:
        """Starts over with `prompts`, the oldest first; repeats in a row count once."""
        self._prompts = []
        self._changed = {}
        self.home()
        for prompt in prompts:
            self.add(prompt)

    def add(self, prompt: str) -> tuple[str, Label] | None:
        """Puts the prompt that was just sent at the end and goes there; what waited there is returned, as by `waiting`."""
        waiting = self.waiting
        self._changed.pop(self._at, None)
        if prompt.strip() and (not self._prompts or self._prompts[-1] != prompt):
            self._prompts.append(prompt)
        self.home()
        return waiting

    def home(self) -> None:
        """Goes to the end; what waited there is the composer's again, or nobody's."""
        self._at = len(self._prompts)
        self._typed = "", Label.LOCAL_ONLY

    @property
    def waits(self) -> bool:
        """Whether an earlier prompt is shown, and what was typed waits at the end."""
        return self._at < len(self._prompts)

    @property
    def waiting(self) -> tuple[str, Label] | None:
        """What was typed, with its label; None where it is shown, or is nothing."""
        return self._typed if self.waits and self._typed[0].strip() else None

    @property
    def unsent(self) -> list[tuple[str, Label]]:
        """What is not sent and not shown, each with its label: what was made of earlier prompts, and what was typed."""
        made = [self._changed[at] for at in sorted(self._changed) if at != self._at]
        return [*made, self.waiting] if self.waiting else made

    def shows(self, text: str) -> None:
        """`text` is what the prompt that was called back looks like in the composer."""
        self._shown = text

    def own(self, current: str) -> str:
        """What of `current`, which stands in the composer, is not sent yet; "" for an earlier prompt while something else waits."""
        own = not self.waits or not self.unsent or self._differs(current)
        return current if own else ""

    def older(self, current: str, label: Label = Label.LOCAL_ONLY) -> str | None:
        """The prompt before the one that is shown; None at the oldest. `current` stands in the composer, with `label`."""
        if self._at == 0:
            return None
        if self._at == len(self._prompts):
            self._typed = current, label
        else:
            self._keep(current, label)
        self._at -= 1
        return self._here

    def newer(self, current: str, label: Label = Label.LOCAL_ONLY) -> str | None:
        """The prompt after the one that is shown, at last the typed text; None where that is shown already. `current` as in `older`."""
        if self._at == len(self._prompts):
            return None
        self._keep(current, label)
        self._at += 1
        return self._typed[0] if self._at == len(self._prompts) else self._here

    @property
    def _here(self) -> str:
        return self._changed[self._at][0] if self._at in self._changed else self._prompts[self._at]

    def _differs(self, current: str) -> bool:
        return current != self._shown or self._at in self._changed

    def _keep(self, current: str, label: Label) -> None:
        if current == self._prompts[self._at]:
            self._changed.pop(self._at, None)
        elif current.strip() and self._differs(current):
            self._changed[self._at] = current, label

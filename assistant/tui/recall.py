"""The prompts that a person sent before, called back with the arrow keys."""

from collections.abc import Iterable


class Recall:
    """Walks from the prompt being typed to older ones and back; the typed text waits at the end."""

    def __init__(self) -> None:
        self._prompts: list[str] = []
        self._at = 0
        self._typed = ""

    def fill(self, prompts: Iterable[str]) -> None:
        """Starts over with `prompts`, the oldest first; repeats in a row count once."""
        self._prompts = []
        for prompt in prompts:
            self.add(prompt)
        self._at = len(self._prompts)

    def add(self, prompt: str) -> None:
        """Puts the prompt that was just sent at the end and goes there."""
        if prompt.strip() and (not self._prompts or self._prompts[-1] != prompt):
            self._prompts.append(prompt)
        self._at = len(self._prompts)
        self._typed = ""

    @property
    def waits(self) -> bool:
        """Whether an earlier prompt is shown, and what was typed waits at the end."""
        return self._at < len(self._prompts)

    def older(self, current: str) -> str | None:
        """The prompt before the one that is shown; None at the oldest. `current` is what stands in the composer."""
        if self._at == 0:
            return None
        if self._at == len(self._prompts):
            self._typed = current
        self._at -= 1
        return self._prompts[self._at]

    def newer(self) -> str | None:
        """The prompt after the one that is shown, at last the typed text; None where that is shown already."""
        if self._at == len(self._prompts):
            return None
        self._at += 1
        return self._typed if self._at == len(self._prompts) else self._prompts[self._at]

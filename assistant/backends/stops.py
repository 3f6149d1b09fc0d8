"""Keeps stop texts, and whatever follows them, out of a reply."""

from collections.abc import Sequence


class StopTexts:
    """A reply's text as it grows; `stopped` once a stop text is complete."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        """Neither the stop text that is completed first nor anything after it is given out."""
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """What may be shown now that `text` came; what may be the beginning of a stop text is held back."""
        if not self._stops:
            return text
        if self.stopped:
            return ""
        text = self._held + text
        found = [(at + len(stop), at) for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            # The one that ends first wins, so that it does not matter how the text was cut into tokens.
            _, start = min(found)
            self.stopped, self._held = True, ""
            return text[:start]
        cut = len(text) - max(_begun(text, stop) for stop in self._stops)
        self._held = text[cut:]
        return text[:cut]

    def end(self) -> str:
        """What was held back and may be shown because nothing follows."""
        rest, self._held = self._held, ""
        return rest


def _begun(text: str, stop: str) -> int:
    """How many of the last characters of `text` are the beginning of `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)

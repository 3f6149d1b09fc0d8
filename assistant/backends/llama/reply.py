"""Turns the bytes of tokens into text that may be shown: whole characters only, and no stop string."""

import codecs
from collections.abc import Sequence


class ReplyText:
    """The text of one reply as it grows; `stopped` once a stop string is complete."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        """Neither the stop string that is completed first nor anything after it is given out."""
        self._stops = tuple(stop for stop in stops if stop)
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._held = ""
        self.stopped = False

    def feed(self, piece: bytes) -> str:
        """What may be shown now that `piece` came; bytes that are no UTF-8 become U+FFFD."""
        text = self._decode(piece)
        return self._pass(text) if self._stops else text

    def end(self) -> str:
        """What was held back and may be shown because nothing follows."""
        if self.stopped:
            return ""
        text = self._decode(b"", True)
        if not self._stops:
            return text
        shown = self._pass(text)
        rest, self._held = self._held, ""
        return shown if self.stopped else shown + rest

    def _pass(self, text: str) -> str:
        if self.stopped:
            return ""
        text = self._held + text
        found = [(at + len(stop), at) for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            # The one that ends first wins, so that it does not matter how the text was cut into tokens.
            _, start = min(found)
            self.stopped, self._held = True, ""
            return text[:start]
        keep = max(_begun(text, stop) for stop in self._stops)
        cut = len(text) - keep
        self._held = text[cut:]
        return text[:cut]


def _begun(text: str, stop: str) -> int:
    """How many of the last characters of `text` are the beginning of `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)

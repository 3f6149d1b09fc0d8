"""Turns the bytes of tokens into text that may be shown: whole characters only, and no stop string."""

import codecs
from collections.abc import Sequence

from assistant.backends.stops import StopTexts


class ReplyText:
    """The text of one reply as it grows; `stopped` once a stop string is complete."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        """Neither the stop string that is completed first nor anything after it is given out."""
        self._stops = StopTexts(stops)
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode

    @property
    def stopped(self) -> bool:
        """Whether a stop string is complete."""
        return self._stops.stopped

    def feed(self, piece: bytes) -> str:
        """What may be shown now that `piece` came; bytes that are no UTF-8 become U+FFFD."""
        return self._stops.feed(self._decode(piece))

    def end(self) -> str:
        """What was held back and may be shown because nothing follows."""
        shown = self._stops.feed(self._decode(b"", True))
        return shown + self._stops.end()

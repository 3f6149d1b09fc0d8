"""Turns the bytes of one reply into text that may be shown, piece by piece; pure."""

import codecs
from collections.abc import Iterator, Sequence
from contextlib import suppress

from assistant.backends.hailo.wire import ComplaintError, Lines, complaint, read_line
from assistant.backends.stops import StopTexts
from assistant.domain.errors import ServerError, ServerFault
from assistant.domain.prompt import Finish
from assistant.ports import Text

THINKING = "<think>"


def opening(model: str) -> str:
    """What the model's template puts before the reply: DeepSeek's begins inside its reasoning (facts §1.4)."""
    name = model.lower().replace("-", "_")
    return THINKING + "\n" if "deepseek_r1" in name else ""


class Reading:
    """A reply on its way; `finish` is set once it is over, `raw` is what the server said, `tokens` what was given out."""

    def __init__(self, opening: str = "", stops: Sequence[str] = ()) -> None:
        """`opening` goes before the first text; the reply ends before any of `stops`."""
        self._opening = opening
        self._stops = StopTexts(stops)
        self._lines = Lines()
        # A character beyond the first plane is escaped as two halves, which may come in two lines.
        self._join = codecs.getincrementaldecoder("utf-16-le")(errors="replace").decode
        self._untold = 0
        self.tokens = 0
        self.raw = ""
        self.finish: Finish | None = None

    @property
    def cut(self) -> bool:
        """Whether the reply ends here although the server goes on: a stop text came."""
        return self._stops.stopped

    def feed(self, chunk: bytes) -> Iterator[Text]:
        """The texts that `chunk` ends. Raises: ServerError, ComplaintError, RefusedError."""
        for line in self._lines.feed(chunk):
            yield from self._take(line)
            if self.finish is not None:
                return

    def end(self) -> Iterator[Text]:
        """The text of a last line without its end. Raises: ServerError where the reply is not whole; as `feed`."""
        rest = self._lines.rest()
        if rest:
            said = complaint(200, rest)
            if said is not None:
                raise ComplaintError(said)
            with suppress(ServerError):  # half a line: that the reply is cut says more
                yield from self._take(rest)
        if self.finish is None:
            raise ServerError(
                "hailo-ollama ended the reply in the middle", "send again", ServerFault.CUT
            )

    def _take(self, raw: bytes) -> Iterator[Text]:
        line = read_line(raw)
        self.raw += line.text
        self._untold += line.text != ""
        ended = line.finish is not None
        whole = self._join(line.text.encode("utf-16-le", "surrogatepass"), ended)
        shown = self._stops.feed(whole)
        if self._stops.stopped:
            self.finish = Finish.STOP
        elif ended:
            shown += self._stops.end()
            self.finish = line.finish
        if shown:
            yield self._told(shown)

    def _told(self, shown: str) -> Text:
        if self.tokens == 0 and not shown.lstrip().startswith(THINKING):
            shown = self._opening + shown
        text = Text(shown, max(1, self._untold))
        self.tokens += text.tokens
        self._untold = 0
        return text

"""What a reply adds up to while it arrives: its text with its thoughts marked, its end, and its tokens."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from assistant.backends.remote.wire.pieces import Counts, Piece
from assistant.domain.errors import ServerError
from assistant.domain.estimates import came, text_size
from assistant.domain.hygiene import one_line
from assistant.domain.permit import Origin
from assistant.domain.prompt import Finish
from assistant.domain.thinking import CLOSING, OPENING
from assistant.domain.turns import Usage
from assistant.ports import PromptProgress, Said, Text

# OpenAI's, Mistral's and Anthropic's words for a reply that is not whole; a pause is one as well, since nothing goes on from it.
_CUT = ("length", "model_length", "max_tokens", "model_context_window_exceeded", "pause_turn")
# Google adds its reason to the first, as in `content_filter: RECITATION`.
_WITHHELD = ("content_filter", "safety", "recitation", "prohibited_content", "guardrail")
_DECLINED = ("refusal",)
_BROKEN = ("abort", "error")


@dataclass(slots=True)
class Tally:
    """The state of one reply from the server called `name`; `input_tokens` is our own estimate of its prompt."""

    name: str
    input_tokens: int
    window_tokens: int | None
    finish: Finish | None = None
    counts: Counts = Counts()  # noqa: RUF009 - frozen
    progress: PromptProgress | None = None
    origin: Origin = Origin()  # noqa: RUF009 - as above
    _texts: int = 0
    _size: float = 0.0
    _thinking: bool = False

    def take(self, piece: Piece) -> Iterator[Text | PromptProgress | Said]:
        """What `piece` adds. Raises: ServerError where it says that the reply was broken off; RefusedError: see Piece.elsewhere."""
        origin = self.origin.then(piece.origin or Origin())
        if origin != self.origin:
            self.origin = origin
            yield Said(origin)
        if piece.elsewhere is not None:
            raise piece.elsewhere
        if piece.counts is not None:
            self.counts = self.counts.then(piece.counts)
        broken = self._broken(piece)
        if piece.finish is not None and broken is None:
            self.finish = Finish.LENGTH if piece.finish.lower() in _CUT else Finish.STOP
        if piece.progress is not None and not self._texts:
            self.progress = piece.progress
            yield piece.progress
        text = self._marked(piece)
        if text:
            self._texts += 1
            self._size += text_size(text)
            yield Text(text, 1)
        if broken is not None:
            raise broken

    @property
    def begun(self) -> bool:
        """Whether text came."""
        return self._texts > 0

    def usage(self) -> Usage:
        """The tokens as the server counted them; where it did not, as estimated, or as what came is long.

        A reply that was broken off is counted by nobody: what it cost may be more.
        """
        counts = self.counts
        if self.progress is not None:
            counts = Counts(self.progress.total, self.progress.cached).then(counts)
        # No prompt is empty, and no text is without a token: a zero there says that nobody counted.
        if counts.input_tokens == 0:
            counts = replace(counts, input_tokens=None)
        if counts.output_tokens == 0 and self.begun:
            counts = replace(counts, output_tokens=None)
        counted = None not in (counts.input_tokens, counts.output_tokens, self.finish)
        into = self.input_tokens if counts.input_tokens is None else counts.input_tokens
        out = self._came if counts.output_tokens is None else counts.output_tokens
        if self.finish is None:
            out = max(out, self._came)
        sound = replace(counts, input_tokens=into, output_tokens=out).sound
        return Usage(
            into,
            sound.cached_tokens,
            out,
            not counted,
            into + out,
            self.window_tokens,
            sound.cache_write_tokens,
            sound.reasoning_tokens,
        )

    @property
    def _came(self) -> int:
        """About so many tokens came: a piece is a token, but where pieces are long they hold many."""
        return came(self._texts, self._size)

    def _marked(self, piece: Piece) -> str:
        """Its text; a thought that the server sent apart stands in it as models write it that the server leaves alone."""
        text = ""
        if piece.thought:
            text = piece.thought if self._thinking else f"{OPENING}\n{piece.thought}"
            self._thinking = True
        if self._thinking and (piece.text or piece.finish is not None):
            text += f"\n{CLOSING}\n\n"
            self._thinking = False
        return text + piece.text

    def _broken(self, piece: Piece) -> ServerError | None:
        """The error that the reason for an end stands for."""
        reason = (piece.finish or "").lower()
        if reason.startswith(_WITHHELD):
            return ServerError(
                f"{self.name} withheld the rest: its content filter", "ask otherwise"
            )
        if reason in _DECLINED:
            why = f": {one_line(piece.why, 200)}" if piece.why else ""
            return ServerError(f"{self.name} declined to answer{why}", "ask otherwise")
        if reason in _BROKEN:
            return ServerError(f"{self.name} broke the reply off ({reason})", "send again")
        return None

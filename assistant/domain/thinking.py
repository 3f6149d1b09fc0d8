"""Tells a reply's thought from its answer: what a reasoning model says to itself stands before `</think>`."""

import re
from dataclasses import dataclass
from enum import Enum, auto

OPENING, CLOSING = "<think>", "</think>"
_TAG = re.compile("</?think>")

_FENCE = re.compile(r"(?:[ \t>]|[-*+] |\d{1,9}[.)] )*(`{3,}(?=[^`]*\Z)|~{3,})(.*)", re.DOTALL)
_FENCE_COLUMNS = 200
"""A line that is longer opens or closes no code fence."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A reply in two: `thought` without its tags and the blanks around it, and `answer`.

    `thinking`: the thought was not closed; it goes on, or was cut off.
    """

    thought: str
    answer: str
    thinking: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """What more there is of both. `moved`: what was given as the answer so far was thought, and is part of `thought` here."""

    thought: str = ""
    answer: str = ""
    moved: bool = False


def split(text: str) -> Parts:
    """The thought and the answer of a whole reply.

    A thought stands at the start, from `<think>` to `</think>`; without the latter all of the reply is thought. Where the
    model's template opened it, `</think>` comes alone, and all before it is thought. In code fences, in backticks, after
    another tag that is text, and in an answer, tags are text; but one that begins a line closes an open thought even in a
    fence, since a model that forgot to close the fence would lose its answer. A text without tags is its own answer.
    """
    if "think>" not in text:
        return Parts("", text)
    splitter = Splitter()
    pieces = splitter.feed(text), splitter.finish()
    thought = "".join(piece.thought for piece in pieces).strip()
    return Parts(thought, "".join(piece.answer for piece in pieces), splitter.thinking)


class _Phase(Enum):
    START = auto()
    """Nothing but blanks, or the first letters of a tag."""
    THOUGHT = auto()
    MAYBE = auto()
    """An answer, unless a closing tag comes."""
    AFTER = auto()
    """A thought is closed; blanks follow, another thought, or the answer."""
    ANSWER = auto()


class Splitter:
    """Splits a reply that arrives piece by piece, however it is cut; what each piece costs does not grow with the reply."""

    def __init__(self) -> None:
        self._phase = _Phase.START
        self._held = ""
        self._doubtful: list[str] = []
        self._place = _Place()
        self._thought: list[str] = []
        self._answer: list[str] = []
        self._moved = False
        self._in_word = False
        self.words = 0

    @property
    def thinking(self) -> bool:
        """Whether the thought is open."""
        return self._phase is _Phase.THOUGHT

    def feed(self, text: str) -> Piece:
        """Takes the next piece; what may be the beginning of a tag is given with a later one."""
        rest, self._held = self._held + text, ""
        while rest:
            rest = self._step(rest)
        return self._given()

    def finish(self) -> Piece:
        """Gives what was held back; the reply is over."""
        rest, self._held = self._held, ""
        if self._phase is _Phase.THOUGHT:
            self._think(rest)
        elif rest:
            self._answer.append(rest.lstrip() if self._phase is _Phase.AFTER else rest)
        return self._given()

    def _given(self) -> Piece:
        piece = Piece("".join(self._thought), "".join(self._answer), self._moved)
        self._thought, self._answer, self._moved = [], [], False
        return piece

    def _step(self, rest: str) -> str:
        """Deals with the text up to the next change of phase; gives what is left."""
        if self._phase is _Phase.ANSWER:
            self._answer.append(rest)
            return ""
        if self._phase in (_Phase.THOUGHT, _Phase.MAYBE):
            return self._look_for_tag(rest)
        return self._begin(rest)

    def _begin(self, rest: str) -> str:
        first = rest.lstrip()
        if first.startswith(OPENING):
            if self._phase is _Phase.AFTER:
                self._think("\n\n")
            self._phase, self._place = _Phase.THOUGHT, _Place()
            return first.removeprefix(OPENING)
        if OPENING.startswith(first):
            self._held = rest
            return ""
        if self._phase is _Phase.AFTER:
            self._phase = _Phase.ANSWER
            return first
        self._phase = _Phase.MAYBE
        return rest

    def _look_for_tag(self, rest: str) -> str:
        at = 0
        for tag in _TAG.finditer(rest):
            self._place.move(rest[at : tag.start()])
            if self._counts(tag[0]):
                self._say(rest[: tag.start()])
                return self._turn(rest[tag.start() :])
            at = tag.start()
        end = max(_end(rest), at)
        self._place.move(rest[at:end])
        self._say(rest[:end])
        self._held = rest[end:]
        return ""

    def _counts(self, tag: str) -> bool:
        if self._phase is _Phase.THOUGHT:
            return tag == CLOSING and (self._place.begins_line or not self._place.is_code)
        return tag == OPENING or not self._place.is_code

    def _turn(self, rest: str) -> str:
        """What `rest` begins with is a tag that counts."""
        if rest.startswith(OPENING):
            self._phase = _Phase.ANSWER
            return rest
        if self._phase is _Phase.MAYBE:
            self._moved, self._answer = True, []
            self._think("".join(self._doubtful))
            self._doubtful.clear()
        self._phase = _Phase.AFTER
        return rest.removeprefix(CLOSING)

    def _say(self, text: str) -> None:
        if self._phase is _Phase.THOUGHT:
            self._think(text)
        else:
            self._answer.append(text)
            self._doubtful.append(text)

    def _think(self, text: str) -> None:
        words = text.split()
        if words:
            self.words += len(words) - (self._in_word and not text[0].isspace())
        self._in_word = not text[-1].isspace() if text else self._in_word
        self._thought.append(text)


def _end(text: str) -> int:
    """Where a text ends, but for the first letters of a tag."""
    at = text.rfind("<")
    begun = at >= 0 and (OPENING.startswith(text[at:]) or CLOSING.startswith(text[at:]))
    return at if begun else len(text)


@dataclass(slots=True)
class _Place:
    """What stands around the end of a text: the fence that is open, how its line begins, the backticks in it."""

    fence: str = ""
    line: str = ""
    backticks: int = 0

    @property
    def begins_line(self) -> bool:
        return not self.line.strip()

    @property
    def is_code(self) -> bool:
        if self.fence:
            return not self._closes()
        return self.backticks % 2 == 1

    def move(self, text: str) -> None:
        """Goes on by `text`."""
        first, *others = text.split("\n")
        self._grow(first)
        for part in others:
            self._end_line()
            self._grow(part)

    def _grow(self, part: str) -> None:
        self.line = (self.line + part)[:_FENCE_COLUMNS]
        self.backticks += part.count("`")

    def _end_line(self) -> None:
        if self.fence:
            self.fence = "" if self._closes() else self.fence
        elif found := self._mark():
            self.fence = found[1]
        self.line, self.backticks = "", 0

    def _closes(self) -> bool:
        found = self._mark()
        return found is not None and found[1].startswith(self.fence) and not found[2].strip()

    def _mark(self) -> re.Match[str] | None:
        marked = "```" in self.line or "~~~" in self.line
        return _FENCE.fullmatch(self.line) if marked and len(self.line) < _FENCE_COLUMNS else None

"""The plain chat's texts: a stream cut where a voice may rest, lines that are typed put together, a command told from a message."""

import io
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

LONGEST = 400
"""Characters after which a sentence without an end is read out up to its last blank."""

_ENDS = re.compile(r"[.!?…。！？]+[\"'”’)\]*_`]*\s+|\n")
_QUOTES = '"""'


class Unit(StrEnum):
    """What a reply is read out by."""

    SENTENCE = "sentence"
    LINE = "line"


class Paced(io.TextIOBase):
    """Hands on what is written to it in whole sentences or lines: a screen reader reads each once, and none in halves."""

    def __init__(self, out: TextIO, unit: Unit) -> None:
        """`out` takes the units, each at once."""
        self._out = out
        self._unit = unit
        self._held = ""

    def write(self, text: str) -> int:
        """Takes the next piece; gives its length."""
        self._held += text
        end = max((found.end() for found in self._found()), default=0)
        if not end and len(self._held) > LONGEST and self._unit is Unit.SENTENCE:
            end = self._held.rfind(" ") + 1
        self._hand_on(end)
        return len(text)

    def _found(self) -> "list[re.Match[str]]":
        if self._unit is Unit.LINE:
            return list(re.finditer("\n", self._held))
        return list(_ENDS.finditer(self._held))

    def end(self) -> None:
        """Hands on what is left."""
        self._hand_on(len(self._held))

    def _hand_on(self, end: int) -> None:
        if end:
            self._out.write(self._held[:end])
            self._out.flush()
            self._held = self._held[end:]


class Typed:
    """Lines that are typed, until they are a message: a backslash at the end goes on, so does what stands between two `\"\"\"`."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._quoted = False

    @property
    def so_far(self) -> str:
        """What a message that is not whole yet has come to."""
        return "\n".join(self._lines)

    @property
    def begun(self) -> bool:
        """Whether the next line goes on with a message."""
        return self._quoted or bool(self._lines)

    def take(self, line: str) -> str | None:
        """The whole message that `line` ends; None where it goes on."""
        if self._quoted:
            before, closed, after = line.partition(_QUOTES)
            self._lines.append(before if closed else line)
            if not closed:
                return None
            return self._whole(after)
        if not self._lines and line.lstrip().startswith(_QUOTES):
            self._quoted = True
            rest = line.lstrip().removeprefix(_QUOTES)
            return self.take(rest) if rest else None
        if line.endswith("\\"):
            self._lines.append(line[:-1])
            return None
        self._lines.append(line)
        return self._whole("")

    def drop(self) -> str:
        """Begins anew; gives what had been typed."""
        text = self.so_far
        self._lines, self._quoted = [], False
        return text

    def _whole(self, after: str) -> str:
        return self.drop() + after


@dataclass(frozen=True, slots=True)
class Order:
    """`/word rest`, as it was typed."""

    word: str
    rest: str


def order_of(text: str) -> Order | None:
    """The order that a message is; None where it is for the model. Two slashes begin a message with one."""
    if not text.startswith("/") or text.startswith("//") or "\n" in text.partition(" ")[0]:
        return None
    word, _, rest = text[1:].partition(" ")
    return Order(word.strip().lower(), rest.strip())


def message_of(text: str) -> str:
    """What the model is asked: the text, without the slash that kept it from being an order."""
    return text[1:] if text.startswith("//") else text

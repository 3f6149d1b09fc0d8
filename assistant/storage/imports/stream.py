"""Reads a large file of JSON one value at a time: no more of it is in memory than the value at hand.

What is bounded: one value to `LONGEST` letters and the values in it, its nesting by what Python's parser takes. Numbers that no 64 bits hold, and the
NaN and Infinity that JSON has not, are read as nothing.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Final, Protocol

from assistant.storage.import_bounds import require_few

LONGEST: Final = 1 << 28
"""No value may be longer, in letters."""

_CHUNK: Final = 1 << 16
_BLANKS: Final = " \t\r\n"
_NEAR: Final = 16
"""A value that ends so near to what was read may merely go on: no literal is longer."""
_MOST_DIGITS: Final = 20


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def _nothing(_name: str) -> None:
    return None


_DECODER = json.JSONDecoder(parse_int=_whole, parse_constant=_nothing)


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class JsonStream:
    """The values of a file, one after the other. Every method raises ValueError in words."""

    def __init__(self, file: Readable, longest: int = LONGEST) -> None:
        """Reads `file` from where it stands."""
        self._file = file
        self._longest = longest
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._over = False
        self._last = 0
        self.heading: dict[str, object] = {}
        """What stood in the object around the list of which the values are given."""

    def values(self, key: str = "conversations") -> Iterator[object]:
        """Each value; of a list its members, of an object with a list named `key` that list's members."""
        while (sign := self._peek()) and sign != "<":
            if sign == "[":
                yield from self._members()
            elif sign == "{":
                yield from self._object(key)
            else:
                yield self._value()

    def _object(self, key: str) -> Iterator[object]:
        self._at += 1
        found: dict[str, object] = {}
        listed = False
        size = 0
        while (sign := self._peek()) != "}":
            if found or listed:
                self._expect(",", sign)
                self._at += 1
            name = self._value()
            if not isinstance(name, str):
                raise ValueError("a name in an object is no text")
            self._expect(":", self._peek())
            self._at += 1
            if name == key and self._peek() == "[":
                self.heading, listed = found, True
                yield from self._members()
                continue
            found[name] = self._value()
            size += self._last
            if size > self._longest:
                raise ValueError(f"an object is longer than {self._longest:,} letters")
        self._at += 1
        if not listed:
            yield found

    def _members(self) -> Iterator[object]:
        self._at += 1
        first = True
        while (sign := self._peek()) != "]":
            if not first:
                self._expect(",", sign)
                self._at += 1
            first = False
            yield self._value()
        self._at += 1

    @staticmethod
    def _expect(sign: str, found: str) -> None:
        if found != sign:
            raise ValueError(f"{found or 'the end of the file'} stands where {sign} should")

    def _peek(self) -> str:
        """The next letter that is no blank; "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANKS:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> object:
        if not self._peek():
            raise ValueError("it ends in the middle")
        while True:
            require_few(self._text, self._at)
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._over or not _may_go_on(error, self._text):
                    raise ValueError(f"this is no JSON: {error.msg}") from error
            except RecursionError as error:
                raise ValueError("its values are nested too deeply") from error
            else:
                if end < len(self._text) or not self._more():
                    self._last, self._at = end - self._at, end
                    return value
                continue
            self._more()

    def _more(self) -> bool:
        """Reads on, twice as much as there is, so that what is read again and again stays little. False at the end."""
        if self._over:
            return False
        rest = self._text[self._at :]
        if len(rest) > self._longest:
            raise ValueError(f"a value is longer than {self._longest:,} letters")
        raw = self._file.read(max(_CHUNK, len(rest)))
        self._over = not raw
        self._text, self._at = rest + self._decoder.decode(raw, self._over), 0
        return True


def _may_go_on(error: json.JSONDecodeError, text: str) -> bool:
    return error.msg.startswith("Unterminated") or error.pos >= len(text) - _NEAR

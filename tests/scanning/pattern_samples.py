"""Makes texts that a pattern matches, from the pattern itself."""

import re
from collections.abc import Iterator, Sequence
from random import Random
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import cast

_MORE = 8
"""How many more than the least an open repetition gives."""
_WORD = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789_"
_PLAIN = _WORD + "-+/=.~!#%"
_CATEGORIES = {
    codes.CATEGORY_DIGIT: "0123456789",
    codes.CATEGORY_WORD: _WORD,
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_NOT_SPACE: _PLAIN,
    codes.CATEGORY_NOT_DIGIT: "abcdefxyz",
    codes.CATEGORY_NOT_WORD: " -",
}
_Part = tuple[object, object]


def as_python(pattern: str) -> str:
    r"""An RE2 pattern in Python's syntax: flags hold to the end of their group, `\z` is `\Z`, one class has no name."""
    pattern = pattern.replace("[:alnum:]", "a-zA-Z0-9")
    out: list[str] = []
    open_flags = [0]
    for token in re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[ims]+\)|\(|\)|.", pattern, re.S):
        if re.fullmatch(r"\(\?[ims]+\)", token):
            out.append(token[:-1] + ":")
            open_flags[-1] += 1
        elif token == "(":
            out.append(token)
            open_flags.append(0)
        elif token == ")":
            out.append(")" * (open_flags.pop() + 1))
        else:
            out.append(r"\Z" if token == r"\z" else token)
    return "".join(out) + ")" * open_flags.pop()


class Samples:
    """Random texts of one pattern, the same for the same seed."""

    def __init__(self, pattern: str, seed: int) -> None:
        self._tree = cast(Sequence[_Part], parser.parse(as_python(pattern)))
        self._random = Random(seed)

    def __iter__(self) -> Iterator[str]:
        while True:
            yield self._all(self._tree)

    def _all(self, parts: Sequence[_Part]) -> str:
        return "".join(self._one(code, value) for code, value in parts)

    def _one(self, code: object, value: object) -> str:
        if code is codes.LITERAL:
            return chr(cast(int, value))
        if code is codes.IN:
            return self._random.choice(self._members(cast(Sequence[_Part], value)))
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            least, most, part = cast(tuple[int, int, Sequence[_Part]], value)
            times = self._random.randint(least, min(most, least + _MORE))
            return "".join(self._all(part) for _ in range(times))
        return self._composed(code, value)

    def _composed(self, code: object, value: object) -> str:
        if code is codes.SUBPATTERN:
            return self._all(cast(tuple[Sequence[_Part], ...], value)[-1])
        if code is codes.BRANCH:
            branches = cast(tuple[object, Sequence[Sequence[_Part]]], value)[1]
            return self._all(self._random.choice(branches))
        if code in (codes.ANY, codes.NOT_LITERAL):
            return self._random.choice([c for c in _WORD if ord(c) != value])
        assert code is codes.AT, code
        return ""

    def _members(self, parts: Sequence[_Part]) -> str:
        negated = parts[0][0] is codes.NEGATE
        members = "".join(
            self._range(code, value) for code, value in parts if code is not codes.NEGATE
        )
        return "".join(c for c in _PLAIN if c not in members) if negated else members

    def _range(self, code: object, value: object) -> str:
        if code is codes.RANGE:
            first, last = cast(tuple[int, int], value)
            return "".join(map(chr, range(first, last + 1)))
        return chr(cast(int, value)) if code is codes.LITERAL else _CATEGORIES[value]

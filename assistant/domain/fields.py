"""Takes values out of parsed JSON or TOML, each with its type checked: what is wrong is named by its path."""

import math
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

_E = TypeVar("_E", bound=StrEnum)

_LARGEST = 2**63 - 1
_PLACES = 40
"""Of an amount, before the point and behind it: written out, one of a billion places would fill the memory."""


class Fields:
    """One object of a parsed document. Every method raises ValueError with the path of what is wrong."""

    __slots__ = ("_data", "_where")

    def __init__(self, data: object, where: str = "") -> None:
        """`where` names the object in messages ("" is the document itself)."""
        if not isinstance(data, dict):
            raise ValueError(f"{where or 'the document'} is not an object")
        self._data: dict[object, object] = data
        self._where = where

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    @property
    def names(self) -> tuple[str, ...]:
        """All keys, in the document's order."""
        return tuple(str(key) for key in self._data)

    def holds(self, key: str) -> bool:
        """Whether `key` is there."""
        return key in self._data

    def value(self, key: str) -> object:
        """Whatever stands there."""
        if key not in self._data:
            raise ValueError(f"{self._path(key)} is missing")
        return self._data[key]

    def wrong(self, key: str, wish: str) -> ValueError:
        """The error for a value that is not what it should be."""
        return ValueError(f"{self._path(key)} is not {wish}")

    def maybe_text(self, key: str) -> str | None:
        """A text or null."""
        value = self.value(key)
        if value is not None and not isinstance(value, str):
            raise self.wrong(key, "a text")
        return value

    def text(self, key: str) -> str:
        """A text."""
        value = self.maybe_text(key)
        if value is None:
            raise self.wrong(key, "a text")
        return value

    def name(self, key: str) -> str:
        """A text that may be an id: short, and nothing in it that a terminal would obey."""
        value = self.text(key)
        if not 0 < len(value) <= 200 or not value.isprintable():
            raise self.wrong(key, "an id of 1 to 200 printable characters")
        return value

    def choice(self, key: str, kind: type[_E]) -> _E:
        """One value of an enumeration."""
        try:
            return kind(self.text(key))
        except ValueError as error:
            raise self.wrong(key, "one of " + ", ".join(kind)) from error

    def maybe_whole(self, key: str) -> int | None:
        """A whole number of at most 64 bits, or null."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
            raise self.wrong(key, "a whole number")
        return value

    def whole(self, key: str) -> int:
        """A whole number of at most 64 bits."""
        value = self.maybe_whole(key)
        if value is None:
            raise self.wrong(key, "a whole number")
        return value

    def maybe_number(self, key: str) -> float | None:
        """A finite number or null."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "a number")
        if abs(value) > _LARGEST or not math.isfinite(value):
            raise self.wrong(key, "a number of reasonable size")
        return float(value)

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.value(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def maybe_money(self, key: str) -> Decimal | None:
        """An amount that is written as a text, or null."""
        written = self.maybe_text(key)
        if written is None:
            return None
        try:
            amount = Decimal(written)
        except InvalidOperation as error:
            raise self.wrong(key, "an amount") from error
        if not amount.is_finite():
            raise self.wrong(key, "an amount")
        if amount.adjusted() >= _PLACES or int(amount.as_tuple().exponent) < -_PLACES:
            raise self.wrong(key, f"an amount of at most {_PLACES} places")
        return amount

    def money(self, key: str) -> Decimal:
        """An amount that is written as a text."""
        amount = self.maybe_money(key)
        if amount is None:
            raise self.wrong(key, "an amount")
        return amount

    def child(self, key: str) -> "Fields":
        """An object inside this one."""
        return Fields(self.value(key), self._path(key))

    def maybe_child(self, key: str) -> "Fields | None":
        """An object inside this one, or null."""
        return None if self.value(key) is None else self.child(key)

    def children(self, key: str) -> Iterator["Fields"]:
        """The objects of a list."""
        value = self.value(key)
        if not isinstance(value, list):
            raise self.wrong(key, "a list")
        return (Fields(item, f"{self._path(key)}[{i}]") for i, item in enumerate(value))

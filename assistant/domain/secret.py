"""A key as a value that does not give itself away: not in a traceback, not in a log, not in a repr."""

from typing import Final, NoReturn

HIDDEN: Final = "***"


class Secret:
    """Wraps a key; only `reveal` gives it, and only the door and the stores call that."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, _spec: str) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        """No pickle and no copy holds a key. Raises: TypeError."""
        raise TypeError("a secret is not written down")

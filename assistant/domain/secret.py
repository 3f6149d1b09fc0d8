"""A key as a value that does not give itself away: not in a traceback, a log or a repr, not to a program that is started; and how it goes along."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NoReturn

HIDDEN: Final = "***"

_NAMES_A_KEY: Final = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?(?:_|$)", re.IGNORECASE
)


class Auth(StrEnum):
    """Which header carries the key; `other` is a way that this program has not got."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    API_KEY = "api-key"
    NONE = "none"
    OTHER = "other"


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """What a program that is started may learn of `environment`: nothing whose name says that it is a key, ours or not."""
    return {name: value for name, value in environment.items() if not _NAMES_A_KEY.search(name)}


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

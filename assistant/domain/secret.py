"""A key as a value that does not give itself away: not in a traceback, not in a log, not in a repr, and not to a program that is started."""

import re
from collections.abc import Mapping
from typing import Final, NoReturn

HIDDEN: Final = "***"

_NAMES_A_KEY: Final = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?(?:_|$)", re.IGNORECASE
)


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

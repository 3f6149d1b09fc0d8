"""What the screen asks of how a person wants it to look: themes and keys of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.domain.errors import SettingsError
from assistant.domain.keys import Problem
from assistant.domain.themes import OwnTheme


@dataclass(frozen=True, slots=True)
class Themes:
    """The themes of the person's own that can be used, and what is wrong with the others, one line each."""

    own: tuple[OwnTheme, ...] = ()
    problems: tuple[str, ...] = ()


class WantedKeys(Protocol):
    """The keys that a person wants, as they are written."""

    @property
    def keys(self) -> Mapping[str, Sequence[str]]:
        """Key names by `PLACE.ACTION`; not looked at yet."""
        ...

    def wrong(self, problem: Problem) -> SettingsError:
        """`problem`, with the file and the line where it stands."""
        ...


class Looks(Protocol):
    """The person's own files on how the screen looks. Every method blocks."""

    def themes(self) -> Themes:
        """All themes of the person's own. Never raises: a broken file is a line, and the others work."""
        ...

    def keys(self) -> WantedKeys | None:
        """The person's keys; None where they have said nothing. Raises: SettingsError."""
        ...

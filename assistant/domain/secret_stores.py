"""Where keys can be kept on this machine: a value that `doctor` and the screens show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreLook:
    """One store: `used` where new keys go to it; `why` says why it cannot be used ("" where it can).

    `refused` names what else would keep keys in this way on this machine, and is not let.
    """

    name: str
    words: str
    used: bool = False
    why: str = ""
    refused: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether keys could be kept there now."""
        return not self.why

    def line(self) -> str:
        """`keyring: PlaintextKeyring is refused`, for a person."""
        state = self.why or f"{self.words}, {'in use' if self.used else 'not needed'}"
        return "; ".join(
            [f"{self.name}: {state}", *(f"{each} is refused" for each in self.refused)]
        )

    def to_json(self) -> dict[str, object]:
        """The object of `doctor --json`."""
        return {
            "name": self.name,
            "words": self.words,
            "used": self.used,
            "why": self.why or None,
            "refused": list(self.refused),
        }

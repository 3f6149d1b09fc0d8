"""What the self-test found, and the verdict on it: a count of 0 means something only where the control was seen."""

from dataclasses import dataclass
from enum import StrEnum

from assistant.proof.closed import Tried
from assistant.proof.scenarios import Ran, tried_json


class Finding(StrEnum):
    """What came out."""

    CLOSED = "closed"
    LEAK = "leak"
    BLIND = "blind"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Report:
    """Every scenario, and the control: whether what was let out on purpose was seen, and what was seen of it."""

    ran: tuple[Ran, ...]
    control_seen: bool
    control: Tried

    @property
    def finding(self) -> Finding:
        """The verdict; a leak goes before everything."""
        if any(each.tried.size_bytes or each.tried.packets for each in self.ran):
            return Finding.LEAK
        if not self.control_seen:
            return Finding.BLIND
        return Finding.CLOSED if all(each.done for each in self.ran) else Finding.INCOMPLETE

    @property
    def words(self) -> str:
        """The verdict for a person."""
        return {
            Finding.CLOSED: "nothing tried to leave; the control was seen",
            Finding.LEAK: "something tried to leave: see above",
            Finding.BLIND: "the control was not seen, so the counts say nothing",
            Finding.INCOMPLETE: "nothing tried to leave, but not all was done as it should: see above",
        }[self.finding]

    def to_json(self) -> dict[str, object]:
        """The object of `selftest egress --json`."""
        return {
            "finding": self.finding.value,
            "why": self.words,
            "hint": None,
            "scenarios": [each.to_json() for each in self.ran],
            "control": {"seen": self.control_seen, **tried_json(self.control)},
        }

"""What a decision on a send is, as a value: a verdict, the rule that gave it, and every reason."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from assistant.domain.sensitivity import Label


class Verdict(StrEnum):
    """What the policy says; the strictest of several wins."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


_IN_FAVOUR = ("local", "declared", "rule_passes", "found_personal", "granted")
"""Codes of reasons that speak for a send."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a verdict: a code for scripts, a sentence for people."""

    code: str
    text: str


class DecisionJson(TypedDict):
    """The object of the turn's `decision` field."""

    id: str
    verdict: str
    rule: str
    reasons: list[dict[str, str]]
    label: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reasons, the rule that gave it and the label it was given for."""

    id: str
    verdict: Verdict
    rule: str
    reasons: tuple[Reason, ...]
    label: Label

    @property
    def against(self) -> tuple[Reason, ...]:
        """The reasons that speak against the send."""
        return tuple(reason for reason in self.reasons if reason.code not in _IN_FAVOUR)

    def to_json(self) -> DecisionJson:
        """The object of the turn's `decision` field."""
        return {
            "id": self.id,
            "verdict": self.verdict.value,
            "rule": self.rule,
            "reasons": [{"code": r.code, "text": r.text} for r in self.reasons],
            "label": self.label.value,
        }

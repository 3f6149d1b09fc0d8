"""The decision on one send: pure and total; silence denies."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from assistant.domain.places import Place, Route
from assistant.domain.sensitivity import Label


class Verdict(StrEnum):
    """What the policy says; the strictest of several wins."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


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

    def to_json(self) -> DecisionJson:
        """The object of the turn's `decision` field."""
        return {
            "id": self.id,
            "verdict": self.verdict.value,
            "rule": self.rule,
            "reasons": [{"code": r.code, "text": r.text} for r in self.reasons],
            "label": self.label.value,
        }


def decide(decision_id: str, route: Route, label: Label) -> Decision:
    """Allows what runs on this machine, and a server of this network that a person declared; denies everything else.

    A text labelled `local-only` never goes to the network.
    """
    verdict, rule, why = _judge(route, label)
    return Decision(decision_id, verdict, rule, (why,), label)


def _judge(route: Route, label: Label) -> tuple[Verdict, str, Reason]:
    if not route.declared:
        text = f"nobody has declared where {route.id} runs (assistant routes declare {route.id})"
        return Verdict.DENY, "default", Reason("undeclared", text)
    if route.place is Place.THIS_MACHINE:
        text = f"{route.model} runs on this machine; nothing leaves it"
        if route.own:
            text = f"{route.id} is declared as a server of this machine"
        return Verdict.ALLOW, "local", Reason("local", text)
    if route.place is Place.THIS_NETWORK:
        if label is Label.LOCAL_ONLY:
            text = f"local-only text does not go to {route.id}, which is another machine"
            return Verdict.DENY, "default", Reason("local_only", text)
        text = f"{route.id} is declared as a machine of this network"
        return Verdict.ALLOW, "declared-network", Reason("declared", text)
    text = f"no rule allows a send to {route.id} ({route.place.value})"
    return Verdict.DENY, "default", Reason("no_rule", text)

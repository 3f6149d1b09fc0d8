"""Sends that were refused: what the audit keeps of each, also where there was no turn yet. Codes and ids, never words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.domain.audit_entries import SendDenied
from assistant.domain.decisions import Decision
from assistant.domain.leave import Denied
from assistant.domain.rules import Rules

if TYPE_CHECKING:
    from assistant.conversation.border import Border


@dataclass(frozen=True, slots=True)
class Denial:
    """One refusal: of what, over which route ("": none was chosen yet); `turn` is "" before there is one."""

    decision: Decision
    route: str
    conversation: str
    messages: tuple[str, ...] = ()
    grant: str = ""
    turn: str = ""


def denied(border: "Border", denial: Denial) -> Denied:
    """What goes on record; what spoke for the send is no reason of its refusal."""
    decision, policies = denial.decision, border.world.policies
    rules = policies.rules()
    entry = SendDenied(
        turn=denial.turn,
        conversation=denial.conversation,
        decision=decision.id,
        rule=name(decision.rule),
        reasons=tuple(name(reason.code) for reason in decision.against),
        rules=rules.digest if isinstance(rules, Rules) else "",
        registry=policies.registry_digest,
        route=name(denial.route),
        grant=denial.grant,
        label=decision.label.value,
        messages=denial.messages,
    )
    return Denied(entry, border.now)


def name(text: str) -> str:
    """`text` as the audit takes it: printable ASCII without blanks, at most 200 characters."""
    return "".join(c if "!" <= c <= "~" else "_" for c in text)[:200]

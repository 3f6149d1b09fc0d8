"""Sends that were refused: what the audit keeps of each, also where there was no turn yet. Codes and ids, never words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.domain.audit_entries import SendDenied
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import PromptTooLongError, RouteError
from assistant.domain.leave import Denied
from assistant.domain.places import Place
from assistant.domain.prompt import Prompt
from assistant.domain.rules import Rules

if TYPE_CHECKING:
    from assistant.conversation.border import Border
    from assistant.conversation.engine import Engine, Proposal


@dataclass(frozen=True, slots=True)
class Denial:
    """One refusal: of what, over which route ("": none was chosen yet); `turn` is "" before there is one."""

    decision: Decision
    route: str
    conversation: str
    messages: tuple[str, ...] = ()
    grant: str = ""
    turn: str = ""


def of(proposal: "Proposal", *reasons: Reason) -> Denial:
    """That of a proposal, for `reasons` where they are not those of its decision."""
    seen, decision = proposal.considered, proposal.decision
    if reasons:
        decision = Decision(decision.id, Verdict.DENY, decision.rule, reasons, decision.label)
    messages = (proposal.message,)
    if seen is not None:
        messages = tuple(one.message for one in seen.departure.leaves if one.message)
    grant = seen.grant.id if seen is not None and seen.grant else ""
    return Denial(decision, proposal.route.id, proposal.prompt.conversation, messages, grant)


def unproposed(decision_id: str, route: str, prompt: Prompt, reason: Reason) -> Denial:
    """That of a prompt for which no proposal was made."""
    decision = Decision(decision_id, Verdict.DENY, "default", (reason,), prompt.label)
    return Denial(decision, route, prompt.conversation)


async def not_proposed(engine: "Engine", prompt: Prompt, route: str, error: RouteError) -> None:
    """Puts on record that nothing went to `route` because of `error`, where that is in the cloud. Raises: StorageError."""
    if any(each.id == route and each.place is Place.CLOUD for each in engine.routes):
        code = "too_long" if isinstance(error, PromptTooLongError) else "not_set_up"
        reason = Reason(code, error.message)
        await engine.deny(unproposed(engine.new_id(), route, prompt, reason))


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

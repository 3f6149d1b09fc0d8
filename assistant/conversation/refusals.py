"""Refusals of sends that never became a turn, as the chat and `ask` put them on record."""

from assistant.conversation.denials import Denial
from assistant.conversation.engine import Engine, Proposal
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import PromptTooLongError, RouteError
from assistant.domain.places import Place
from assistant.domain.prompt import Prompt


def of(proposal: "Proposal", *reasons: Reason) -> Denial:
    """That of a proposal, for `reasons` where they are not those of its decision."""
    seen, decision = proposal.considered, proposal.decision
    if reasons:
        decision = Decision(decision.id, Verdict.DENY, decision.rule, reasons, decision.label)
    messages: tuple[str, ...] = (proposal.message,)
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

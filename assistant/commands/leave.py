"""The question before a send to the cloud, on a terminal: what would leave, to whom, and a word that has to be typed."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.commands.talk import asked, at_terminal, say
from assistant.domain.decisions import Verdict

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine, Proposal
    from assistant.domain.decisions import Decision
    from assistant.domain.departure import Choice, Departure
    from assistant.domain.findings import Finding
    from assistant.domain.terms import Terms

WORDS = ("once", "15m", "conversation")
_SCREEN = "assistant ask"


async def settle(engine: "Engine", proposal: "Proposal", screen: str = _SCREEN) -> None:
    """Where the person's yes is all that is missing, shows what would leave and asks for it. Their answer goes on record.

    `screen` is where they were asked, in the record's words. Without a terminal nobody is asked, and the send is refused.
    Raises: RefusedError, StorageError.
    """
    considered = proposal.considered
    if proposal.decision.verdict is not Verdict.ASK or considered is None:
        return
    if not at_terminal():
        say(f"to grant it: {how_to_grant(proposal)}")
        return
    from assistant.domain.sheet import price_note, sheet_text

    departure = considered.departure
    old = price_note(departure, engine.border.today)
    parts = [sheet_text(departure, proposal.decision), *([f"price   {old}"] if old else [])]
    shown = "\n".join([*parts, *finding_lines(departure)])
    say(shown)
    say("")
    words = WORDS[:1] if departure.pictures else WORDS
    choices = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    word = asked(f"To send it type {choices}; anything else denies: ")
    terms = terms_of(word) if word in words else None
    if terms is None:
        from assistant.domain.terms import Span, Terms

        how = f"no word of leave typed at {screen}"
        await asyncio.to_thread(engine.border.refuse, considered, Terms(Span.ONCE), how, shown)
        return
    await engine.grant(proposal, terms, f"{word} typed at {screen}", shown)


def terms_of(word: str) -> "Terms | None":
    """The yes that `word` stands for; None where it is no yes."""
    from assistant.domain.terms import Span, Terms

    spans = {"once": Span.ONCE, "15m": Span.WHILE, "conversation": Span.CONVERSATION}
    return Terms(spans[word]) if word in spans else None


def how_to_grant(proposal: "Proposal") -> str:
    """The command that gives the consent which is missing, for the conversation as it is on record."""
    if proposal.considered and proposal.considered.departure.pictures:
        return "ask on a terminal: each send of an image needs a yes of its own"
    return (
        f"assistant consent grant --route {proposal.route.id} "
        f"--conversation {proposal.prompt.conversation} --for 15m"
    )


def refusal_lines(decision: "Decision") -> Iterator[str]:
    """Each reason of a refusal, as an error is shown: title, message, and what to do about it."""
    for reason in decision.against:
        hint = _HINTS.get(reason.code, "")
        told = f"{reason.text} ({hint})" if hint and hint not in reason.text else reason.text
        yield f"refused: {told}"


_HINTS = {
    "local_only": "ask on a local route, or --leave-out the messages that must stay",
    "found_secret": "let it be kept back: --keep-back block",
    "unscanned": "send a shorter text",
    "facts_expired": "assistant routes list",
    "evidence_undeclared": "assistant routes declare",
    "no_grant": "assistant consent grant",
    "offline": "assistant consent lift",
    "no_rules": "assistant doctor",
    "unknown_route": "assistant routes list",
    "grant_pictures": "ask on a terminal",
    "budget_month": "ask on a local route, or raise costs.month_limit",
    "budget_month_unknown": "ask on a local route, or empty costs.month_limit",
    "budget_conversation": "ask on a local route, or raise costs.conversation_limit",
    "budget_conversation_unknown": "ask on a local route, or empty costs.conversation_limit",
    "budget_unreadable": "put the settings right",
}


def finding_lines(departure: "Departure") -> Iterator[str]:
    """What a scan found in the messages that would leave: kinds and rules, never the text itself."""
    for one in departure.leaves:
        for found in one.findings:
            does = "kept back" if is_kept_back(found, departure.choice) else "leaves as it is"
            yield f"found   {found.kind.value} ({found.rule}, {found.verdict.value}): {does}"
    if departure.scan is not None and departure.scan.gap is not None:
        yield f"found   nothing for sure: the text was not scanned whole ({departure.scan.gap.value})"


def is_kept_back(found: "Finding", choice: "Choice") -> bool:
    """Whether a placeholder takes the place of what was found."""
    from assistant.domain.findings import GRAVITY

    bound = choice.keep_back
    return bound is not None and GRAVITY[found.verdict] <= GRAVITY[bound]

"""`assistant policy explain`: the very decision that a send would get, with every reason; nothing is sent or recorded."""

import argparse
import asyncio
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from assistant.commands import leave, prompting
from assistant.commands.talk import say, show
from assistant.domain.decisions import Verdict
from assistant.domain.errors import RefusedError
from assistant.domain.hygiene import harmless

if TYPE_CHECKING:
    from assistant.conversation.engine import Proposal
    from assistant.domain.departure import Departure
    from assistant.domain.limits import Drawn
    from assistant.domain.pictures import Picture
    from assistant.wiring.house import House


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `policy` to the grammar."""
    parser = commands.add_parser(
        "policy",
        help="what a send would be told, and why",
        description="The rules, the facts of the routes and your consents decide on every send.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    explain = actions.add_parser(
        "explain",
        help="the decision on the text from stdin, with every reason",
        description="Prints the decision that a send of the text from stdin would get now: verdict, every reason, what would "
        "leave and what would stay, what was found in it, and the most that it may cost. Nothing is sent or recorded. "
        "The exit code is 0 where it is allowed, else 3.",
    )
    explain.add_argument("--route", metavar="ID", required=True, help="the route it would go to")
    prompting.add_arguments(explain)
    explain.add_argument("--json", action="store_true", help="print one object")
    explain.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explains, and returns 0 where the send would be allowed."""
    text = prompting.prompt_text(None, "policy explain --route ID")
    from assistant.wiring.house import open_house

    with open_house() as house:
        for warning in house.warnings:
            say(warning)
        proposal = asyncio.run(_propose(house, args, text))
        today = house.engine.border.today
    if args.json:
        show(explanation(proposal, today))
    else:
        for line in lines(proposal, today):
            print(harmless(line))
    allowed = proposal.decision.verdict is Verdict.ALLOW
    return 0 if allowed else RefusedError.exit_code


async def _propose(house: "House", args: argparse.Namespace, text: str) -> "Proposal":
    from assistant.wiring.house import local_routes, look_again

    try:
        await look_again(house.engine, local_routes(house))
        known = prompting.known_conversation(house, args.conversation)
        prompt = prompting.prompt_of(house, args, text, known, house.settings.generation.sampling)
        choice = prompting.choice_of(house, args)
        return await asyncio.to_thread(house.engine.propose, prompt, args.route, choice=choice)
    finally:
        await house.engine.close()


def lines(proposal: "Proposal", today: date) -> Iterator[str]:
    """The decision for a person: one fact a line."""
    decision, route = proposal.decision, proposal.route
    yield f"verdict {decision.verdict.value}"
    yield f"rule    {decision.rule}"
    yield f"label   {decision.label.value}"
    yield f"route   {route.id} ({route.place.value}), {route.model}"
    for reason in decision.reasons:
        yield f"reason  {reason.text} ({reason.code})"
    if proposal.considered is not None:
        from assistant.domain.sheet import price_note, sheet_text

        departure = proposal.considered.departure
        yield from leave.finding_lines(departure)
        old = price_note(departure, today)
        if old:
            yield f"price   {old}"
        yield ""
        yield sheet_text(departure, decision)


def explanation(proposal: "Proposal", today: date) -> dict[str, object]:
    """The object of `policy explain --json`; `leaving` is null where nothing would leave for the cloud."""
    considered = proposal.considered
    return {
        "route": proposal.route.to_json(),
        "decision": proposal.decision.to_json(),
        "leaving": None if considered is None else _leaving(considered.departure, today),
        "grant": None if considered is None or considered.grant is None else considered.grant.id,
    }


def _leaving(departure: "Departure", today: date) -> dict[str, object]:
    from assistant.domain.sheet import price_note

    price, outgoing = departure.price, departure.outgoing
    return {
        "host": str(outgoing.address) if outgoing.address else None,
        "target": outgoing.target,
        "bytes": len(outgoing.body),
        "sha256": departure.sheet,
        "input_tokens": departure.input_tokens,
        "most_input_tokens": departure.most_input_tokens,
        "reply_tokens": departure.reply_tokens,
        "estimated": True,
        "cost_at_most": None if price is None else str(price.cost),
        "currency": None if price is None else price.currency,
        "price_as_of": None if price is None else price.as_of,
        "price_note": price_note(departure, today) or None,
        "limits": [_limit(one) for one in departure.limits],
        "scanned": departure.scan is not None and departure.scan.scanned,
        "content": departure.content.value,
        "leaves": [
            {
                "message": one.message or None,
                "role": one.role.value,
                "label": one.label.value,
                "characters": len(one.text),
                "redacted": one.redacted,
                "images": [_image(image) for image in one.pictures],
            }
            for one in departure.leaves
        ],
        "besides": [{"what": what, "characters": len(words)} for what, words in departure.besides],
        "stays": [
            {
                "message": one.message,
                "role": one.role.value,
                "label": one.label.value,
                "why": one.why.value,
            }
            for one in departure.stays
        ],
        "findings": list(_findings(departure)),
    }


def _image(one: "Picture") -> dict[str, object]:
    """What is known of an image that would leave; what it shows is not looked into."""
    size = {"width": one.width, "height": one.height, "bytes": one.size_bytes}
    return {"name": one.name, "kind": one.kind, **size, "tokens": one.tokens, "scanned": False}


def _limit(one: "Drawn") -> dict[str, object]:
    limit, left = one.budget.limit, one.budget.left(one.outlay)
    return {
        "scope": one.budget.scope.value,
        "limit": f"{limit.amount:f}",
        "left": None if left is None else f"{left.amount:f}",
        "currency": limit.currency,
    }


def _findings(departure: "Departure") -> Iterator[dict[str, object]]:
    """What was found in what would leave: never where, never what."""
    for one in departure.leaves:
        for found in one.findings:
            yield {
                "message": one.message or None,
                "rule": found.rule,
                "kind": found.kind.value,
                "verdict": found.verdict.value,
                "length": found.length,
                "kept_back": leave.is_kept_back(found, departure.choice),
            }

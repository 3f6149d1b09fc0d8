"""`assistant consent`: every grant with what it let out, new ones for a conversation, and the ends of them all."""

import argparse
import asyncio
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.talk import agreed, say, show
from assistant.domain.errors import RefusedError, StorageError, UsageError
from assistant.domain.hygiene import harmless
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.consent import Grant, Standing
    from assistant.domain.terms import Terms
    from assistant.wiring.cloud import CloudRoom

WORD = "grant"
"""What has to be typed."""

_SCREEN = "assistant consent"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `consent` to the grammar."""
    parser = commands.add_parser(
        "consent",
        help="list, grant, revoke and export your consents to sends to the cloud",
        description="Nothing goes to the cloud without a grant of yours. A grant is for one route and one conversation, has an "
        "end and a budget, and lapses where the facts of its route change.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the grants that stand, and what each let out so far")
    listing.add_argument("--all", action="store_true", help="also those that have ended")
    listing.add_argument("--json", action="store_true", help="print one object")
    _add_grant(actions.add_parser("grant", help="let a conversation go to a cloud route"))
    revoke = actions.add_parser("revoke", help="withdraw a grant; a stream under it is cut")
    revoke.add_argument("grant", nargs="?", metavar="CODE", help="its code or its whole id")
    revoke.add_argument("--all", action="store_true", help="every grant that stands")
    export = actions.add_parser("export", help="all records as JSON (ISO/IEC TS 27560)")
    export.add_argument("--out", metavar="FILE", type=Path, help="write them there")
    panic = actions.add_parser(
        "panic", help="withdraw everything and stay offline until you lift it"
    )
    lift = actions.add_parser("lift", help="end offline; no grant comes back")
    for action, act in (
        (listing, _list),
        (revoke, _revoke),
        (export, _export),
        (panic, _panic),
        (lift, _lift),
    ):
        action.set_defaults(act=act)
    parser.set_defaults(run=run)


def _add_grant(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows the facts of the route and asks for the typed word grant. A yes to one message alone (once) needs its bytes: "
        "assistant ask --route ID asks for it."
    )
    parser.add_argument("--route", metavar="ID", required=True)
    talk = parser.add_mutually_exclusive_group(required=True)
    talk.add_argument("--conversation", metavar="ID", help="one that there is")
    talk.add_argument("--new", action="store_true", help="begin one, and print its id")
    parser.add_argument(
        "--for",
        dest="span",
        metavar="SPAN",
        required=True,
        help="15m, conversation (it ends a day later), or until=YYYY-MM-DD (30 days at most)",
    )
    labels = [Label.PUBLIC.value, Label.NORMAL.value]
    parser.add_argument(
        "--label",
        choices=labels,
        default=Label.NORMAL.value,
        help="texts up to this label (default: normal)",
    )
    parser.add_argument("--requests", type=int, metavar="N", help="at most N requests")
    parser.add_argument(
        "--budget", nargs=2, metavar=("AMOUNT", "CURRENCY"), help="at most this, such as 0.50 EUR"
    )
    parser.add_argument(
        "--fallback",
        action="store_true",
        help="a message may go there by itself where a local route fails",
    )
    parser.add_argument(
        "--yes-i-grant", action="store_true", help="do not ask; for where there is no terminal"
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.set_defaults(act=_grant)


def run(args: argparse.Namespace) -> int:
    """Does what was asked and returns the exit code of design §4."""
    from assistant.wiring.cloud import open_cloud

    with open_cloud() as room:
        for warning in room.warnings:
            say(warning)
        return int(args.act(args, room))


def _list(args: argparse.Namespace, room: "CloudRoom") -> int:
    border, consents = room.border(), room.consents
    if room.writable:
        border.sweep()
    rows = [_row(grant, consents.standing(grant.id)) for grant, _ in consents.all()]
    rows = [row for row in rows if args.all or row["state"] == "given"]
    missing = _say_problems(room)
    code = missing if args.all else 0
    if args.json:
        show({"offline": border.offline, "grants": rows})
        return code
    if border.offline:
        print("Everything is offline until you lift it: assistant consent lift")
    if not rows:
        print("No grant stands: nothing goes to the cloud.")
    for row in rows:
        print(harmless(_line(row)))
    return code


def _say_problems(room: "CloudRoom") -> int:
    """Names each record that cannot be read back, or is not what the audit says of it; the exit code of a list that lacks them."""
    problems = room.consents.problems
    for problem in problems:
        say(harmless(problem))
    return StorageError.exit_code if problems else 0


def _row(grant: "Grant", standing: "Standing") -> dict[str, object]:
    limits, cost = grant.limits, standing.cost
    return {
        "id": grant.id,
        "code": grant.receipt_code,
        "state": standing.state.value if standing.state else None,
        "route": grant.facts.route,
        "model": grant.model,
        "label_at_most": grant.reach.ceiling.value,
        "extent": grant.reach.extent.value,
        "conversation": grant.reach.conversation,
        "message": grant.reach.message or None,
        "not_after_ms": limits.not_after_ms,
        "requests": len(standing.sends),
        "max_requests": limits.max_requests,
        "sent_bytes": standing.sent_bytes,
        "tokens": standing.tokens,
        "cost": None if cost is None else str(cost),
        "max_cost": None if limits.max_cost is None else str(limits.max_cost),
        "currency": limits.currency or None,
        "fallback": grant.fallback,
    }


def _line(row: dict[str, object]) -> str:
    from assistant.storage.markdown import moment

    end_ms = row["not_after_ms"]
    assert isinstance(end_ms, int), "a grant has an end"
    budget = ""
    if row["max_cost"] is not None:
        spent = "unknown" if row["cost"] is None else row["cost"]
        budget = f", {spent} of {row['max_cost']} {row['currency']}"
    return (
        f"{row['code']}  {row['state']:9} {row['route']} · {row['model']}: {row['extent']} {row['conversation']}, "
        f"{row['label_at_most']} text, until {moment(end_ms)}; used {row['requests']} of {row['max_requests']} requests, "
        f"let out {row['sent_bytes']} bytes{budget}{', fallback' if row['fallback'] else ''}"
    )


def _grant(args: argparse.Namespace, room: "CloudRoom") -> int:
    from assistant.domain.consent import Reach

    terms = terms_of(args)
    setup = room.routes.file.find(args.route).setup
    if not args.new:
        room.require_conversation(args.conversation)
    # Looked at before anything is asked: who types the word should not learn only then that it cannot be.
    room.border().require_passing(setup, Label(args.label))
    from assistant.domain.sheet import facts_text

    say(facts_text(setup))
    for line in _bound_lines(args, terms):
        say(line)
    if terms.max_cost is not None:
        _warn_of_budget(room, setup, terms)
    how = _agreed(args)
    conversation = args.conversation or asyncio.run(room.begin_conversation(f"for {setup.id}"))
    reach = Reach(Label(args.label), conversation)
    grant = room.border().grant_ahead(setup, reach, terms, how)
    if args.json:
        show(_row(grant, room.consents.standing(grant.id)))
    else:
        print(harmless(f"{grant.receipt_code} is granted: {setup.id} for {conversation}"))
        say(f"to take it back: assistant consent revoke {grant.receipt_code}")
    return 0


def _agreed(args: argparse.Namespace) -> str:
    """How the person said yes. Raises: RefusedError where they did not; UsageError where nobody can be asked."""
    if args.yes_i_grant:
        return f"--yes-i-grant at {_SCREEN} grant"
    if not agreed(WORD, f"To let it go there type {WORD}; anything else denies: "):
        raise RefusedError("nothing was granted", "")
    return f"{WORD} typed at {_SCREEN} grant"


def _bound_lines(args: argparse.Namespace, terms: "Terms") -> tuple[str, ...]:
    money = "no budget in money"
    if terms.max_cost is not None:
        money = f"{terms.max_cost:f} {terms.currency} at most"
    where = args.conversation or "a new conversation"
    lines = (
        f"for     {where}: what is said there from now on, and what was said there before",
        f"        {args.label} text at most, {args.span}, {terms.max_requests} requests at most, {money}",
    )
    more = "        also by itself, where a local route fails" if terms.fallback else ""
    return (*lines, more) if more else lines


def _warn_of_budget(room: "CloudRoom", setup: "CloudSetup", terms: "Terms") -> None:
    """Says where the budget would let nothing pass: what a send costs cannot be held against it."""
    price = room.border().world.prices.bound(setup, 1, 1)
    if price is None:
        say(
            f"note    the price of {setup.model} there is not known: with a budget nothing will pass"
        )
    elif price.currency != terms.currency:
        say(
            f"note    its price is in {price.currency}: with a budget in {terms.currency} nothing will pass"
        )


def terms_of(args: argparse.Namespace) -> "Terms":
    """The bounds that were asked for. Raises: UsageError."""
    from assistant.domain.terms import USUAL_REQUESTS, Span, Terms

    spans = {"15m": Span.WHILE, "conversation": Span.CONVERSATION}
    if args.span == "once":
        raise UsageError(
            "a yes to one message needs its bytes", f"assistant ask --route {args.route} asks"
        )
    until_ms = None
    span = spans.get(args.span)
    if span is None:
        span, until_ms = Span.UNTIL, end_of_day_ms(args.span)
    cost, currency = _budget(args.budget)
    requests = USUAL_REQUESTS if args.requests is None else args.requests
    return Terms(span, requests, cost, currency, until_ms, args.fallback)


def end_of_day_ms(written: str) -> int:
    """The last moment of the day in `until=YYYY-MM-DD`, by the clock on the wall. Raises: UsageError."""
    word, _, day = written.partition("=")
    try:
        if word != "until":
            raise ValueError(written)
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time()).astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--for cannot be {written!r}", "15m, conversation or until=YYYY-MM-DD"
        ) from error
    return int(end.astimezone(UTC).timestamp() * 1000)


def _budget(written: list[str] | None) -> tuple[Decimal | None, str]:
    if written is None:
        return None, ""
    try:
        amount = Decimal(written[0])
    except InvalidOperation as error:
        raise UsageError(f"{written[0]!r} is no amount", "such as: --budget 0.50 EUR") from error
    currency = written[1].upper()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise UsageError(f"{written[1]!r} is no currency", "such as EUR or USD")
    return amount, currency


def _revoke(args: argparse.Namespace, room: "CloudRoom") -> int:
    if bool(args.grant) == args.all:
        raise UsageError("name a grant, or --all", "assistant consent list")
    given = [grant for grant, _ in room.consents.given()]
    chosen = given if args.all else [_named(given, args.grant)]
    for grant in chosen:
        room.border().revoke(grant.id, f"{_SCREEN} revoke")
        print(harmless(f"{grant.receipt_code} is revoked: {grant.facts.route}"))
    if not chosen:
        say("no grant stands")
    return 0


def _named(given: "list[Grant]", name: str) -> "Grant":
    """The grant with that id or code. Raises: UsageError where it is not one."""
    found = [grant for grant in given if name in (grant.id, grant.receipt_code)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} grants have the code {name}", "name the whole id")
    raise UsageError(f"no grant {name!r} stands", "assistant consent list")


def _export(args: argparse.Namespace, room: "CloudRoom") -> int:
    import json

    from assistant.domain.consent_record import shared_json

    records = [shared_json(grant, events) for grant, events in room.consents.all()]
    code = _say_problems(room)
    if args.out is None:
        show(records)
        return code
    from assistant.storage import atomic

    atomic.write(args.out, (json.dumps(records, indent=2) + "\n").encode())
    say(f"{len(records)} records are in {args.out}")
    return code


def _panic(_args: argparse.Namespace, room: "CloudRoom") -> int:
    ids = room.border().panic()
    what = "1 grant is" if len(ids) == 1 else f"{len(ids) or 'no'} grants are"
    print(f"Everything is offline; {what} withdrawn.")
    say("nothing leaves until: assistant consent lift")
    return 0


def _lift(_args: argparse.Namespace, room: "CloudRoom") -> int:
    if not room.border().offline:
        say("nothing was offline")
        return 0
    room.border().lift()
    print("No longer offline. No grant has come back.")
    return 0

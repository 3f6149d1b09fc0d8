"""`assistant prices`: which prices are in force and how old they are, and newer ones when you ask for them."""

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.talk import asked, at_terminal, say, show
from assistant.domain.errors import RefusedError, UsageError
from assistant.domain.hygiene import harmless, one_line

if TYPE_CHECKING:
    from datetime import date

    from assistant.domain.price_changes import Changes
    from assistant.wiring.prices import PriceRoom, PriceUse

_MOST_LINES = 40


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `prices` to the grammar."""
    parser = commands.add_parser(
        "prices",
        help="the prices of models: from when they are, and newer ones on request",
        description="Prices come with the program and are never fetched by themselves. Prices of your own (prices.toml) win.",
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.set_defaults(run=_show)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    update = actions.add_parser(
        "update",
        help="fetch the prices that genai-prices publishes now, after a question",
        description="One request over HTTPS, on record, with nothing of yours in it. What came is checked, and what it changes is "
        "shown. Costs of turns that are past never change.",
    )
    update.add_argument(
        "--from", dest="file", metavar="FILE", help="take the data from a file; nobody is asked"
    )
    update.add_argument("--yes", action="store_true", help="do not ask; for scripts")
    update.set_defaults(run=_update)


def _show(args: argparse.Namespace) -> int:
    from assistant.wiring.prices import open_prices, use_of

    room = open_prices()
    use = use_of(room)
    facts = _facts(room, use)
    if args.json:
        show(facts)
        return 0
    for line in _lines(room, use, facts):
        print(harmless(line))
    return 0


def _facts(room: "PriceRoom", use: "PriceUse") -> dict[str, object]:
    from assistant.domain.price_list import STALE_DAYS

    files, today = room.files, room.today
    book = files.book()
    lists = [book.prices(name) for name in book.names]
    own = len(files.own().quotes) if room.own_file.exists() else 0
    return {
        "as_of": book.as_of.isoformat(),
        "age_days": (today - book.as_of).days,
        "stale": files.stale(today) or bool(use.stale),
        "stale_after_days": STALE_DAYS,
        "stale_in_use": {one.route: one.as_of.isoformat() for one in use.stale},
        "from": "fetched" if book.fetched else "shipped",
        "made_from": book.newest.made_from,
        "lists": len(lists),
        "models": sum(bool(row.prices) for one in lists for row in one.models),
        "own_file": str(room.own_file),
        "own_prices": own,
        "own_prices_that_never_count": list(use.strays),
        "warning": book.warning or None,
    }


def _lines(room: "PriceRoom", use: "PriceUse", facts: dict[str, object]) -> Iterator[str]:
    newest = room.files.book().as_of
    yield f"prices    of {newest}, {_age(newest, room.today)}"
    for one in use.stale:
        yield f"stale     {one.route}: of {one.as_of}, {_age(one.as_of, room.today)}"
    yield f"from      {facts['from']}: {facts['made_from']}"
    yield f"lists     {facts['lists']} with {facts['models']:,} models that have a price"
    count = facts["own_prices"]
    yield f"own       {count} of your own in {facts['own_file']}; they win"
    for stray in use.strays:
        yield f"unused    {one_line(stray, 200)}"
    if facts["warning"]:
        yield f"warning   {facts['warning']}"
    yield "fetched   never by themselves; only by: assistant prices update"


def _age(as_of: "date", today: "date") -> str:
    from assistant.domain.price_list import is_stale, stale_words

    words = stale_words(as_of, today)
    if is_stale(as_of, today):
        words += (
            ", not to be relied on (assistant prices update; what that leaves old, prices.toml)"
        )
    return words


def _update(args: argparse.Namespace) -> int:
    from assistant.wiring.prices import open_prices

    room = open_prices()
    if args.file:
        from assistant.storage.price_update import read_data

        data, name = read_data(Path(args.file)), one_line(args.file, 200)
    else:
        from assistant.wiring.prices import PUBLISHED

        data, name = _fetched(yes=args.yes), PUBLISHED.host
    update = room.judge(data, name)
    for line in change_lines(update.changes):
        print(harmless(line))
    path = room.keep(update)
    say(f"the prices of {update.as_of} are in force: {path}")
    say("turns that are past keep the prices that they had")
    return 0


def _fetched(*, yes: bool) -> bytes:
    from assistant.storage.price_update import MOST_BYTES
    from assistant.wiring.prices import PUBLISHED, open_way

    with open_way() as way:
        way.require_online()
        say(f"asks {PUBLISHED.url}")
        say(f"nothing of yours is in the request; at most {MOST_BYTES:,} bytes come back")
        if not yes:
            if not at_terminal():
                raise UsageError("nobody can be asked without a terminal", "say --yes")
            if asked("Ask it now? y/N ").lower() not in ("y", "yes"):
                raise RefusedError("nothing was asked")
        return asyncio.run(way.fetch(PUBLISHED, MOST_BYTES))


def change_lines(found: "Changes") -> Iterator[str]:
    """What is another price now: those that moved much, those that are gone, the rest counted."""
    if found.none:
        yield "no price changed"
        return
    moved = [
        f"moved     {one.prices}: {one.model}  {one.before[0]:f} / {one.before[1]:f} -> "
        f"{one.after[0]:f} / {one.after[1]:f} {one.currency} per million in / out"
        for one in found.moved
    ]
    for lines in (moved, [f"gone      {name}" for name in found.gone]):
        yield from lines[:_MOST_LINES]
        if len(lines) > _MOST_LINES:
            yield f"          and {len(lines) - _MOST_LINES} more"
    yield f"changed   {len(found.moved)} by more than 20 %, {found.others} by less"
    yield f"models    {found.came} came, {len(found.gone)} are gone"

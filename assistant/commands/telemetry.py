"""`assistant telemetry`: what is kept of every turn, and its figures for other programs, without content and without names."""

import argparse
import asyncio
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.talk import say, show
from assistant.domain.errors import RefusedError, UsageError
from assistant.domain.hygiene import harmless
from assistant.domain.own_routes import DECLARABLE
from assistant.domain.places import Place

if TYPE_CHECKING:
    from assistant.domain.ledger import Chosen
    from assistant.domain.own_routes import OwnRoute
    from assistant.wiring.telemetry import Exported, TelemetryRoom

KEPT_DAYS = 400
"""Figures are kept at least so long; nothing deletes them."""

_HELD = (
    "Of each turn: day and time of its end, route, model, tokens, times, cost, energy, how it ended.",
    "No text: no prompt, no reply, no title. A turn's figures stay when its conversation is deleted.",
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `telemetry` to the grammar."""
    parser = commands.add_parser(
        "telemetry",
        help="figures of every turn: what is kept, and an export in OpenTelemetry's form",
        description="Nothing is sent by itself. Without an action: since when figures are kept, how many, and where they can go.",
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.set_defaults(run=_show)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    export = actions.add_parser(
        "export",
        help="write them as OTLP/JSON, or hand them to a collector that you declared",
        description="One request of OTLP for each day, one on a line: sums and histograms of a whole day. No texts, no ids, no "
        "times of single turns, and none of the names that you gave. Without FILE into the data folder; - is stdout.",
    )
    export.add_argument("file", metavar="FILE", nargs="?", default="")
    export.add_argument("--since", type=_day, metavar="D", help="from this day on")
    export.add_argument("--until", type=_day, metavar="D", help="to this day, included")
    export.add_argument("--to", metavar="ID", help="hand the file to this collector as well")
    export.set_defaults(run=_export)
    declare = actions.add_parser(
        "declare", help="name a collector of this machine or this network, by your own word"
    )
    declare.add_argument("id", metavar="ID")
    declare.add_argument("--url", required=True, help="such as http://192.168.1.20:4318")
    declare.add_argument(
        "--place",
        required=True,
        choices=[place.value for place in Place],
        help="where it runs",
    )
    declare.set_defaults(run=_declare)
    forget = actions.add_parser("forget", help="forget a collector")
    forget.add_argument("id", metavar="ID")
    forget.set_defaults(run=_forget)


def _show(args: argparse.Namespace) -> int:
    from assistant.wiring.telemetry import FOLDER, open_telemetry

    with open_telemetry() as room:
        held, collectors = room.holding(), room.collectors.all()
        folder = room.folder
    if args.json:
        show(
            {
                "since": None if held.since is None else held.since.isoformat(),
                "turns": held.turns,
                "bytes": held.size_bytes,
                "kept_days_at_least": KEPT_DAYS,
                "folder": str(folder),
                "collectors": [_row(one) for one in collectors],
            }
        )
        return 0
    if held.since is None:
        print("No figures yet: no turn has ended.")
    else:
        size = "unknown" if held.size_bytes is None else f"{held.size_bytes:,} bytes"
        print(f"figures   since {held.since.isoformat()}: {held.turns:,} turns, {size}")
    print(f"kept      at least {KEPT_DAYS} days; nothing deletes them")
    for line in _HELD:
        print(f"          {line}")
    print(f"export    {harmless(str(folder))} (assistant telemetry export, folder {FOLDER})")
    for one in collectors:
        declared = one.declared
        state = (
            f"{declared.place}, declared by you" if declared else "not declared: nothing is sent"
        )
        print(harmless(f"collector {one.id}: {one.endpoint.url}, {state}"))
    print("sent      nothing by itself; only by: assistant telemetry export --to ID")
    return 0


def _export(args: argparse.Namespace) -> int:
    from assistant.domain.ledger import Chosen
    from assistant.wiring.telemetry import open_telemetry

    if args.since and args.until and args.since > args.until:
        raise UsageError(f"{args.since} is after {args.until}")
    chosen = Chosen(args.since, args.until)
    if args.to:
        return _send(args, chosen)
    with open_telemetry() as room:
        if args.file == "-":
            for line in room.lines(chosen):
                print(line)
            return 0
        _tell(room.keep(chosen, _path(args.file)))
    return 0


def _send(args: argparse.Namespace, chosen: "Chosen") -> int:
    from assistant.wiring.telemetry import open_outlet

    if args.file == "-":
        raise UsageError("what is sent is kept in a file", "leave - out, or name a file")
    with open_outlet() as (room, outlet):
        to = _collector(room, args.to)
        outlet.require_online()
        exported = room.keep(chosen, _path(args.file))
        _tell(exported)
        if not exported.days:
            say("nothing to send")
            return 0
        say(f"sending it to {to.endpoint.address}, on record")
        rejected = asyncio.run(outlet.send(exported, to))
    say(f"{exported.days:,} days are at {to.id}")
    if rejected:
        say(f"it did not take {rejected:,} points")
    return 0


def _collector(room: "TelemetryRoom", name: str) -> "OwnRoute":
    """The declared collector. Raises: RefusedError for a route of another kind; UsageError where there is none."""
    if name in room.route_names():
        raise RefusedError(
            f"{name} is a route for prompts; figures go only to a collector of this machine or this network",
            "assistant telemetry declare ID --url URL --place this-network",
        )
    return room.collectors.find(name)


def _path(written: str) -> Path | None:
    return Path(os.path.abspath(written)) if written else None  # noqa: PTH100 - a link stays one


def _tell(exported: "Exported") -> None:
    print(harmless(str(exported.path)))
    say(f"{exported.days:,} days, {exported.size_bytes:,} bytes; readable by you alone")


def _declare(args: argparse.Namespace) -> int:
    from assistant.wiring.telemetry import open_telemetry

    if args.place not in DECLARABLE:
        raise RefusedError(
            "figures do not go to the cloud: no rule and no consent is for them",
            "declare a collector of this machine or this network; it may pass them on",
        )
    with open_telemetry() as room:
        if args.id in room.route_names():
            raise UsageError(f"{args.id} is a route for prompts", "choose another id")
        made = room.collectors.declare(args.id, args.url, Place(args.place), room.today.isoformat())
    print(harmless(f"{made.id} is declared as {args.place}: {made.endpoint.url}"))
    say("this is your own statement; nothing is sent before: assistant telemetry export --to ID")
    return 0


def _forget(args: argparse.Namespace) -> int:
    from assistant.wiring.telemetry import open_telemetry

    with open_telemetry() as room:
        gone = room.collectors.forget(args.id)
    print(harmless(f"{gone.id} is forgotten: {gone.endpoint.url}"))
    return 0


def _row(one: "OwnRoute") -> dict[str, object]:
    declared = one.declared
    return {
        "id": one.id,
        "url": one.endpoint.url,
        "place": declared.place.value if declared else None,
        "declared_on": declared.on if declared else None,
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write a day like 2026-11-27") from None

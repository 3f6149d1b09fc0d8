"""`assistant routes`: a person's own model servers, what they are declared to be, and whether they answer."""

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.own_routes import (
    DECLARABLE,
    LEAST_CONTEXT_TOKENS,
    OwnRoute,
    checked_id,
    checked_model,
    endpoint,
)
from assistant.domain.places import Place
from assistant.domain.settings import INT32

if TYPE_CHECKING:
    from assistant.domain.own_routes import Endpoint
    from assistant.domain.routing import RouteState
    from assistant.wiring.routes import OwnRoutes


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `routes` to the grammar."""
    parser = commands.add_parser(
        "routes",
        help="add, declare, list and remove your own model servers",
        description="Servers that speak OpenAI's API. Nothing is sent to one before you declare where it runs.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print one object")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("route", metavar="ID")
    listing = actions.add_parser("list", parents=[shared], help="your servers and their state")
    listing.set_defaults(act=_list)
    add = actions.add_parser("add", parents=[named, shared], help="add a server, or change one")
    add.add_argument("--url", required=True, help="such as http://192.168.1.20:8080/v1")
    add.add_argument("--model", metavar="M", help="the server's name for it; else its only one")
    add.add_argument("--context", metavar="N", type=int, help="its context window in tokens")
    add.set_defaults(act=_add)
    declare = actions.add_parser("declare", parents=[named, shared], help="say where one runs")
    declare.add_argument("--place", required=True, choices=[place.value for place in DECLARABLE])
    declare.set_defaults(act=_declare)
    models = actions.add_parser("models", parents=[named, shared], help="ask one which it has")
    models.set_defaults(act=_models)
    remove = actions.add_parser("remove", parents=[named, shared], help="forget a server")
    remove.set_defaults(act=_remove)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Does what was asked and returns the exit code of design §4."""
    from assistant.wiring.routes import open_routes

    return int(args.act(args, open_routes()))


def _list(args: argparse.Namespace, routes: "OwnRoutes") -> int:
    own = routes.store.load()
    states = asyncio.run(_states(routes, own))
    rows = [_row(each, state) for each, state in zip(own, states, strict=True)]
    if args.json:
        print(json.dumps({"routes": rows}, indent=2))
        return 0
    if not own:
        print("You have added no server. To add one: assistant routes add ID --url URL")
    for each, state in zip(own, states, strict=True):
        place = state.place.value if each.declared else "undeclared"
        ready = "ready" if state.ready else "off"
        line = (
            f"{each.id:16} {place:13} {ready:5}  {each.model} at {each.endpoint.url}: {state.why}"
        )
        print(one_line(line, 600))
    return 0


async def _states(routes: "OwnRoutes", own: tuple[OwnRoute, ...]) -> "list[RouteState]":
    return await asyncio.gather(*(routes.state(each) for each in own))


def _add(args: argparse.Namespace, routes: "OwnRoutes") -> int:
    name, where = checked_id(args.route), endpoint(args.url)
    if args.context is not None and not LEAST_CONTEXT_TOKENS <= args.context <= INT32:
        raise UsageError(f"--context must be {LEAST_CONTEXT_TOKENS} or more")
    before = next((each for each in routes.store.load() if each.id == name), None)
    model = checked_model(args.model) if args.model else _only_model(routes, where)
    kept = before.declaration if before else None
    own = OwnRoute(name, where, model, args.context, kept)
    routes.store.keep(own)
    _report(args, own, "is changed" if before else "is added")
    if own.declared is None:
        _say(f"nothing is sent to it yet: {own.why_undeclared}")
    return 0


def _only_model(routes: "OwnRoutes", where: "Endpoint") -> str:
    """The one model that the server has. Raises: UsageError where it is not one; ServerError."""
    models = asyncio.run(routes.models(where))
    if len(models) == 1:
        return checked_model(models[0])
    names = ", ".join(one_line(model, 60) for model in models[:20])
    raise UsageError(
        f"{where.address} has {len(models) or 'no'} models" + (f": {names}" if names else ""),
        "name one with --model",
    )


def _declare(args: argparse.Namespace, routes: "OwnRoutes") -> int:
    today = datetime.fromtimestamp(routes.clock.now_ms() / 1000, UTC).date().isoformat()
    own = routes.store.find(args.route).declare(Place(args.place), today)
    routes.store.keep(own)
    _report(args, own, f"is declared as {args.place}")
    _say("this is your own statement; nobody has checked it")
    return 0


def _models(args: argparse.Namespace, routes: "OwnRoutes") -> int:
    models = asyncio.run(routes.models(routes.store.find(args.route).endpoint))
    if args.json:
        print(json.dumps({"models": models}, indent=2))
    else:
        print("\n".join(one_line(model, 200) for model in models))
    return 0


def _remove(args: argparse.Namespace, routes: "OwnRoutes") -> int:
    own = routes.store.remove(args.route)
    _report(args, replace(own, declaration=None), "is removed")
    return 0


def _row(own: OwnRoute, state: "RouteState | None" = None) -> dict[str, object]:
    declared = own.declared
    facts: dict[str, object] = {
        "url": own.endpoint.url,
        "context_tokens": own.context_tokens,
        "declared_on": declared.on if declared else None,
    }
    if state is not None:
        return {**state.to_json(), **facts}
    return {"id": own.id, "place": own.route.place.value, "model": own.model, **facts}


def _report(args: argparse.Namespace, own: OwnRoute, what: str) -> None:
    if args.json:
        print(json.dumps(_row(own), indent=2))
    else:
        print(harmless(f"{own.id} {what}: {own.model} at {own.endpoint.url}"))


def _say(line: str) -> None:
    print(harmless(line), file=sys.stderr)

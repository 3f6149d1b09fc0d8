"""`assistant routes`: a person's own model servers and cloud routes, what is declared of them, and what they still need."""

import argparse
import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.commands import declaring
from assistant.commands.talk import say, show
from assistant.domain.errors import AssistantError, UsageError
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
    from assistant.storage.cloud_entries import CloudEntry
    from assistant.wiring.cloud_routes import CloudRoutes
    from assistant.wiring.routes import OwnRoutes, SetUp


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `routes` to the grammar."""
    parser = commands.add_parser(
        "routes",
        help="your own model servers and your cloud routes: add, declare, give keys, list, remove",
        description="Servers of your own that speak OpenAI's API, and routes to the cloud. Nothing is sent to a server before you "
        "declare where it runs, and nothing to the cloud without a rule that passes and your consent.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print one object")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("route", metavar="ID")
    listing = actions.add_parser(
        "list", parents=[shared], help="those that are set up, and their state"
    )
    listing.set_defaults(act=_list)
    rows = actions.add_parser(
        "rows",
        parents=[shared],
        help="the cloud routes that are known, and what the rules say of each",
    )
    rows.add_argument("--operator", metavar="X", help="only those of operators with X in the name")
    rows.set_defaults(act=_rows)
    _add_add(actions.add_parser("add", parents=[shared], help="add a route, or change one"))
    declare = actions.add_parser(
        "declare", parents=[named, shared], help="put your name to where one runs"
    )
    declare.description = (
        "A server of your own: --place says where it runs; with --place cloud each fact is asked for. "
        "A cloud route: each fact that its row does not know is asked for, all are shown, and the word declare is asked for."
    )
    places = [*(place.value for place in DECLARABLE), Place.CLOUD.value]
    declare.add_argument("--place", choices=places, help="for a server of your own")
    declaring.add_arguments(declare)
    declare.set_defaults(act=_declare)
    key = actions.add_parser(
        "key", parents=[named], help="give a cloud route its key: typed unseen, or on stdin"
    )
    key.add_argument("--remove", action="store_true", help="drop it wherever it is kept")
    key.set_defaults(act=_key)
    models = actions.add_parser("models", parents=[named, shared], help="ask one which it has")
    models.set_defaults(act=_models)
    remove = actions.add_parser("remove", parents=[named, shared], help="forget one, and its key")
    remove.set_defaults(act=_remove)
    parser.set_defaults(run=run)


def _add_add(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "routes add ID --url URL: a server of your own. routes add [ID] --row ROW --model M: a cloud route of the registry "
        "(assistant routes rows); without an ID it has the row's."
    )
    parser.add_argument("route", metavar="ID", nargs="?")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--url", help="such as http://192.168.1.20:8080/v1")
    kind.add_argument("--row", metavar="ROW", help="such as mistral-eu")
    parser.add_argument(
        "--model", metavar="M", help="its name there; of a server: else its only one"
    )
    parser.add_argument(
        "--set",
        dest="values",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="what a row asks for, such as region=eu-west-3",
    )
    parser.add_argument("--context", metavar="N", type=int, help="its context window in tokens")
    parser.add_argument(
        "--images",
        action="store_true",
        help="the model takes images; without it none is sent there",
    )
    parser.set_defaults(act=_add)


def run(args: argparse.Namespace) -> int:
    """Does what was asked and returns the exit code of design §4."""
    from assistant.wiring.routes import open_routes

    return int(args.act(args, open_routes()))


def _list(args: argparse.Namespace, routes: "SetUp") -> int:
    from assistant.commands import row_lines

    own, clouds = routes.own.store.load(), routes.cloud.states()
    states = asyncio.run(_states(routes.own, own))
    if args.json:
        rows = [_row(each, state) for each, state in zip(own, states, strict=True)]
        rows += [row_lines.state_json(routes.cloud, each) for each in clouds]
        show({"routes": rows})
        return 0
    if not own and not clouds:
        print("You have added no route. A server of your own: assistant routes add ID --url URL")
        print("A cloud route: assistant routes rows, then assistant routes add --row ROW --model M")
    for each, state in zip(own, states, strict=True):
        place = state.place.value if each.declared else "undeclared"
        ready = "ready" if state.ready else "off"
        takes = " · takes images" if each.images else ""
        told = one_line(f"{each.model} at {each.endpoint.url}{takes}: {state.why}", 600)
        print(f"{each.id:16} {place:13} {ready:5}  {told}")
    sets = routes.cloud.file.registry().countries.sets if clouds else ()
    for found in clouds:
        print("\n".join(row_lines.state_lines(routes.cloud, found, sets)))
    return 0


def _rows(args: argparse.Namespace, routes: "SetUp") -> int:
    from assistant.commands import row_lines

    registry = routes.cloud.file.registry()
    wanted = (args.operator or "").casefold()
    found = [row for row in registry.routes if wanted in row.facts.operator.casefold()]
    if args.json:
        show({"rows": [row_lines.row_json(routes.cloud, row) for row in found]})
        return 0
    for row in found:
        print(row_lines.row_line(routes.cloud, row, registry.countries.sets))
    if not found:
        say("no row has such an operator")
    return 0


async def _states(routes: "OwnRoutes", own: tuple[OwnRoute, ...]) -> "list[RouteState]":
    return await asyncio.gather(*(routes.state(each) for each in own))


def _add(args: argparse.Namespace, routes: "SetUp") -> int:
    if args.context is not None and not LEAST_CONTEXT_TOKENS <= args.context <= INT32:
        raise UsageError(f"--context must be {LEAST_CONTEXT_TOKENS} or more")
    if args.row:
        return _add_row(args, routes.cloud)
    if args.values:
        raise UsageError("--set fills what a row asks for", "it goes with --row")
    if args.route is None:
        raise UsageError("a server of your own needs an ID", "assistant routes add ID --url URL")
    return _add_server(args, routes.own)


def _add_row(args: argparse.Namespace, cloud: "CloudRoutes") -> int:
    from assistant.storage.cloud_entries import from_row

    if not args.model:
        raise UsageError("a cloud route needs a model", "--model, by the name that it has there")
    values = dict(_pair(written) for written in args.values)
    name = args.route or args.row
    before = name in [entry.setup.id for entry in cloud.file.entries()]
    registry = cloud.file.registry()
    entry = from_row(registry, name, args.row, args.model, values, args.context)
    entry = entry.taking_images(args.images)
    cloud.file.keep_cloud(entry)
    return _tell_cloud(args, cloud, entry, "is changed" if before else "is added", stays=True)


def _tell_cloud(
    args: argparse.Namespace, cloud: "CloudRoutes", entry: "CloudEntry", what: str, *, stays: bool
) -> int:
    """Says what became of a cloud route, and where it `stays`, what the rules say and what it still needs."""
    from assistant.commands import row_lines

    setup, found = entry.setup, cloud.state(entry)
    if args.json:
        show(row_lines.state_json(cloud, found))
        return 0
    place = setup.endpoint
    print(harmless(f"{setup.id} {what}: {setup.model} at {place.url if place else 'nowhere'}"))
    if not stays:
        return 0
    if found.rules not in found.why:
        say(found.rules)
    say(found.why)
    for note in row_lines.notes(cloud, found):
        say(note)
    return 0


def _pair(written: str) -> tuple[str, str]:
    name, found, value = written.partition("=")
    if not found:
        raise UsageError(f"--set {written}: write NAME=VALUE", "such as region=eu-west-3")
    return name, value


def _add_server(args: argparse.Namespace, routes: "OwnRoutes") -> int:
    name, where = checked_id(args.route), endpoint(args.url)
    before = next((each for each in routes.store.load() if each.id == name), None)
    model = checked_model(args.model) if args.model else _only_model(routes, where)
    kept = before.declaration if before else None
    own = OwnRoute(name, where, model, args.context, kept, args.images)
    routes.store.keep(own)
    _report(args, own, "is changed" if before else "is added")
    if own.declared is None:
        say(f"nothing is sent to it yet: {own.why_undeclared}")
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


def _declare(args: argparse.Namespace, routes: "SetUp") -> int:
    cloud = next((e for e in routes.cloud.file.entries() if e.setup.id == args.route), None)
    if cloud is not None:
        return _declare_cloud(args, routes.cloud, cloud)
    own = routes.own.store.find(args.route)
    if args.place is None:
        raise UsageError(f"{own.id} is a server of your own: say where it runs", "--place")
    if args.place == Place.CLOUD:
        return _declare_as_cloud(args, routes, own)
    today = routes.cloud.today.isoformat()
    own = own.declare(Place(args.place), today)
    routes.own.store.keep(own)
    _report(args, own, f"is declared as {args.place}")
    say("this is your own statement; nobody has checked it")
    return 0


def _declare_cloud(args: argparse.Namespace, cloud: "CloudRoutes", entry: "CloudEntry") -> int:
    setup = entry.setup
    if args.place not in (None, Place.CLOUD.value):
        raise UsageError(
            f"{setup.id} is a route to the cloud", "remove it, then add it as a server"
        )
    if setup.own:
        url = setup.row.base_url or ""
        entry = declaring.declare_own(args, cloud, url, setup.model, setup.context_tokens)
        entry = entry.taking_images(setup.images)
    else:
        entry = declaring.declare_row(args, cloud, entry)
    cloud.file.keep_cloud(entry)
    return _tell_cloud(args, cloud, entry, "is declared", stays=True)


def _declare_as_cloud(args: argparse.Namespace, routes: "SetUp", own: OwnRoute) -> int:
    """A server becomes an endpoint in the cloud, with the facts that the person puts their name to."""
    entry = declaring.declare_own(
        args, routes.cloud, own.endpoint.url, own.model, own.context_tokens
    ).taking_images(own.images)
    routes.own.store.remove(own.id)
    try:
        routes.cloud.file.keep_cloud(entry)
    except AssistantError:
        routes.own.store.keep(own)
        raise
    return _tell_cloud(args, routes.cloud, entry, "is declared", stays=True)


def _key(args: argparse.Namespace, routes: "SetUp") -> int:
    from assistant.commands import stores

    cloud = routes.cloud
    setup, keys = cloud.file.find(args.route).setup, cloud.keys.routes
    if args.remove:
        keys.forget(setup.id)
        print(harmless(f"the key of {setup.id} is removed"))
        return 0
    where = stores.keep_key(keys, setup)
    print(harmless(f"the key of {setup.id} is kept in {where}"))
    return 0


def _models(args: argparse.Namespace, routes: "SetUp") -> int:
    models = asyncio.run(routes.own.models(routes.own.store.find(args.route).endpoint))
    if args.json:
        show({"models": models})
    else:
        print("\n".join(one_line(model, 200) for model in models))
    return 0


def _remove(args: argparse.Namespace, routes: "SetUp") -> int:
    cloud = routes.cloud
    if args.route not in [entry.setup.id for entry in cloud.file.entries()]:
        own = routes.own.store.remove(args.route)
        _report(args, replace(own, declaration=None), "is removed")
        return 0
    # The key first: one that is left behind without its route would be forgotten about.
    cloud.keys.routes.forget(args.route)
    return _tell_cloud(
        args, cloud, cloud.file.remove(args.route), "is removed, and its key", stays=False
    )


def _row(own: OwnRoute, state: "RouteState | None" = None) -> dict[str, object]:
    declared = own.declared
    facts: dict[str, object] = {
        "url": own.endpoint.url,
        "context_tokens": own.context_tokens,
        "images": own.images,
        "declared_on": declared.on if declared else None,
    }
    if state is not None:
        return {**state.to_json(), **facts}
    return {"id": own.id, "place": own.route.place.value, "model": own.model, **facts}


def _report(args: argparse.Namespace, own: OwnRoute, what: str) -> None:
    if args.json:
        show(_row(own))
    else:
        print(harmless(f"{own.id} {what}: {own.model} at {own.endpoint.url}"))

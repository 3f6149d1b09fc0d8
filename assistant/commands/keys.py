"""`assistant keys`: every action, its keys as they are now, and what it does."""

import argparse
from typing import TYPE_CHECKING

from assistant.commands.talk import say, show

if TYPE_CHECKING:
    from assistant.domain.keys import Action


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `keys` to the grammar."""
    parser = commands.add_parser(
        "keys", help="list the keys of the chat", description="The keys of the chat, as they are."
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = below.add_parser(
        "list",
        help="every action, its keys, and what it does",
        description="Every action, its keys as they are now, and what it does. keys.toml in the config folder changes them: "
        "a table for each place, an action and its key, or a list of keys.",
    )
    listing.add_argument("--json", action="store_true", help="print one object")
    listing.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints them. Raises: SettingsError where keys.toml cannot be used."""
    from assistant.domain.keys import chosen
    from assistant.storage import paths
    from assistant.storage.looks import LooksShelf
    from assistant.tui.app import AssistantApp
    from assistant.tui.dress import checked
    from assistant.tui.keymap import actions

    wanted = LooksShelf(paths.find().config).keys()
    if wanted is not None:
        checked(wanted, AssistantApp)
    own = wanted.keys if wanted else {}
    usual = [one for one in actions(AssistantApp) if one.about]
    now = chosen(usual, own)
    if args.json:
        show({"keys": [_facts(one, one.id in own) for one in now]})
        return 0
    for line in lines(now, set(own)):
        print(line)
    say("keys.toml in the config folder changes them; f9, ctrl+q and the consent sheet's keys stay")
    return 0


def lines(actions: "list[Action] | tuple[Action, ...]", own: set[str]) -> "list[str]":
    """One row each, in columns; what a person changed is marked."""
    rows = [
        (one.id, ", ".join(one.keys), one.about + (" (yours)" if one.id in own else ""))
        for one in actions
    ]
    wide = [max(len(row[at]) for row in rows) for at in (0, 1)]
    return [f"{name:<{wide[0]}}  {keys:<{wide[1]}}  {about}" for name, keys, about in rows]


def _facts(action: "Action", own: bool) -> dict[str, object]:
    return {
        "action": action.id,
        "keys": list(action.keys),
        "about": action.about,
        "changed": own,
        "fixed": action.fixed,
    }

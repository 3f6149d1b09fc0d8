"""The whole grammar of the command line; imported only where there is a command to parse."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, Protocol

from assistant import __version__
from assistant.domain.hygiene import harmless


class Command(Protocol):
    """A module of this room, as far as the grammar needs it."""

    def add_parser(
        self, commands: "argparse._SubParsersAction[argparse.ArgumentParser]", /
    ) -> None:
        """Adds itself to the grammar."""
        ...


def _ask() -> Command:
    from assistant.commands import ask

    return ask


def _chat() -> Command:
    from assistant.commands import chat

    return chat


def _keys() -> Command:
    from assistant.commands import keys

    return keys


def _doctor() -> Command:
    from assistant.commands import doctor

    return doctor


def _models() -> Command:
    from assistant.commands import models

    return models


def _routes() -> Command:
    from assistant.commands import routes

    return routes


def _policy() -> Command:
    from assistant.commands import policy

    return policy


def _consent() -> Command:
    from assistant.commands import consent

    return consent


def _audit() -> Command:
    from assistant.commands import audit

    return audit


def _costs() -> Command:
    from assistant.commands import costs

    return costs


def _prices() -> Command:
    from assistant.commands import prices

    return prices


def _history() -> Command:
    from assistant.commands import history

    return history


def _tco() -> Command:
    from assistant.commands import tco

    return tco


def _telemetry() -> Command:
    from assistant.commands import telemetry

    return telemetry


def _selftest() -> Command:
    from assistant.commands import selftest

    return selftest


def _serve() -> Command:
    from assistant.commands import serve

    return serve


COMMANDS: Mapping[str, Callable[[], Command]] = {
    "chat": _chat,
    "ask": _ask,
    "doctor": _doctor,
    "models": _models,
    "routes": _routes,
    "policy": _policy,
    "consent": _consent,
    "audit": _audit,
    "costs": _costs,
    "prices": _prices,
    "history": _history,
    "tco": _tco,
    "telemetry": _telemetry,
    "keys": _keys,
    "serve": _serve,
    "selftest": _selftest,
}
"""By the name that is typed, in the order of the help; each is loaded where it is needed: all of them take longer than one does."""


class _Parser(argparse.ArgumentParser):
    """An argument may be the hostile name of a file: what is said of it is made harmless."""

    def error(self, message: str) -> NoReturn:
        super().error(harmless(message))


def build_parser(
    chat: Callable[[argparse.Namespace], int], arguments: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """The grammar; without a command, `chat` is run. `arguments` are what is to be parsed: a command of theirs is loaded alone."""
    parser: argparse.ArgumentParser = _Parser(
        prog="assistant",
        description="A local-first chat for the terminal. Without a command it opens the chat.",
        epilog="Exit codes: 0 done, 2 usage, 3 refused, 4 route not available, 5 storage or integrity, 130 cancelled.",
    )
    parser.add_argument("--version", action="version", version=f"assistant {__version__}")
    parser.set_defaults(run=chat)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    first = arguments[0] if arguments else ""
    for name, load in COMMANDS.items():
        if first not in COMMANDS or name == first:
            load().add_parser(commands)
    return parser

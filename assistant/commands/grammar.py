"""The whole grammar of the command line; imported only where there is a command to parse."""

import argparse
from collections.abc import Callable
from typing import NoReturn

from assistant import __version__
from assistant.commands import (
    ask,
    audit,
    consent,
    costs,
    doctor,
    history,
    models,
    policy,
    prices,
    routes,
    selftest,
    tco,
    telemetry,
)
from assistant.domain.hygiene import harmless

_COMMANDS = (
    ask,
    doctor,
    models,
    routes,
    policy,
    consent,
    audit,
    costs,
    prices,
    history,
    tco,
    telemetry,
    selftest,
)


class _Parser(argparse.ArgumentParser):
    """An argument may be the hostile name of a file: what is said of it is made harmless."""

    def error(self, message: str) -> NoReturn:
        super().error(harmless(message))


def build_parser(chat: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    """The grammar; without a command, `chat` is run."""
    parser = _Parser(
        prog="assistant",
        description="A local-first chat for the terminal. Without a command it opens the chat.",
        epilog="Exit codes: 0 done, 2 usage, 3 refused, 4 route not available, 5 storage or integrity, 130 cancelled.",
    )
    parser.add_argument("--version", action="version", version=f"assistant {__version__}")
    parser.set_defaults(run=chat)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser

"""The command line: parses, hands over, and turns errors into exit codes; everything heavy is imported late."""

import argparse
import os
import sys
from collections.abc import Sequence

from assistant import __version__, cli_ask, cli_doctor, cli_history, cli_models
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import harmless

CANCELLED = 130


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    parser = argparse.ArgumentParser(
        prog="assistant",
        description="A local-first chat for the terminal. Without a command it opens the chat.",
        epilog="Exit codes: 0 done, 2 usage, 3 refused, 4 route not available, 5 storage or integrity, 130 cancelled.",
    )
    parser.add_argument("--version", action="version", version=f"assistant {__version__}")
    parser.set_defaults(run=_chat)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (cli_ask, cli_doctor, cli_models, cli_history):
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    args = build_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except AssistantError as error:
        print(harmless(str(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return CANCELLED
    except BrokenPipeError:
        # The reader of our output went away; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _chat(_args: argparse.Namespace) -> int:
    from assistant.wiring import run_chat

    return run_chat()

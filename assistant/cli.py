"""The command line: parses, hands over, and turns errors into exit codes; everything heavy is imported late."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from assistant import __version__, cli_ask, cli_doctor, cli_history, cli_models
from assistant.domain.errors import AssistantError, StorageError
from assistant.domain.hygiene import harmless

CANCELLED = 130


class _Parser(argparse.ArgumentParser):
    """An argument may be the hostile name of a file: what is said of it is made harmless."""

    def error(self, message: str) -> NoReturn:
        super().error(harmless(message))


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    parser = _Parser(
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
    _mend_streams()
    args = build_parser().parse_args(argv)
    try:
        code = int(args.run(args))
        sys.stdout.flush()
    except AssistantError as error:
        print(harmless(str(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return CANCELLED
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        # Every room puts the errors of its own files into words: what comes this far is our output.
        _drop_output()
        failure = StorageError(
            f"{error.filename or 'the output'} cannot be written: {error.strerror or error}"
        )
        print(harmless(str(failure)), file=sys.stderr)
        return failure.exit_code
    return code


def _mend_streams() -> None:
    """A stream that was closed before the start is an empty one, and no encoding ends a reply: its marks stand for it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """What is left in the buffer has nowhere to go; at the exit it would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _chat(_args: argparse.Namespace) -> int:
    from assistant.wiring import run_chat

    return run_chat()

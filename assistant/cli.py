"""The command line: parses, hands over, and turns errors into exit codes; everything heavy is imported late."""

import gc
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.domain.errors import EXIT_CANCELLED, AssistantError, StorageError
from assistant.domain.hygiene import harmless

if TYPE_CHECKING:
    import argparse

ENOUGH_TO_COLLECT = 50_000
"""So many new objects are worth a look for garbage among them. A start makes about as many, and nearly all of them stay."""


def build_parser(arguments: Sequence[str] = ()) -> "argparse.ArgumentParser":
    """The whole grammar of the command line, or as much of it as `arguments` need."""
    from assistant.commands.grammar import build_parser

    return build_parser(lambda _args: _chat(), arguments)


def run() -> int:
    """What the command `assistant` runs: `main`, behind a wall that only the door opens."""
    from assistant.wiring.wall import stand

    stand()
    gc.set_threshold(ENOUGH_TO_COLLECT)
    return main()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    _mend_streams()
    arguments = sys.argv[1:] if argv is None else argv
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except AssistantError as error:
        print(harmless(str(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return EXIT_CANCELLED
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


def _run(arguments: Sequence[str]) -> int:
    if not arguments:
        return _chat()
    if list(arguments) == ["--version"]:
        # The grammar says the same, but only once every command is loaded.
        print(f"assistant {__version__}")
        return 0
    args = build_parser(arguments).parse_args(arguments)
    return int(args.run(args))


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


def _chat() -> int:
    # A collection costs the start a tenth and finds nothing; the screen turns it on again after its first frame.
    gc.disable()
    from assistant.wiring.house import run_chat

    return run_chat()

"""How the commands talk with a person: facts to stdout, talk to stderr, and questions only where there is a terminal."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import harmless


def say(line: str) -> None:
    """Tells the person something; a script does not read it."""
    print(harmless(line), file=sys.stderr)


def show(facts: object) -> None:
    """Prints one JSON document."""
    print(json.dumps(facts, indent=2))


def at_terminal() -> bool:
    """Whether a person sees what is asked, and types the answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def asked(question: str) -> str:
    """The line that the person types, "" where they only press enter. What was typed before the question is no answer to it."""
    import termios

    sys.stderr.write(harmless(question))
    sys.stderr.flush()
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    with _interruptible():
        return sys.stdin.readline().strip()


def agreed(word: str, question: str) -> bool:
    """Whether the person typed `word`. Raises: UsageError where nobody can be asked."""
    if not at_terminal():
        raise UsageError("nobody can be asked without a terminal", f"say --yes-i-{word}")
    return asked(question) == word


def hidden(question: str) -> str:
    """The line that the person types without its being shown. Raises: EOFError where the terminal is gone."""
    import getpass

    with _interruptible():
        return getpass.getpass(harmless(question), sys.stderr)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl+C ends a read also where an event loop has taken the signal to itself: such a loop does not run meanwhile."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

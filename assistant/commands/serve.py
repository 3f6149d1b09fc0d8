"""`assistant serve`: the chat's screen in a browser, for a machine without one."""

import argparse
import errno
import sys

from assistant.domain.errors import RefusedError, RouteError, UsageError
from assistant.domain.hygiene import one_line

WORDS = "anyone on this network who has the address may read and write my chats"
"""What has to be said, word for word, before others than this machine are listened to."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `serve` to the grammar."""
    parser = commands.add_parser(
        "serve",
        help="show the chat in a browser of this machine",
        description="Serves the chat's screen on loopback, behind a token that is new each time. From another machine use a tunnel: "
        "ssh -L 8017:127.0.0.1:8017 PI, then open the address here. What is on the screen is what the browser gets: your chats; "
        "the rules for the cloud stay as they are.",
    )
    parser.add_argument(
        "--port", type=_port, default=8017, metavar="N", help="where it listens (8017)"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="another interface than loopback; nothing is encrypted there, so --others has to say so",
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="another name under which a browser finds this machine; may be said again",
    )
    parser.add_argument("--others", metavar="WORDS", default="", help=f'exactly: "{WORDS}"')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serves until it is interrupted.

    Raises: UsageError for a name that is none; RefusedError for another interface without the words; RouteError where it cannot listen.
    """
    from assistant.serving.guard import is_loopback, is_name

    for name in args.name:
        if not is_name(name):
            said = f"{one_line(name, 80)!r} is no name of a machine"
            raise UsageError(said, "the name alone, such as pi.home: no port, no http://")
    if not is_loopback(args.host) and args.others != WORDS:
        raise RefusedError(
            f"{args.host} is not this machine alone, and nothing is encrypted on the way",
            f'use a tunnel (ssh -L), or say --others "{WORDS}"',
        )
    from assistant.serving.server import ScreenServer

    command = (sys.executable, "-m", "assistant")
    server = ScreenServer(
        command, args.host, args.port, lambda line: print(line, flush=True), args.name
    )
    try:
        server.serve()
    except OSError as error:
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise RouteError(f"{args.host}:{args.port} {why}", "choose another --port") from error
    return 0


def _port(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= 65_535:
        raise argparse.ArgumentTypeError("must be from 1 to 65,535")
    return value

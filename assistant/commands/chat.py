"""`assistant chat`: the chat on the screen, or line by line in plain text."""

import argparse


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `chat` to the grammar."""
    parser = commands.add_parser(
        "chat",
        help="open the chat; --plain: line by line, for screen readers and pipes",
        description="Opens the chat, as no command at all does. --plain talks line by line on stdin and stdout, without "
        "colours, boxes or cursor movement: for screen readers, slow lines and terminals that can do little. /help there "
        "lists what else can be typed.",
    )
    parser.add_argument("--open", metavar="ID", help="begin in this conversation (history list)")
    parser.add_argument("--plain", action="store_true", help="line by line, in words alone")
    parser.add_argument(
        "--calm", action="store_true", help="at most 4 frames a second, and nothing moves"
    )
    parser.add_argument("--times", action="store_true", help="with --plain: times after each reply")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the chat to its end and returns the exit code."""
    if args.plain:
        from assistant.commands.plain import run_plain

        return run_plain(args.open or "", times=args.times)
    from assistant.wiring.house import run_chat

    return run_chat(args.open or "", calm=args.calm)

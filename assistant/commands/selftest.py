"""`assistant selftest`: lets a person see on their own machine that nothing leaves it."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import SelftestError
from assistant.domain.hygiene import harmless, one_line

if TYPE_CHECKING:
    from assistant.proof.report import Report
    from assistant.proof.scenarios import Ran

EXIT_IMPOSSIBLE, EXIT_NOT_PROVED = SelftestError.exit_code, 5


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `selftest` to the grammar."""
    parser = commands.add_parser(
        "selftest",
        help="show that nothing leaves this machine",
        description="Runs this program against itself.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    egress = actions.add_parser(
        "egress",
        help="run the program in a closed network and count what tries to leave",
        description="Runs the program's own commands and the chat in a network of their own, whose only way out is "
        "watched, and counts what arrives there. At the end something is let out on purpose, to show that it is "
        "seen. Your settings and your model are used, your conversations and servers are not. Exit code 0: nothing "
        "tried to leave; 5: something did, or it could not be proved; 4: no such network can be made here.",
    )
    egress.add_argument("--json", action="store_true", help="print one object")
    egress.add_argument(
        "--capture", metavar="FILE", type=Path, help="keep every packet that was seen (pcap)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Proves it and returns the exit code."""
    from assistant.proof.report import Finding
    from assistant.wiring.selftest import prove

    try:
        report = prove(lambda ran: None if args.json else _tell(ran), args.capture)
    except SelftestError as error:
        if not args.json:
            raise
        print(json.dumps(_impossible(error), indent=2))
        print(harmless(str(error)), file=sys.stderr)
        return EXIT_IMPOSSIBLE
    if args.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        _conclude(report)
    return 0 if report.finding is Finding.CLOSED else EXIT_NOT_PROVED


def _tell(ran: "Ran") -> None:
    """One line for a scenario, and one for each thing that it tried."""
    from assistant.proof.frames import told

    print(f"{ran.scenario.name:<13} {_figures(ran.tried.size_bytes, ran.tried.look_ups)}  {ran.scenario.what}")  # fmt: skip
    if not ran.done:
        wanted = ran.scenario.exit_code
        print(f"{'':<13} it ended with {_code(ran.exit_code)}, not with {wanted}")
    for line in told(ran.tried.frames):
        print(one_line(f"{'':<13} it tried: {line}", 400))
    sys.stdout.flush()


def _conclude(report: "Report") -> None:
    figures = _figures(report.control.size_bytes, report.control.look_ups)
    print(f"{'control':<13} {figures}  lets something out on purpose: this must be seen")
    print(f"\n{report.words}")


def _figures(size_bytes: int, look_ups: tuple[str, ...]) -> str:
    return f"{size_bytes:>7,} bytes {len(set(look_ups)):>3} names"


def _code(code: int | None) -> str:
    return "nothing: it was ended" if code is None else str(code)


def _impossible(error: SelftestError) -> dict[str, object]:
    return {
        "finding": "impossible",
        "why": error.message,
        "hint": error.hint,
        "scenarios": [],
        "control": None,
    }

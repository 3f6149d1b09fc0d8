"""`python -m tests.e2e.egress.commands JSON`: commands of the program one after the other in one process, since its start takes longest.

JSON is a list of homes and argument lists. What each of them ended with and printed is a line of JSON.
"""

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

from assistant.cli import main
from assistant.wiring.wall import stand


def run_all(commands: list[tuple[str, list[str]]]) -> None:
    """Runs them behind the program's wall."""
    stand()
    for home, command in commands:
        os.environ["HOME"] = home
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main(command)
            except SystemExit as end:
                code = int(end.code or 0)
        line = {"code": code, "out": out.getvalue(), "err": err.getvalue()}
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    run_all(json.loads(sys.argv[1]))

"""The wall of the real program: raised by its entry, and what it turned away is kept and told."""

import os
import subprocess
import sys
from pathlib import Path

from assistant.storage import paths
from assistant.wiring.wall import LOG, turned_away

REACH = """
import socket, sys
import assistant.cli as cli
def main():
    for act in (
        lambda: socket.create_connection(("127.0.0.1", 9), 1),
        lambda: socket.getaddrinfo("example.invalid", 443),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    ):
        try:
            act()
        except Exception as refused:
            print(type(refused).__name__)
    return 0
cli.main = main
sys.exit(cli.run())
"""


def test_the_entry_of_the_program_raises_the_wall_and_it_keeps_what_it_turned_away(
    places: paths.Places,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REACH], capture_output=True, check=True, text=True, env=os.environ
    )
    assert done.stdout.split() == ["RefusedError"] * 3
    lines = (places.state / LOG).read_text("utf-8").splitlines()
    assert [line.split()[1] for line in lines] == [
        "socket.connect",
        "socket.getaddrinfo",
        "socket.sendto",
    ]
    assert turned_away(places.state) == 3


def test_doctor_tells_of_it(places: paths.Places) -> None:
    (places.state / LOG).write_text("a\nb\n")
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "doctor"], capture_output=True, check=True, text=True
    )
    assert "2 attempts to reach somewhere else were refused" in done.stdout


def test_nothing_turned_away_is_nothing_and_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert turned_away(tmp_path) == 0
    (tmp_path / LOG).mkdir()
    assert turned_away(tmp_path) is None

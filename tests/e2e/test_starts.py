"""Each command comes up from nothing, as a shell starts it: the other tests here fork a process that has imported all of the program."""

import subprocess
from pathlib import Path

import pytest

from assistant.commands.grammar import COMMANDS
from tests.e2e.program import Program
from tests.e2e.terminal import Terminal

STARTS: dict[tuple[str, ...], tuple[int, str]] = {
    ("chat", "--plain"): (4, "you: Where is the fox?"),
    ("ask", "hello"): (4, "no model is installed"),
    ("doctor", "--json"): (0, '"hat"'),
    ("models", "list"): (0, "smollm2-135m"),
    ("routes", "list"): (0, "added no route"),
    ("policy", "explain", "--route", "cpu"): (4, "no model is installed"),
    ("consent", "list"): (0, "No grant stands"),
    ("audit", "verify"): (0, "whole"),
    ("costs", "--json"): (0, "{"),
    ("prices", "update"): (2, "say --yes"),
    ("history", "list"): (0, ""),
    ("tco", "--json"): (0, "{"),
    ("telemetry", "--json"): (0, '"folder"'),
    ("keys", "list"): (0, "ctrl+q"),
    ("serve", "--host", "192.0.2.1"): (3, "192.0.2.1"),
    ("selftest",): (2, "ACTION"),
}


def test_none_is_left_out() -> None:
    assert [words[0] for words in STARTS] == list(COMMANDS)


@pytest.mark.parametrize("words", STARTS, ids=lambda words: words[0])
def test_a_command(words: tuple[str, ...], tmp_path: Path) -> None:
    program = Program(tmp_path)
    code, says = STARTS[words]
    done = subprocess.run(
        program.command(*words),
        input=b"Where is the fox?",
        capture_output=True,
        env=program.environment,
        timeout=60,
        check=False,
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == code, said
    assert says in said
    assert "Traceback" not in said


def test_the_chat(tmp_path: Path) -> None:
    program = Program(tmp_path)
    environment = {**program.environment, "TERM": "xterm-256color"}
    chat = Terminal(program.command(), environment, 80, 24)
    try:
        chat.wait_for_text("Not now")
        chat.send("\x1b")
        chat.wait_for(lambda text: "Not now" not in text)
        chat.send("\x11")
        assert chat.wait_for_exit() == 0
    finally:
        chat.close()

"""The chat as a person meets it: the real program on a real terminal with the real model."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Installed
from tests.e2e.program import Program
from tests.e2e.terminal import ForkedTerminal, Terminal

Open = Callable[..., Terminal]

READY = "ask anything"


@pytest.fixture
def program(tmp_path: Path, installed: Installed) -> Program:
    return installed(tmp_path)


@pytest.fixture
def open_chat(program: Program) -> Iterator[Open]:
    terminals = []

    def open_one(columns: int = 120, rows: int = 40, **environment: str) -> Terminal:
        terminal = ForkedTerminal(
            program.command(),
            {**program.environment, "TERM": "xterm-256color", **environment},
            columns,
            rows,
        )
        terminals.append(terminal)
        return terminal

    yield open_one
    for terminal in terminals:
        terminal.close()


def test_a_question_is_answered_kept_and_timed(open_chat: Open, program: Program) -> None:
    chat = open_chat()
    chat.wait_for_text(READY)
    chat.send("Say hello.")
    chat.wait_for_text("Say hello.")
    chat.send("\r")
    chat.wait_for_text("assistant · local · smollm2-135m")
    screen = chat.wait_for(lambda text: "tok/s" in text and "done" in text, 60)
    assert "TTFT" in screen
    assert "nothing has left" in screen
    chat.send("\x11")
    assert chat.wait_for_exit() == 0
    again = open_chat()
    again.wait_for_text(READY)
    listed = program.run("history", "list").stdout.decode()
    assert "Say hello." in listed


def test_escape_stops_and_keeps_the_partial_reply(open_chat: Open) -> None:
    chat = open_chat()
    chat.wait_for_text(READY)
    chat.send("Tell me a very long story about the sea.\r")
    chat.wait_for_text("writing", 60)
    chat.send("\x1b")
    chat.wait_for_text("stopped", 30)
    chat.send("Go on.\r")
    chat.wait_for_text("Go on.", 30)


def test_killed_in_mid_reply_and_all_that_was_shown_is_there(
    open_chat: Open, program: Program
) -> None:
    chat = open_chat()
    chat.wait_for_text(READY)
    chat.send("Tell me a very long story about the sea.\r")
    chat.wait_for_text("writing", 60)
    os.kill(chat.pid, signal.SIGKILL)
    chat.pump(0.5)
    again = open_chat()
    screen = again.wait_for_text("cut short", 30)
    assert READY in screen
    again.wait_for_text("Tell me a very")
    assert b"very long story" in program.run("history", "list").stdout


def test_a_small_terminal_a_tiny_one_and_a_large_one_again(open_chat: Open) -> None:
    chat = open_chat(80, 24)
    screen = chat.wait_for_text(READY)
    assert "Chats" not in screen
    chat.resize(20, 5)
    chat.send("hi")
    chat.wait_for_text("hi")
    chat.resize(120, 40)
    chat.wait_for(lambda text: "Chats" in text and "This request" in text)


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "linux"}, {"TERM": "screen-256color"}]
)
def test_plain_terminals(open_chat: Open, environment: dict[str, str]) -> None:
    chat = open_chat(80, 24, **environment)
    chat.wait_for_text(READY)
    chat.send("Say hello.\r")
    chat.wait_for_text("assistant", 60)
    if "NO_COLOR" in environment:
        assert b"\x1b[38;2;" not in chat.raw
        assert b"\x1b[31m" not in chat.raw


def test_no_terminal_says_what_to_do_instead(program: Program) -> None:
    done = program.run()
    assert done.returncode == 2
    assert b"the chat needs a terminal" in done.stderr


def test_the_first_run_fetches_nothing_unasked(tmp_path: Path) -> None:
    program = Program(tmp_path)
    chat = ForkedTerminal(program.command(), {**program.environment, "TERM": "xterm"}, 80, 24)
    try:
        screen = chat.wait_for_text("SmolLM2")
        assert "98" in screen
        assert "Apache-2.0" in screen
        assert not list(tmp_path.rglob("*.gguf"))
    finally:
        chat.close()

"""The kernel's own word: the whole program, the real screen and the real worker, and not one byte reaches the far end."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.benchmarks.processes import children
from tests.e2e.conftest import Installed
from tests.e2e.egress.conftest import BAIT, Open, Silent
from tests.e2e.egress.inside import Inside
from tests.e2e.program import Program

READY = "ask anything"
IDLE_S = 5.0
STORY = "Tell me a very long story about the sea.\r"


def answered(text: str) -> bool:
    """Whether the latest reply has come to its end."""
    return "tok/s" in text and ("done" in text or "cut at the token limit" in text)


def test_the_chat_opens_is_idle_takes_a_paste_and_answers(open_chat: Open, silent: Silent) -> None:
    with silent("start-up"):
        chat = open_chat()
        chat.wait_for_text(READY)
    with silent("idle"):
        end = time.monotonic() + IDLE_S
        while (left := end - time.monotonic()) > 0:
            assert chat.pump(left)
    with silent("a paste of 100 kB"):
        chat.send("\x1b[200~" + "secret " * 14_286 + "\x1b[201~")
        chat.wait_for_text("pasted text · 100 kB")
        chat.send("\x15")
        chat.wait_for(lambda text: "pasted text · 100 kB" not in text)
    with silent("other sizes"):
        chat.resize(20, 5)
        chat.resize(200, 60)
        chat.wait_for(lambda text: "Chats" in text and "This request" in text)
    with silent("a question"):
        chat.send("Say hello.\r")
        chat.wait_for(answered, 60)
    with silent("the end"):
        chat.send("\x11")
        assert chat.wait_for_exit() == 0


def test_killed_in_a_reply_and_opened_again(open_chat: Open, silent: Silent) -> None:
    with silent("a reply, cut by SIGKILL"):
        chat = open_chat()
        chat.wait_for_text(READY)
        chat.send(STORY)
        chat.wait_for_text("writing", 60)
        os.kill(chat.pid, signal.SIGKILL)
    with silent("recovery"):
        again = open_chat()
        again.wait_for_text("cut short", 30)
    with silent("SIGTERM"):
        os.kill(again.pid, signal.SIGTERM)
        assert again.wait_for_exit() == 0


def test_the_worker_crashes_in_a_reply_and_another_takes_over(
    tmp_path: Path, installed: Installed, inside: Inside, open_chat: Open, silent: Silent
) -> None:
    """In a home of its own, because what crashed is remembered there."""
    other = Inside(installed(tmp_path), inside.network, BAIT)
    with silent("a crash of the worker"):
        chat = open_chat(other)
        chat.wait_for_text(READY)
        chat.send(STORY)
        chat.wait_for_text("writing", 60)
        [worker] = children(chat.pid)
        os.kill(worker, signal.SIGABRT)
        chat.wait_for_text("failed", 30)
    with silent("the next question"):
        chat.send("Say hello.\r")
        chat.wait_for(answered, 60)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("ask", "--max-tokens", "8", "Say hello."), 0),
        (("ask", "--label", "local-only", "--max-tokens", "8", "A secret."), 0),
        (("ask", "--route", "moon", "hello"), 2),
        (("doctor", "--json"), 0),
        (("models", "list"), 0),
        (("models", "pull", "no-such-model"), 2),
        (("models", "pull", "hailo:no-such-model"), 4),
        (("history", "search", "hello"), 0),
    ],
    ids=str,
)
def test_commands(inside: Inside, silent: Silent, args: tuple[str, ...], code: int) -> None:
    with silent(" ".join(args)):
        done = inside.run(*args)
    assert done.returncode == code, done.stderr.decode()


def test_a_server_that_nobody_declared_is_asked_nothing(inside: Inside, silent: Silent) -> None:
    url = "https://models.example/v1"
    with silent("a route, added, listed and refused"):
        added = inside.run("routes", "add", "far", "--url", url, "--model", "any")
        listed = inside.run("routes", "list")
        asked = inside.run("ask", "--route", "far", "hello")
    assert (added.returncode, listed.returncode, asked.returncode) == (0, 0, 3)
    assert b"undeclared" in listed.stdout
    assert b"refused" in asked.stderr


def test_the_first_run_offers_a_download_and_takes_no_for_an_answer(
    tmp_path: Path, inside: Inside, open_chat: Open, silent: Silent
) -> None:
    new = Inside(Program(tmp_path), inside.network, BAIT)
    with silent("a download that was offered and declined"):
        chat = open_chat(new, 80, 24)
        chat.wait_for_text("Apache-2.0")
        chat.send("\x1b")
        chat.wait_for(lambda text: "Apache-2.0" not in text)
        chat.send("hello\r")
        chat.wait_for_text("no model", 20)
    assert not list(tmp_path.rglob("*.gguf"))

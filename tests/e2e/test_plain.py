"""The plain chat in a real terminal, with the real model: words alone, a reply that can be stopped, nothing lost."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.rig import FACTS, KEY, ROUTE, beside
from tests.e2e.conftest import Installed
from tests.e2e.program import ONE_THREAD, Program
from tests.e2e.terminal import ForkedTerminal
from tests.standins.cloud import Cloud


def prepared(folder: Path, installed: Installed) -> Program:
    program = installed(folder)
    program.settle(f"{ONE_THREAD}[generation]\ntemperature = 0.0\n")
    return program


def test_a_person_talks_in_words_alone(tmp_path: Path, installed: Installed) -> None:
    program = prepared(tmp_path, installed)
    environment = {**program.environment, "TERM": "xterm-256color"}
    terminal = ForkedTerminal(program.command("chat", "--plain"), environment, 100, 40)
    try:
        terminal.wait_for_text("you: ")
        terminal.send("Write a very long story about a fox.\r")
        terminal.wait_for_text("assistant, local, smollm2-135m:", 60)
        terminal.wait_for(lambda text: len(text.partition("smollm2-135m:")[2].strip()) > 40, 60)
        terminal.send("\x03")
        terminal.wait_for_text("stopped; the reply so far is kept")
        terminal.send('"""half a')
        terminal.send("\r")
        terminal.wait_for_text("more: ")
        terminal.send("\x04")
        assert terminal.wait_for_exit() == 0
        said = terminal.raw.decode()
    finally:
        terminal.close()
    assert "kept, not sent: half a" in said
    assert "\x1b" not in said
    assert not re.search("[\u2500-\u259f]", said)
    listed = json.loads(program.run("history", "list", "--json").stdout)
    [one] = listed
    assert one["title"] == "Write a very long story about a fox."
    exported = program.run("history", "export", one["id"]).stdout.decode()
    assert "Write a very long story about a fox." in exported
    assert b"not sent yet: half a" in program.run("chat", "--plain", "--open", one["id"]).stderr


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        yield cloud


def test_a_send_to_the_cloud_needs_the_typed_word(tmp_path: Path, cloud: Cloud) -> None:
    program = Program(tmp_path)
    url = f"http://127.0.0.1:{cloud.port}"
    for argv in (
        ("add", ROUTE, "--url", url, "--model", "gpt-4.1"),
        ("declare", ROUTE, "--place", "cloud", *FACTS, "--yes-i-declare"),
    ):
        done = program.run("routes", *argv)
        assert done.returncode == 0, done.stderr
    (tmp_path / "notes.txt").write_text("The fox is red.\n")
    environment = {**program.environment, "ASSISTANT_KEY_GATE": KEY}
    terminal = ForkedTerminal(program.command("chat", "--plain"), environment, 140, 60)
    try:
        terminal.wait_for_text("you: ")
        terminal.send("/attach ~/notes.txt\r")
        terminal.wait_for_text("attached notes.txt, 16 bytes")
        for word in ("yes", ""):
            terminal.send("/cloud What colour?\r")
            terminal.wait_for(lambda text: text.rstrip().endswith("else denies:"))
            terminal.send(f"{word}\r")
            terminal.wait_for(lambda text: text.rstrip().endswith("you:"))
            assert cloud.got == []
        terminal.send("/cloud\r")
        shown = terminal.wait_for(lambda text: text.rstrip().endswith("else denies:"))
        assert "The fox is red." in shown
        terminal.send("once\r")
        terminal.wait_for_text("assistant, cloud, gpt-4.1:")
        terminal.send("\x04")
        assert terminal.wait_for_exit() == 0
    finally:
        terminal.close()
    assert len(cloud.requests) == 1
    assert b"refused" in program.run("consent", "list", "--all").stdout

"""The plain chat in a real terminal, with the real model: words alone, a reply that can be stopped, nothing lost."""

import json
import re
from pathlib import Path

from tests.e2e.program import Program, with_model
from tests.e2e.terminal import Terminal


def prepared(folder: Path, model: Path) -> Program:
    program = with_model(folder, model)
    settings = folder / ".config/assistant/settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[generation]\ntemperature = 0.0\n")
    return program


def test_a_person_talks_in_words_alone(tmp_path: Path, starter_model: Path) -> None:
    program = prepared(tmp_path, starter_model)
    environment = {**program.environment, "TERM": "xterm-256color"}
    terminal = Terminal(program.command("chat", "--plain"), environment, 100, 40)
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

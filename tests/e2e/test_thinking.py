"""Reasoning models of the HAT through the whole program: the answer is what is printed and what is sent back."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e import running
from tests.e2e.program import Program
from tests.e2e.terminal import ForkedTerminal
from tests.standins import hailo_process
from tests.standins.machines import make

MODELS = ["qwen3:1.7b", "deepseek_r1:1.5b"]


def installed(tmp_path: Path, port: int, model: str) -> tuple[Program, dict[str, str]]:
    """The program on a Pi whose HAT has `model`, and its environment."""
    program = Program(tmp_path / "home")
    file = program.home / ".config/assistant/settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'[hat]\naddress = "127.0.0.1:{port}"\nmodel = "{model}"\n')
    return program, {**program.environment, **make(tmp_path, "h10_511").environment}


@pytest.mark.parametrize("model", MODELS)
def test_thoughts_are_kept_and_neither_piped_nor_sent_back(model: str, tmp_path: Path) -> None:
    options = ("--profile", "5.4.0", "--time-scale", "0.01", "--installed", model)
    with hailo_process.running(*options) as server:
        program, environment = installed(tmp_path, server.port, model)

        def ask(*args: str) -> bytes:
            done = running.run(program.command("ask", *args), environment)
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout

        first = json.loads(ask("--json", "Say something."))
        assert re.fullmatch(r"<think>\n[^<>]+</think>\n\n[^<>]+", first["reply"])
        said = ask("--conversation", first["conversation"], "And more?").decode()
        assert "think>" not in said
        again = json.loads(ask("--json", "--conversation", first["conversation"], "And?"))
        assert again["finish"] == "stop"
        requests = [entry["request"] for entry in server.log()]
        talks = [r["messages"] for r in requests if isinstance(r, dict) and "messages" in r]
        sent = talks[-1]
        assert [message["role"] for message in sent[-5:]] == ["user", "assistant"] * 2 + ["user"]
        assert sent[-2]["content"].split() == said.split()
        assert not [message for message in sent if "think>" in message["content"]]
        assert all(entry["in_step"] is not False for entry in server.log())


def test_a_person_sees_the_thought_dim_above_the_answer(tmp_path: Path) -> None:
    options = ("--profile", "5.3.0", "--time-scale", "0.01", "--installed", MODELS[0])
    with hailo_process.running(*options) as server:
        program, environment = installed(tmp_path, server.port, MODELS[0])
        terminal = ForkedTerminal(program.command("ask", "Say something."), environment, 80, 24)
        while terminal.pump(1):
            pass
        raw = terminal.raw.decode()
        assert "think>" not in raw
        thought, _, answer = raw.rpartition("\x1b[22m")
        assert thought.startswith("\x1b[2m")
        assert answer.strip()

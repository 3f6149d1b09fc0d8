"""The whole program on machines with a HAT: who answers, why, and what is said where the HAT fails."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e import running
from tests.e2e.conftest import Installed
from tests.e2e.program import ONE_THREAD, Program
from tests.standins import hailo_process, hailo_python
from tests.standins.machines import EXPECTED, Machine, make

NOBODY = 9
"""The discard port: nobody listens there."""


@dataclass
class Owner:
    """A person at a machine: the program, the tree that it sees, and where OLLAMA_HOST points."""

    program: Program
    machine: Machine
    port: int = NOBODY
    settings: Sequence[str] = field(default_factory=list)

    def run(self, *args: str) -> subprocess.CompletedProcess[bytes]:
        """Runs one command to its end."""
        address = f'[hat]\naddress = "127.0.0.1:{self.port}"\n'
        self.program.settle(ONE_THREAD + address + "".join(f"{line}\n" for line in self.settings))
        environment = {**self.program.environment, **self.machine.environment}
        return running.run(self.program.command(*args), environment)

    def json(self, *args: str) -> dict[str, object]:
        """The object that a command prints."""
        done = self.run(*args, "--json")
        found = json.loads(done.stdout)
        assert isinstance(found, dict), done.stderr.decode()
        return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> Program:
    return installed(tmp_path_factory.mktemp("home"))


def owner(program: Program, tmp_path: Path, kind: str, port: int = NOBODY) -> Owner:
    return Owner(program, make(tmp_path, kind), port)


def with_server(program: Program, tmp_path: Path, server: hailo_process.Server) -> Owner:
    """A Pi whose HAT is driven by `server`; no model file of its own lies on the disk."""
    return owner(program, tmp_path, "h10_511", server.port)


@pytest.mark.parametrize("kind", EXPECTED)
def test_doctor_tells_every_machine_apart(kind: str, program: Program, tmp_path: Path) -> None:
    here = owner(program, tmp_path, kind)
    found = here.json("doctor")
    hat, routes = found["hat"], found["routes"]
    assert isinstance(hat, dict)
    assert isinstance(routes, list)
    assert hat["state"] == EXPECTED[kind], hat
    ready = {route["id"]: route["state"] == "ready" for route in routes}
    assert ready.get("hat", False) == (EXPECTED[kind] == "ready")
    assert ready["cpu"]
    if EXPECTED[kind] not in ("none", "hailo8", "ready"):
        assert hat["remedy"]
    if EXPECTED[kind] == "ready":
        assert routes[0]["id"] == "hat"


@pytest.mark.parametrize("profile", ["5.1.1", "5.3.0", "5.4.0"])
def test_a_hat_answers_with_no_setting_touched(
    profile: str, program: Program, tmp_path: Path
) -> None:
    with hailo_process.running("--profile", profile) as server:
        here = with_server(program, tmp_path, server)
        turn = here.json("ask", "Say something.")
        assert turn["finish"] == "stop"
        route = turn["route"]
        assert isinstance(route, dict)
        assert (route["id"], route["place"]) == ("hat", "this-machine")
        assert route["backend"] == "hailo-ollama"
        assert turn["reply"]
        usage, times = turn["usage"], turn["latency_ms"]
        assert isinstance(usage, dict)
        assert isinstance(times, dict)
        assert usage["estimated"] is True
        assert times["load"] > 0
        assert times["first_token"] > times["load"]
        assert not [entry for entry in server.log() if entry["path"] == "/api/ps"]


def test_where_the_environment_says_that_it_listens(program: Program, tmp_path: Path) -> None:
    with hailo_process.running() as server:
        here = owner(program, tmp_path, "h10_511")
        hint = {"OLLAMA_HOST": f"0.0.0.0:{server.port}"}
        environment = {**program.environment, **here.machine.environment, **hint}
        done = running.run(program.command("ask", "--json", "Hello"), environment)
        assert json.loads(done.stdout)["route"]["id"] == "hat", done.stderr


def test_with_the_server_down_the_processor_answers(program: Program, tmp_path: Path) -> None:
    here = owner(program, tmp_path, "h10_server_down")
    turn = here.json("ask", "--max-tokens", "8", "Say something.")
    route = turn["route"]
    assert isinstance(route, dict)
    assert (route["id"], turn["error"]) == ("cpu", None)
    refused = here.run("ask", "--route", "hat", "Say something.")
    assert refused.returncode == 4
    assert b"hailo-ollama is not running" in refused.stderr


def test_without_a_hat_nobody_asks_the_port(program: Program, tmp_path: Path) -> None:
    with hailo_process.running() as server:
        here = owner(program, tmp_path, "none", server.port)
        turn = here.json("ask", "--max-tokens", "8", "Say something.")
        route = turn["route"]
        assert isinstance(route, dict)
        assert route["id"] == "cpu"
        assert server.log() == []


def test_a_hat_without_a_model_says_how_to_get_one(program: Program, tmp_path: Path) -> None:
    with hailo_process.running("--installed", "") as server:
        here = owner(program, tmp_path, "h10_511", server.port)
        found = here.json("doctor")
        hat = found["hat"]
        assert isinstance(hat, dict)
        assert hat["state"] == "h10_no_model"
        assert "assistant models pull hailo:" in hat["remedy"]


def test_a_hat_that_fails_in_mid_reply_keeps_the_text_and_offers_the_processor(
    program: Program, tmp_path: Path
) -> None:
    with hailo_process.running("--fault", "drop:5") as server:
        here = with_server(program, tmp_path, server)
        done = here.run("ask", "Say something.")
        assert done.returncode == 4
        assert done.stdout.strip()
        assert b"--route cpu" in done.stderr


def test_without_the_server_the_systems_python_runs_the_model(
    program: Program, tmp_path: Path
) -> None:
    here = owner(program, tmp_path, "h10_511")
    trace = tmp_path / "trace"
    given = hailo_python.environment(release="5.1.1", trace=trace)
    names = " ".join(f"{name}='{value}'" for name, value in given.items())
    python = here.machine.put(
        "usr/bin/python3", f'#!/bin/sh\nexec env {names} {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    for entry in (here.machine.root / "usr/share").rglob("*"):
        if entry.is_file() and entry.parent.name == "blob":
            hailo_python.write_hef(entry)
    turn = here.json("ask", "Say something.")
    route = turn["route"]
    assert isinstance(route, dict)
    assert (route["id"], route["backend"], turn["error"]) == ("hat", "hailo", None), turn
    assert turn["reply"]
    assert hailo_python.traced(trace)


def test_or_asks_the_processor_at_once_where_the_settings_say_so(
    program: Program, tmp_path: Path
) -> None:
    with hailo_process.running("--fault", "drop:5") as server:
        here = with_server(program, tmp_path, server)
        here.settings = ["fall_back = true", "[generation]", "max_tokens = 8"]
        turn = here.json("ask", "Say something.")
        route = turn["route"]
        assert isinstance(route, dict)
        assert (route["id"], turn["error"]) == ("cpu", None)


def test_a_chosen_model_that_is_not_there_is_named(program: Program, tmp_path: Path) -> None:
    with hailo_process.running() as server:
        here = with_server(program, tmp_path, server)
        here.settings = ['model = "moon:1b"']
        routes = here.json("doctor")["routes"]
        assert isinstance(routes, list)
        [hat] = [route for route in routes if route["id"] == "hat"]
        assert hat["state"] == "off"
        assert "moon:1b" in hat["why"]

"""`assistant selftest egress` as a person runs it: the real program proves itself, and leaves everything as it was."""

import json
from pathlib import Path

from assistant.proof.frames import FILE_HEAD, frames
from tests.e2e.conftest import Installed

SCENARIOS = ["doctor", "models-add", "models-list", "pull-refused", "routes-add", "routes-list", "ask-refused", "ask", "telemetry", "chat"]  # fmt: skip


def test_a_person_sees_that_nothing_leaves(tmp_path: Path, installed: Installed) -> None:
    program = installed(tmp_path / "home")
    url = "http://192.168.1.7:8080/v1"
    assert program.run("routes", "add", "lan", "--url", url, "--model", "m").returncode == 0
    assert program.run("routes", "declare", "lan", "--place", "this-network").returncode == 0
    before = kept(program.home)
    capture = tmp_path / "seen.pcap"
    done = program.run("selftest", "egress", "--json", "--capture", str(capture))
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    found = json.loads(done.stdout)
    assert (found["finding"], found["control"]["seen"]) == ("closed", True)
    assert [each["name"] for each in found["scenarios"]] == SCENARIOS
    for each in found["scenarios"]:
        figures = (each["done"], each["bytes"], each["packets"], each["look_ups"], each["tried"])
        assert figures == (True, 0, 0, [], []), each
    seen = list(frames(capture.read_bytes().removeprefix(FILE_HEAD)))
    assert sum(frame.size_bytes for frame in seen) == found["control"]["bytes"] > 0
    assert kept(program.home) == before


def kept(home: Path) -> dict[str, int]:
    """Every file of the person's, and when it was changed."""
    return {
        str(path.relative_to(home)): path.stat().st_mtime_ns
        for path in home.rglob("*")
        if path.is_file()
    }

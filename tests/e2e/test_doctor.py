"""`assistant doctor` on machines of several kinds: what it says is what the tree under `ASSISTANT_SYSROOT` shows."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.backends.llama.test_apart import kernel_lets_it
from tests.e2e import running
from tests.e2e.conftest import Installed
from tests.e2e.program import Program


def doctor(program: Program, *args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return running.run(program.command("doctor", *args), {**program.environment, **environment})


def machine_with_card(root: Path, device: str) -> Path:
    card = root / "sys/bus/pci/devices/0001:01:00.0"
    card.mkdir(parents=True)
    (card / "vendor").write_text("0x1e60\n")
    (card / "device").write_text(f"{device}\n")
    (card / "class").write_text("0x0b4000\n")
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text("MemTotal: 8129916 kB\nMemAvailable: 6000000 kB\n")
    return root


def test_json_has_the_objects_that_scripts_rely_on(tmp_path: Path, installed: Installed) -> None:
    program = installed(tmp_path)
    found = json.loads(doctor(program, "--json").stdout)
    assert {"machine", "hat", "routes", "engine", "secrets", "power", "sensors"} <= set(found)
    assert set(found["hat"]) == {"state", "evidence", "remedy"}
    [route] = found["routes"]
    assert set(route) == {"id", "place", "backend", "model", "state", "why"}
    assert (route["id"], route["state"], route["model"]) == ("cpu", "ready", "smollm2-135m")
    assert found["engine"]["build"]
    assert found["engine"]["netns"] is kernel_lets_it()
    assert {look["name"] for look in found["secrets"]["stores"]} > {"vault", "environment"}
    assert found["cloud"] == {"offline": False, "rules": None}
    assert found["audit"]["records"] == 0
    assert found["machine"]["cores"] == len(os.sched_getaffinity(0))


def test_the_engine_line_says_whether_its_process_has_a_network(tmp_path: Path) -> None:
    [line] = [
        line
        for line in doctor(Program(tmp_path)).stdout.decode().splitlines()
        if line.startswith("engine  ")
    ]
    assert ("has no network at all" if kernel_lets_it() else "is not cut off") in line


def test_a_model_file_that_lost_its_end_is_not_ready(tmp_path: Path, starter_model: Path) -> None:
    program = Program(tmp_path)
    copy = tmp_path / "copy.gguf"
    shutil.copyfile(starter_model, copy)
    assert program.run("models", "add", str(copy)).returncode == 0
    os.truncate(copy, 50_000_000)
    [route] = json.loads(doctor(program, "--json").stdout)["routes"]
    assert route["state"] == "off"
    assert "50,000,000 bytes, not the 98,362,432" in route["why"]


def test_without_a_model_the_route_is_off_and_says_why(tmp_path: Path) -> None:
    done = doctor(Program(tmp_path), "--json")
    [route] = json.loads(done.stdout)["routes"]
    assert done.returncode == 0
    assert route["state"] == "off"
    assert "assistant models pull" in route["why"]


def test_it_says_what_tells_of_energy_and_why_nothing_better_does(tmp_path: Path) -> None:
    root = machine_with_card(tmp_path / "tree", "0x2864")
    locked = root / "sys/class/powercap/intel-rapl:0"
    (locked / "energy_uj").mkdir(parents=True)
    program = Program(tmp_path)
    settings = tmp_path / ".config/assistant/settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[power]\nbusy_watts = 9.0\nidle_watts = 3.3\n")
    found = json.loads(doctor(program, "--json", ASSISTANT_SYSROOT=str(root)).stdout)["power"]
    assert (found["source"], found["idle_watts"], found["idle"]) == ("watts", "3.30", "set")
    assert "only root may read it" in found["why"]
    text = doctor(program, ASSISTANT_SYSROOT=str(root)).stdout.decode()
    assert "watts; the idle machine takes 3.30 W (as set)" in text
    settings.unlink()
    bare = json.loads(doctor(program, "--json", ASSISTANT_SYSROOT=str(root)).stdout)["power"]
    assert bare["source"] is bare["idle_watts"] is bare["idle"] is None


def test_a_vision_hat_is_named_as_one(tmp_path: Path) -> None:
    root = machine_with_card(tmp_path / "tree", "0x2864")
    found = json.loads(doctor(Program(tmp_path), "--json", ASSISTANT_SYSROOT=str(root)).stdout)
    assert found["hat"]["state"] == "hailo8"
    assert found["machine"]["memory_bytes"] == 8129916 * 1024


def test_a_hat_without_a_driver_comes_with_what_mends_it(tmp_path: Path) -> None:
    root = machine_with_card(tmp_path / "tree", "0x45c4")
    done = doctor(Program(tmp_path), ASSISTANT_SYSROOT=str(root))
    text = done.stdout.decode()
    assert "HAT, mend" in text
    assert "apt install" in text


def test_a_broken_settings_file_and_a_broken_journal_are_reported_not_raised(
    tmp_path: Path,
) -> None:
    program = Program(tmp_path)
    settings = tmp_path / ".config/assistant/settings.toml"
    journal = tmp_path / ".local/share/assistant/journal.db"
    for path in (settings, journal):
        path.parent.mkdir(parents=True)
        path.write_text("this is [ neither\n" * 100)
    done = doctor(program, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert "not TOML" in found["settings"]["problem"]
    assert found["journal"]["problem"]
    assert journal.read_text().startswith("this is")

"""The made-up machines are what the facts say, and what the program makes of them."""

import os
import subprocess
from pathlib import Path

import pytest

from assistant.domain.hat import judge
from assistant.machine import programs
from assistant.machine.hat import read_hat
from assistant.machine.listening import exposed
from assistant.machine.sensors import Sensors
from tests.standins.machine_programs import BOARD_W, RAILS, silent, vcgencmd_without_device
from tests.standins.machines import EXPECTED, KINDS, Machine, listen, make, spend


def ran(machine: Machine, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs one of the machine's programs."""
    program = machine.programs / command[0]
    return subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)


def ask(machine: Machine, program: str, *arguments: str) -> str | None:
    done = ran(machine, program, *arguments) if (machine.programs / program).exists() else None
    return done.stdout if done and done.returncode == 0 else None


@pytest.mark.parametrize("kind", KINDS)
def test_each_machine_is_in_the_state_it_is_named_for(kind: str, tmp_path: Path) -> None:
    machine = make(tmp_path, kind)
    evidence = read_hat(machine.root, environment={"HOME": str(tmp_path), "PATH": "/usr/bin"})
    assert judge(evidence).state == EXPECTED[kind]


def test_every_state_that_needs_no_server_has_a_machine() -> None:
    assert set(EXPECTED) == set(KINDS)
    assert len(set(EXPECTED.values())) == 10


def test_a_machine_that_is_not_ours_is_never_read(tmp_path: Path) -> None:
    machine = make(tmp_path, "none")
    assert machine.environment["ASSISTANT_SYSROOT"] == str(machine.root)
    assert machine.environment["PATH"].split(os.pathsep)[0] == str(machine.programs)


def test_vcgencmd_pairs_rails_by_name_and_leaves_the_input_alone(tmp_path: Path) -> None:
    lines = ran(make(tmp_path, "none"), "vcgencmd", "pmic_read_adc").stdout.splitlines()
    assert len(lines) == 26
    assert lines[0] == " 3V7_WL_SW_A current(0)=0.00000000A"
    assert lines[12] == " 3V7_WL_SW_V volt(12)=3.69000000V"
    assert sum("EXT5V" in line or "BATT" in line for line in lines) == 2
    assert len(RAILS) == 12


@pytest.mark.parametrize(
    ("kind", "throttled", "temperature"),
    [
        ("none", "0x0", "48.3"),
        ("pi5_hot", "0x1000e", "84.0"),
        ("pi5_weak_supply", "0x50005", "48.3"),
    ],
)
def test_vcgencmd_tells_heat_and_throttling(
    kind: str, throttled: str, temperature: str, tmp_path: Path
) -> None:
    machine = make(tmp_path, kind)
    assert ran(machine, "vcgencmd", "get_throttled").stdout == f"throttled={throttled}\n"
    assert ran(machine, "vcgencmd", "measure_temp").stdout == f"temp={temperature}'C\n"
    assert ran(machine, "vcgencmd", "nonsense").returncode != 0


def test_a_hot_pi_is_seen_by_the_sensors(tmp_path: Path) -> None:
    machine = make(tmp_path, "pi5_hot")
    sensed = Sensors(machine.root, lambda: 0.0, lambda p, *a: ask(machine, p, *a)).look()
    assert sensed.throttling is not None
    assert "clock capped" in sensed.throttling.now
    assert sensed.throttling.since_boot == ("undervoltage",)
    assert sensed.figures.board_power is not None
    assert sensed.figures.board_power.value == pytest.approx(BOARD_W, rel=1e-3)


def test_an_energy_counter_that_wraps_still_gives_watts(tmp_path: Path) -> None:
    machine, clock = make(tmp_path, "x86"), iter((0.0, 1000.0))
    sensors = Sensors(machine.root, lambda: next(clock), lambda *_: None)
    assert sensors.look().figures.package_power is None
    spend(machine, 12_000_000)
    power = sensors.look().figures.package_power
    assert power is not None
    assert power.value == pytest.approx(12.0, rel=1e-3)


def test_a_vcgencmd_may_be_refused_its_device_or_say_nothing(tmp_path: Path) -> None:
    machine = make(tmp_path, "none")
    machine.program("vcgencmd", vcgencmd_without_device())
    refused = ran(machine, "vcgencmd", "measure_temp")
    assert (refused.returncode, "/dev/vcio" in refused.stderr) == (1, True)
    machine.program("vcgencmd", silent())
    program = str(machine.programs / "vcgencmd")
    assert programs.ask(program, "measure_temp", timeout_s=0.2) is None


@pytest.mark.parametrize(("address", "open_to_all"), [("0.0.0.0", True), ("127.0.0.1", False)])  # noqa: S104 - only written down
def test_a_port_may_be_open_to_all(address: str, open_to_all: bool, tmp_path: Path) -> None:
    machine = make(tmp_path, "h10_511")
    listen(machine, address)
    assert bool(exposed(machine.root, "127.0.0.1:8000")) is open_to_all


def test_hailortcli_tells_versions_and_mismatches(tmp_path: Path) -> None:
    good = make(tmp_path, "h10_511")
    said = ran(good, "hailortcli", "fw-control", "identify").stdout
    assert "Firmware Version: 5.1.1 (release,app)\n" in said
    assert "Device Architecture: HAILO10H\n" in said
    assert ran(good, "hailortcli", "scan").stdout == "Hailo Devices:\n[-] Device: 0001:01:00.0\n"
    bad = ran(make(tmp_path, "h10_mismatch"), "hailortcli", "scan")
    assert bad.returncode == 76
    assert "Driver version (5.1.1) is different from library version (5.3.0)" in bad.stderr
    old = ran(make(tmp_path, "hailo8l"), "hailortcli", "fw-control", "identify").stdout
    assert "HAILO8L" in old
    assert "extended context switch buffer" in old


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("h10_530", "[1e60:45c4]"), ("hailo8l", "[1e60:2864]"), ("two_devices", "[144d:a80a]")],
)
def test_lspci_tells_the_devices(kind: str, wanted: str, tmp_path: Path) -> None:
    assert wanted in ran(make(tmp_path, kind), "lspci", "-nn").stdout

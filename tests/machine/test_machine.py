"""What this machine is, read from a tree in the place of `/`."""

from pathlib import Path

from assistant.machine.facts import read_facts
from assistant.machine.memory import Memory, read_memory

PI_MEMINFO = "MemTotal:        8256000 kB\nMemFree: 1 kB\nMemAvailable:    7000000 kB\nSwapTotal: 204784 kB\nSwapFree: 204784 kB\n"
PI_CPUINFO = "processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\n\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n"
PC_CPUINFO = (
    "processor\t: 0\nmodel name\t: Some CPU \x1b[31m@ 3 GHz\nprocessor\t: 1\nmodel name\t: Other\n"
)


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_memory_is_read_in_bytes(tmp_path: Path) -> None:
    memory = read_memory(tree(tmp_path, {"proc/meminfo": PI_MEMINFO}))
    assert memory == Memory(8256000 * 1024, 7000000 * 1024, 204784 * 1024, 204784 * 1024)


def test_memory_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    nothing = Memory(None, None, None, None)
    assert read_memory(tmp_path) == nothing
    broken = "MemTotal: many kB\nMemAvailable: 12 MB\nnonsense\nSwapTotal:\nSwapFree: \u0663 kB\n"
    assert read_memory(tree(tmp_path, {"proc/meminfo": broken})) == nothing


def test_a_pi_is_known(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": PI_MEMINFO,
        "proc/cpuinfo": PI_CPUINFO,
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
        "proc/sys/kernel/osrelease": "6.12.47+rpt-rpi-2712\n",
        "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    }
    facts = read_facts(tree(tmp_path, files))
    assert facts.board == "Raspberry Pi 5 Model B Rev 1.0"
    assert facts.cpu == "Arm Cortex-A76"
    assert facts.system == "Debian GNU/Linux 13 (trixie)"
    assert facts.kernel == "6.12.47+rpt-rpi-2712"
    assert facts.memory_available_bytes == 7000000 * 1024
    assert facts.to_json()["board"] == facts.board


def test_a_pc_is_known_and_its_words_are_harmless(tmp_path: Path) -> None:
    files = {"proc/cpuinfo": PC_CPUINFO, "sys/devices/virtual/dmi/id/product_name": "Box\n"}
    facts = read_facts(tree(tmp_path, files))
    assert facts.board == "Box"
    assert facts.cpu == "Some CPU ␛[31m@ 3 GHz"


def test_an_unknown_machine_is_not_guessed_at(tmp_path: Path) -> None:
    facts = read_facts(tmp_path)
    assert facts.board is facts.cpu is facts.system is facts.kernel is None
    assert facts.cores is not None
    assert facts.cores > 0
    other = tree(tmp_path, {"proc/cpuinfo": "CPU implementer: 0x61\nCPU part: 0x023\n"})
    assert read_facts(other).cpu == "Arm part 0x023"

"""A HAT is found from a tree in the place of `/`, whatever the driver's release, and no device is opened."""

import os
import time
from pathlib import Path

import pytest

from assistant.domain.hat import (
    Chip,
    HatState,
    Holder,
    Module,
    Node,
    PciDevice,
    PythonRuntime,
    ServerKind,
    ServerLook,
    judge,
)
from assistant.machine.hat import read_hat

BDF = "0001:01:00.0"
PCI = f"sys/bus/pci/devices/{BDF}"
KERNEL = "6.12.47+rpt-rpi-2712"
ENVIRONMENT = {"PATH": "/usr/bin:relative", "HOME": "/nonexistent"}
SERVER = ServerLook(ServerKind.HAILO_OLLAMA, models=("qwen2:1.5b",))


def put(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def chip(root: Path, device: str, address: str = BDF, driver: str | None = None) -> Path:
    folder = f"sys/bus/pci/devices/{address}"
    put(root, {f"{folder}/vendor": "0x1e60\n", f"{folder}/device": f"0x{device}\n"})
    if driver:
        link(root / folder / "driver", f"../../../../bus/pci/drivers/{driver}")
    return root


def ten(root: Path, version: str = "5.1.1", node: str = "hailo0") -> Path:
    """A Pi 5 with a Hailo-10H and everything that it needs."""
    chip(root, "45c4", driver="hailo1x")
    server = root / "usr/bin/hailo-ollama"
    put(
        root,
        {
            f"{PCI}/current_link_speed": "8.0 GT/s PCIe\n",
            f"{PCI}/current_link_width": "1\n",
            "sys/module/hailo1x_pci/version": f"{version}\n",
            f"dev/{node}": "",
            "dev/null": "",
            f"usr/lib/libhailort.so.{version}": "",
            "usr/lib/python3/dist-packages/hailo_platform/genai/__init__.py": "",
            f"usr/lib/python3/dist-packages/hailort-{version}.egg-info/PKG-INFO": "",
            "usr/bin/hailo-ollama": "",
            "proc/device-tree/hat/vendor": "Raspberry Pi Ltd\0",
            "proc/device-tree/hat/product": "AI HAT+ 2\0",
            "proc/sys/kernel/osrelease": f"{KERNEL}\n",
            f"lib/modules/{KERNEL}/updates/dkms/hailo1x_pci.ko.xz": "",
            f"usr/src/hailo1x_pci-{version}/dkms.conf": "",
            "proc/meminfo": "CmaTotal: 524288 kB\nCmaFree: 4 kB\n",
        },
    )
    server.chmod(0o755)
    return root


def test_everything_of_a_ten_is_seen(tmp_path: Path) -> None:
    found = read_hat(ten(tmp_path), environment=ENVIRONMENT, server=SERVER)
    assert found.devices == (PciDevice(BDF, Chip.HAILO_10H, "hailo1x", "8.0 GT/s PCIe", "1"),)
    assert found.modules == (Module("hailo1x_pci", "5.1.1"),)
    assert (found.kernel, found.built, found.sources) == (KERNEL, True, ("5.1.1",))
    assert found.nodes == (Node("/dev/hailo0", usable=True),)
    assert found.libraries == ("5.1.1",)
    assert found.python == PythonRuntime("/usr/lib/python3/dist-packages", "5.1.1", genai=True)
    assert found.server_program == "/usr/bin/hailo-ollama"
    assert found.eeprom == "Raspberry Pi Ltd, AI HAT+ 2"
    assert found.cma_total_bytes == 512 * 1024**2
    assert judge(found).state is HatState.READY


def test_the_node_of_newer_drivers_is_known_with_its_device(tmp_path: Path) -> None:
    put(ten(tmp_path, "5.3.0", "h1x-0"), {"sys/class/hailo1x/h1x-0/device_id": BDF})
    found = read_hat(tmp_path, environment=ENVIRONMENT, server=SERVER)
    assert found.nodes == (Node("/dev/h1x-0", usable=True, device=BDF),)
    assert judge(found).state is HatState.READY


def test_an_empty_machine_has_no_hat(tmp_path: Path) -> None:
    assert judge(read_hat(tmp_path, environment={})).state is HatState.NONE


def test_other_devices_are_not_hats(tmp_path: Path) -> None:
    nvme = "sys/bus/pci/devices/0000:01:00.0"
    put(ten(tmp_path), {f"{nvme}/vendor": "0x144d\n", f"{nvme}/device": "0xa80a\n"})
    found = read_hat(tmp_path, environment=ENVIRONMENT, server=SERVER)
    assert [device.address for device in found.devices] == [BDF]
    assert judge(found).state is HatState.READY


def test_a_vision_chip_is_told_apart_in_spite_of_its_node(tmp_path: Path) -> None:
    put(chip(tmp_path, "2864", driver="hailo"), {"dev/hailo0": "", "sys/module/hailo_pci/x": ""})
    found = read_hat(tmp_path, environment=ENVIRONMENT, server=SERVER)
    assert judge(found).state is HatState.HAILO8
    assert found.modules == (Module("hailo_pci", None),)


def test_beside_a_vision_chip_its_node_is_not_taken(tmp_path: Path) -> None:
    chip(ten(tmp_path), "2864", "0000:01:00.0", "hailo")
    put(tmp_path, {"sys/class/hailo_chardev/hailo0/device_id": "0000:01:00.0"})
    assert judge(read_hat(tmp_path, environment=ENVIRONMENT)).state is HatState.NO_NODE


def test_a_device_without_driver(tmp_path: Path) -> None:
    chip(tmp_path, "45c4")
    hat = judge(read_hat(tmp_path, environment=ENVIRONMENT))
    assert hat.state is HatState.NO_DRIVER
    assert hat.remedy == "sudo apt install dkms hailo-h10-all && sudo reboot"
    put(tmp_path, {"usr/src/hailo1x_pci-5.1.1/dkms.conf": "", "proc/sys/kernel/osrelease": KERNEL})
    hat = judge(read_hat(tmp_path, environment=ENVIRONMENT))
    assert "dkms autoinstall" in (hat.remedy or "")
    put(tmp_path, {f"usr/lib/modules/{KERNEL}/updates/dkms/hailo1x_pci.ko": ""})
    hat = judge(read_hat(tmp_path, environment=ENVIRONMENT))
    assert hat.remedy == "sudo modprobe hailo1x_pci"


def test_a_kernel_name_leads_nowhere_else(tmp_path: Path) -> None:
    chip(tmp_path, "45c4")
    put(tmp_path, {"proc/sys/kernel/osrelease": "../../x", "x/updates/hailo1x_pci.ko": ""})
    assert not read_hat(tmp_path, environment=ENVIRONMENT).built


def test_a_device_file_that_may_not_be_opened(tmp_path: Path) -> None:
    """A link to nothing: root, too, may not open that."""
    ten(tmp_path)
    (tmp_path / "dev/hailo0").unlink()
    link(tmp_path / "dev/hailo0", "/nonexistent/device")
    found = read_hat(tmp_path, environment=ENVIRONMENT)
    assert found.nodes == (Node("/dev/hailo0", usable=False),)
    assert judge(found).state is HatState.NO_ACCESS


def test_a_link_under_an_old_name_is_the_library_that_it_leads_to(tmp_path: Path) -> None:
    ten(tmp_path)
    library = tmp_path / "usr/lib/libhailort.so.5.1.1"
    library.unlink()
    put(tmp_path, {"usr/lib/libhailort.so.5.2.0": ""})
    link(library, "/usr/lib/libhailort.so.5.2.0")
    link(tmp_path / "usr/lib/libhailort.so", "libhailort.so.5.2.0")
    found = read_hat(tmp_path, environment=ENVIRONMENT, server=SERVER)
    assert found.libraries == ("5.2.0",)
    assert judge(found).state is HatState.MISMATCH


def test_libraries_are_found_in_every_known_folder(tmp_path: Path) -> None:
    put(
        chip(tmp_path, "45c4"),
        {
            "usr/lib/aarch64-linux-gnu/libhailort.so.5.10.0": "",
            "usr/local/lib/libhailort.so.5.9.0": "",
            "usr/lib/libhailort.so.old": "",
        },
    )
    found = read_hat(tmp_path, environment=ENVIRONMENT)
    assert found.libraries == ("5.9.0", "5.10.0")


def test_a_python_package_of_the_vision_line_has_no_genai(tmp_path: Path) -> None:
    local = "usr/local/lib/python3.13/dist-packages"
    put(
        chip(tmp_path, "45c4"),
        {
            f"{local}/hailo_platform/__init__.py": "",
            f"{local}/hailort-4.23.0.dist-info/METADATA": "",
        },
    )
    found = read_hat(tmp_path, environment=ENVIRONMENT)
    assert found.python == PythonRuntime(f"/{local}", "4.23.0", genai=False)


def test_who_holds_the_device_is_seen_but_not_ourselves(tmp_path: Path) -> None:
    ten(tmp_path)
    put(tmp_path, {"proc/41/comm": "frigate\n", "proc/42/comm": "assistant\n", "proc/self/x": ""})
    link(tmp_path / "proc/41/fd/0", "/dev/null")
    link(tmp_path / "proc/41/fd/7", "/dev/hailo0")
    link(tmp_path / "proc/42/fd/3", "/dev/hailo0")
    found = read_hat(tmp_path, environment=ENVIRONMENT, server=SERVER, ours=(42,))
    assert found.holders == (Holder(41, "frigate"),)
    hat = judge(found)
    assert (hat.state, hat.remedy) == (HatState.BUSY, "kill 41")


@pytest.mark.parametrize(
    ("path", "there"), [("/opt/x/bin", True), ("relative", False), ("", False)]
)
def test_the_server_program_is_looked_for_on_path_under_the_tree(
    tmp_path: Path, path: str, there: bool
) -> None:
    put(chip(tmp_path, "45c4"), {"opt/x/bin/hailo-ollama": ""})
    (tmp_path / "opt/x/bin/hailo-ollama").chmod(0o755)
    found = read_hat(tmp_path, environment={"PATH": path})
    assert found.server_program == ("/opt/x/bin/hailo-ollama" if there else None)


def test_a_port_that_the_network_reaches_is_seen(tmp_path: Path) -> None:
    listening = "  sl  local_address rem_address   st\n   0: 00000000:1F40 00000000:0000 0A 0:0\n"
    put(ten(tmp_path), {"proc/net/tcp": listening})
    found = read_hat(tmp_path, environment=ENVIRONMENT, server=SERVER)
    assert found.exposed == ("0.0.0.0:8000",)
    assert "without a password" in judge(found).warnings[0]


def test_what_a_tree_says_is_harmless(tmp_path: Path) -> None:
    put(ten(tmp_path), {"proc/device-tree/hat/vendor": "\x1b]0;x\x07\n\0", f"{PCI}/device": "\xff"})
    for line in judge(read_hat(tmp_path, environment=ENVIRONMENT)).evidence:
        assert line.isprintable()


def test_no_device_is_opened(tmp_path: Path) -> None:
    """Opening a FIFO for reading would wait for a writer: the look would not come back."""
    ten(tmp_path)
    (tmp_path / "dev/hailo0").unlink()
    os.mkfifo(tmp_path / "dev/hailo0")
    assert read_hat(tmp_path, environment=ENVIRONMENT).nodes == (Node("/dev/hailo0", usable=True),)


def test_a_look_takes_under_20_ms(tmp_path: Path) -> None:
    ten(tmp_path)
    for slot in range(50):
        put(tmp_path, {f"sys/bus/pci/devices/0002:{slot:02x}:00.0/vendor": "0x8086\n"})
    for number in range(1500):
        put(tmp_path, {f"usr/lib/aarch64-linux-gnu/lib{number}.so": ""})
    for pid in range(100, 160):
        for handle in range(20):
            link(tmp_path / f"proc/{pid}/fd/{handle}", "socket:[1]")

    def look_ms() -> float:
        # The time of this thread alone: that of a busy machine says nothing.
        started = time.thread_time()
        read_hat(tmp_path, environment=ENVIRONMENT, server=SERVER)
        return (time.thread_time() - started) * 1000

    assert any(look_ms() < 20 for _ in range(50))

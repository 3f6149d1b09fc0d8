"""Machines as the sensors see them: trees in the place of `/`, and the small programs that a Pi has on its PATH."""

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from tests.standins.machine_programs import hailortcli, lspci, vcgencmd

KERNEL = "6.12.47+rpt-rpi-2712"
PI_ADDRESS = "0001:01:00.0"
NVME = ("0000:01:00.0", "0x144d", "0xa80a", "0x010802", "nvme")
MODEL = "qwen2.5-instruct"
HEF = "5310176848638505fbc28add04ba60c97abe345cdb0ec7e3b8ffaa4b0a8c65dd"
MANIFEST = '{{"hef_h10h": "{hef}", "template_params": {{}}, "generation_params": {{}}}}'
DIST = "usr/lib/python3/dist-packages"
HOLDER_PID = 4711


@dataclass(frozen=True)
class Machine:
    """A tree for ASSISTANT_SYSROOT and a folder of programs for PATH."""

    root: Path
    programs: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes the program look at this machine."""
        path = os.pathsep.join([str(self.programs), os.environ.get("PATH", "")])
        return {"ASSISTANT_SYSROOT": str(self.root), "PATH": path}

    def put(self, path: str, content: str | bytes = "") -> Path:
        """Writes one file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def link(self, path: str, target: str) -> None:
        """Makes one symbolic link."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def drop(self, paths: Iterable[str]) -> None:
        """Removes files and links; what is not there stays so."""
        for path in paths:
            (self.root / path).unlink(missing_ok=True)

    def program(self, name: str, script: str) -> None:
        """Puts a program on the PATH."""
        self.programs.mkdir(parents=True, exist_ok=True)
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{script}")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)


def make(folder: Path, kind: str) -> Machine:
    """A machine of one of KINDS under `folder`."""
    machine = Machine(folder / f"{kind}-root", folder / f"{kind}-bin")
    machine.root.mkdir(parents=True)
    machine.programs.mkdir()
    KINDS[kind](machine)
    return machine


def spend(machine: Machine, microjoules: int) -> None:
    """Lets the processor of the `x86` machine use energy; the counter wraps as a real one does."""
    folder = machine.root / "sys/class/powercap/intel-rapl:0"
    top = int((folder / "max_energy_range_uj").read_text())
    counter = folder / "energy_uj"
    counter.write_text(f"{(int(counter.read_text()) + microjoules) % (top + 1)}\n")


def listen(machine: Machine, address: str = "0.0.0.0", port: int = 8000) -> None:  # noqa: S104 - only written down
    """Lets `/proc/net/tcp` say that a server listens there."""
    digits = f"{int.from_bytes(IPv4Address(address).packed, 'little'):08X}:{port:04X}"
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
    machine.put(
        "proc/net/tcp", f"{head}   0: {digits} 00000000:0000 0A 00000000:00000000 00:0 0 0\n"
    )


def _pi(
    machine: Machine,
    *,
    cma_kb: int = 524_288,
    heat_c: float = 48.3,
    throttled: int = 0,
    supply_ma: int = 5000,
    input_v: float = 5.12,
) -> None:
    """A Pi 5 with 8 GB, Trixie and nothing attached."""
    machine.put("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    machine.put("proc/device-tree/chosen/power/max_current", supply_ma.to_bytes(4, "big"))
    machine.put("proc/sys/kernel/osrelease", f"{KERNEL}\n")
    machine.put(
        "proc/meminfo",
        "MemTotal:        8256000 kB\nMemFree:         1200000 kB\nMemAvailable:    6900000 kB\n"
        f"CmaTotal:        {cma_kb} kB\nCmaFree:         {cma_kb // 2} kB\n",
    )
    zone = "sys/class/thermal/thermal_zone0"
    machine.put(f"{zone}/type", "cpu-thermal\n")
    machine.put(f"{zone}/temp", f"{round(heat_c * 1000)}\n")
    machine.put("sys/bus/pci/devices/.keep")
    machine.put("dev/null")
    machine.program("vcgencmd", vcgencmd(heat_c=heat_c, throttled=throttled, input_v=input_v))
    machine.program("lspci", lspci())
    machine.program("hailortcli", hailortcli(None))


def _pci(
    machine: Machine, address: str, vendor: str, device: str, kind: str, driver: str | None
) -> None:
    folder = f"sys/bus/pci/devices/{address}"
    machine.put(f"{folder}/vendor", f"{vendor}\n")
    machine.put(f"{folder}/device", f"{device}\n")
    machine.put(f"{folder}/class", f"{kind}\n")
    machine.put(f"{folder}/current_link_speed", "8.0 GT/s PCIe\n")
    machine.put(f"{folder}/current_link_width", "1\n")
    if driver:
        machine.link(f"{folder}/driver", f"../../../../bus/pci/drivers/{driver}")


def _ten(
    machine: Machine, version: str = "5.1.1", node: str = "hailo0", *, cma_kb: int = 524_288
) -> None:
    """A Pi 5 with a Hailo-10H and all that it needs, hailo-ollama not running: `h10_server_down` or in process."""
    _pi(machine, cma_kb=cma_kb)
    _pci(machine, PI_ADDRESS, "0x1e60", "0x45c4", "0x0b4000", "hailo1x")
    new = node.startswith("h1x")
    machine.put("sys/module/hailo1x_pci/version", f"{version}\n")
    machine.put(f"sys/class/{'hailo1x' if new else 'hailo_chardev'}/{node}/device_id", PI_ADDRESS)
    machine.put(f"dev/{node}").chmod(0o666)
    machine.put(f"lib/modules/{KERNEL}/updates/dkms/hailo1x_pci.ko.xz")
    machine.put(f"usr/src/hailo1x_pci-{version}/dkms.conf")
    machine.put(f"usr/lib/libhailort.so.{version}")
    machine.put(f"{DIST}/hailo_platform/genai/__init__.py")
    machine.put(f"{DIST}/hailort-{version}.egg-info/PKG-INFO", f"Version: {version}\n")
    machine.put("usr/bin/hailo-ollama").chmod(0o755)
    store = "usr/share/hailo-ollama/models"
    machine.put(f"{store}/manifests/{MODEL}/1.5b/manifest.json", MANIFEST.format(hef=HEF))
    machine.put(f"{store}/blob/sha256_{HEF}", b"\x01HEF qwen2")
    machine.put("proc/device-tree/hat/vendor", "Raspberry Pi Ltd\0")
    machine.program("lspci", lspci("45c4"))
    machine.program("hailortcli", hailortcli(version))


def _without_store(machine: Machine) -> None:
    machine.drop([f"usr/share/hailo-ollama/models/blob/sha256_{HEF}"])


def _server_down(machine: Machine) -> None:
    _ten(machine)
    machine.drop([f"{DIST}/hailo_platform/genai/__init__.py"])
    (machine.root / f"{DIST}/hailo_platform/genai").rmdir()


def _no_driver(machine: Machine) -> None:
    """A kernel upgrade left no module behind."""
    _ten(machine)
    machine.drop(
        [
            f"sys/bus/pci/devices/{PI_ADDRESS}/driver",
            "sys/module/hailo1x_pci/version",
            f"lib/modules/{KERNEL}/updates/dkms/hailo1x_pci.ko.xz",
            "dev/hailo0",
        ]
    )
    (machine.root / "sys/module/hailo1x_pci").rmdir()


def _no_node(machine: Machine) -> None:
    """The driver is bound, but the firmware did not start."""
    _ten(machine)
    machine.drop(["dev/hailo0", "sys/class/hailo_chardev/hailo0/device_id"])


def _no_access(machine: Machine) -> None:
    """A link to nowhere refuses root too, whose rights no mode of a file takes away."""
    _ten(machine)
    _without_store(machine)
    machine.drop(["dev/hailo0"])
    machine.link("dev/hailo0", "gone")


def _no_runtime(machine: Machine) -> None:
    _server_down(machine)
    machine.drop(["usr/bin/hailo-ollama"])


def _mismatch(machine: Machine) -> None:
    """The library was upgraded, the driver was not."""
    _ten(machine)
    machine.drop(["usr/lib/libhailort.so.5.1.1"])
    machine.put("usr/lib/libhailort.so.5.3.0")
    machine.program("hailortcli", hailortcli("5.3.0", driver="5.1.1"))


def _busy(machine: Machine) -> None:
    """A vision program holds the device."""
    _ten(machine)
    machine.put(f"proc/{HOLDER_PID}/comm", "rpicam-hello\n")
    machine.link(f"proc/{HOLDER_PID}/fd/3", "/dev/hailo0")


def _hailo8l(machine: Machine) -> None:
    """The AI Kit's vision chip, with the same node as an older Hailo-10H's."""
    _pi(machine)
    _pci(machine, PI_ADDRESS, "0x1e60", "0x2864", "0x0b4000", "hailo")
    machine.put("sys/module/hailo_pci/version", "4.20.0\n")
    machine.put("sys/class/hailo_chardev/hailo0/device_id", PI_ADDRESS)
    machine.put("dev/hailo0").chmod(0o666)
    machine.put("usr/lib/libhailort.so.4.20.0")
    machine.program("lspci", lspci("2864"))
    machine.program("hailortcli", hailortcli("4.20.0", chip="HAILO8L"))


def _two_devices(machine: Machine) -> None:
    """A HAT behind a switch, beside a disk."""
    _ten(machine)
    _pci(machine, *NVME)
    machine.program("lspci", lspci("45c4", nvme=True))


def _x86(machine: Machine) -> None:
    """No Pi, no HAT, but an energy counter; it is close to its wrap."""
    machine.put("proc/sys/kernel/osrelease", "6.12.0-amd64\n")
    machine.put("proc/meminfo", "MemTotal: 16303428 kB\nMemAvailable: 9000000 kB\n")
    _pci(machine, "0000:00:02.0", "0x8086", "0x9bc8", "0x030000", "i915")
    for number, kind in enumerate(("acpitz", "x86_pkg_temp")):
        zone = f"sys/class/thermal/thermal_zone{number}"
        machine.put(f"{zone}/type", f"{kind}\n")
        machine.put(f"{zone}/temp", f"{27_800 + 20_000 * number}\n")
    for zone, name, energy in (("0", "package-0", 262_143_000_000), ("0:0", "core", 9_000_000)):
        folder = f"sys/class/powercap/intel-rapl:{zone}"
        machine.put(f"{folder}/name", f"{name}\n")
        machine.put(f"{folder}/energy_uj", f"{energy}\n")
        machine.put(f"{folder}/max_energy_range_uj", "262143328850\n")


def _530(machine: Machine) -> None:
    _ten(machine, "5.3.0", "h1x-0")


def _hot(machine: Machine) -> None:
    """84 °C: clock capped and throttled now, and undervoltage since boot."""
    _pi(machine, heat_c=84.0, throttled=0x1000E)


def _small_cma(machine: Machine) -> None:
    _ten(machine, cma_kb=65_536)


def _weak_supply(machine: Machine) -> None:
    """A 15 W supply whose voltage sags: undervoltage now and since boot."""
    _pi(machine, throttled=0x50005, supply_ma=3000, input_v=4.71)


KINDS: dict[str, Callable[[Machine], None]] = {
    "none": _pi,
    "h10_511": _ten,
    "h10_530": _530,
    "h10_server_down": _server_down,
    "h10_no_driver": _no_driver,
    "h10_no_node": _no_node,
    "h10_no_access": _no_access,
    "h10_no_runtime": _no_runtime,
    "h10_mismatch": _mismatch,
    "h10_busy": _busy,
    "hailo8l": _hailo8l,
    "two_devices": _two_devices,
    "x86": _x86,
    "pi5_hot": _hot,
    "pi5_small_cma": _small_cma,
    "pi5_weak_supply": _weak_supply,
}
EXPECTED = {
    "none": "none",
    "h10_511": "ready",
    "h10_530": "ready",
    "h10_server_down": "h10_server_down",
    "h10_no_driver": "h10_no_driver",
    "h10_no_node": "h10_no_node",
    "h10_no_access": "h10_no_access",
    "h10_no_runtime": "h10_no_runtime",
    "h10_mismatch": "h10_mismatch",
    "h10_busy": "h10_busy",
    "hailo8l": "hailo8",
    "two_devices": "ready",
    "x86": "none",
    "pi5_hot": "none",
    "pi5_small_cma": "ready",
    "pi5_weak_supply": "none",
}
"""The state of each where nothing answers on port 8000: `ready` is in process, with the model of the store."""

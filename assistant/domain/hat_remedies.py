"""The commands that mend a HAT, each as it is typed."""

import shlex
from collections.abc import Iterable, Sequence

from assistant.domain.hat_facts import Dialect

INSTALL = "sudo apt install dkms hailo-h10-all && sudo reboot"
"""Raspberry Pi's own packages for an AI HAT+ 2; they take the place of `hailo-all`, which is for the Hailo-8."""

REBUILD = "sudo apt install linux-headers-$(uname -r) && sudo dkms autoinstall && sudo modprobe hailo1x_pci"
"""After a new kernel: the driver's source is there, its module for this kernel is not."""

REINSTALL = "sudo apt install --reinstall dkms h10-hailort-pcie-driver h10-hailort python3-h10-hailort && sudo reboot"
"""Raspberry Pi's archive keeps these three at one version."""

REBOOT = "sudo reboot"

COLD_START = "sudo poweroff, then take the power away for ten seconds (if it stays so: sudo dmesg | grep -i hailo)"
"""A warm reboot may leave the device in its bad state (field reports)."""

GIVE_ACCESS = (
    """echo 'SUBSYSTEM=="hailo1x|hailo_chardev", MODE="0666"' | sudo tee /etc/udev/rules.d/51-hailo-udev.rules"""
    " && sudo udevadm control --reload && sudo udevadm trigger"
)
"""Hailo's own rule, for the device class of both driver lines."""

MORE_CMA = "write dtoverlay=cma,cma-512 into /boot/firmware/config.txt and reboot (larger values give none)"

FULL_LINK = "write dtparam=pciex1_gen=3 into /boot/firmware/config.txt and reboot"

PREFERRED_MODELS = (
    "qwen2.5-instruct:1.5b",
    "qwen2.5:1.5b",
    "qwen2.5-coder:1.5b",
    "qwen3:1.7b",
    "llama3.2:1b",
)
"""In the order in which they are worth trying on a HAT; names change between releases."""

_NARROW_FILE = (
    '{"server":{"host":"127.0.0.1","port":8000},"library":{"host":"dev-public.hailo.ai","port":443},'
    '"main_poll_time_ms":200}'
)
_NARROW_5_1 = f"write {_NARROW_FILE} into ~/.config/hailo-ollama/hailo-ollama.json (all keys are needed) and start hailo-ollama again"
_NARROW_5_3 = "start it as: OLLAMA_HOST=127.0.0.1:8000 hailo-ollama"


def load_driver(loaded: Iterable[str]) -> str:
    """Loads the driver of the 10H; that of the Hailo-8 has to let go first, because it may have taken the device."""
    away = "sudo modprobe -r hailo_pci && " if "hailo_pci" in loaded else ""
    return f"{away}sudo modprobe hailo1x_pci"


def narrow(dialect: Dialect | None) -> str:
    """How hailo-ollama is made to listen on this machine alone."""
    if dialect is None:
        return f"from 5.3 on {_NARROW_5_3}; before that {_NARROW_5_1}"
    return _NARROW_5_1 if dialect is Dialect.V5_1 else _NARROW_5_3


def run_server(dialect: Dialect | None) -> str:
    """Starts hailo-ollama, on this machine's own address alone where it takes one. 5.1 ignores the variable."""
    return "hailo-ollama" if dialect is Dialect.V5_1 else "OLLAMA_HOST=127.0.0.1:8000 hailo-ollama"


def run_again(dialect: Dialect | None) -> str:
    """Ends a hailo-ollama that hangs, and starts it again."""
    return f"pkill -x hailo-ollama; {run_server(dialect)}"


def install_server(libraries: Sequence[str]) -> str:
    """Installs hailo-ollama of the library's own version; the package is in Hailo's Developer Zone, not in apt."""
    version = libraries[0] if libraries else "5.1.1"
    return f"sudo dpkg -i hailo_gen_ai_model_zoo_{version}_arm64.deb (from Hailo's Developer Zone), then: hailo-ollama"


def who_listens(address: str) -> str:
    """Names the program on the port; it has to go, or hailo-ollama has to take another."""
    return f"sudo ss -ltnp 'sport = :{address.rpartition(':')[2]}' names the program; end it, then: hailo-ollama"


def who_holds(node: str) -> str:
    """Names the processes of all users that hold the device."""
    return f"sudo fuser -v {shlex.quote(node)} names the program that holds it; end it"


def first_model(dialect: Dialect | None) -> str:
    """The model to pull where the server did not say what it offers."""
    return PREFERRED_MODELS[0 if dialect is Dialect.V5_1 else 1]


def pull(name: str) -> str:
    """Gets a model for the HAT; `name` may come from a server, so it is quoted."""
    return f"assistant models pull {shlex.quote('hailo:' + name)}"


def unhide(folder: str, dialect: Dialect | None) -> str:
    """5.1 takes the first folder of its name, even an empty one."""
    return f"mv {shlex.quote(folder)} {shlex.quote(folder + '.old')}; {run_again(dialect)}"

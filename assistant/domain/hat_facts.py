"""What can be seen of a HAT without opening it: the hardware, its driver, its programs, and who answers on the port."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Dialect(StrEnum):
    """How a hailo-ollama behaves; its own version endpoint is a constant and tells nothing."""

    V5_1 = "5.1"
    V5_3 = "5.3"
    V5_4 = "5.4"


def dialect_of(libraries: Sequence[str]) -> Dialect | None:
    """What a hailo-ollama of the same release speaks; None where the library's version tells nothing."""
    numbers = [version.split(".") for version in libraries]
    minors = [int(n[1]) for n in numbers if n[0] == "5" and len(n) > 1 and n[1].isdecimal()]
    if not minors:
        return None
    newest = max(minors)
    if newest >= 4:
        return Dialect.V5_4
    return Dialect.V5_3 if newest >= 2 else Dialect.V5_1


class Chip(StrEnum):
    """PCI device ids of Hailo (vendor 1e60), from the drivers' headers; 2864 is the Hailo-8 and the 8L."""

    HAILO_10H = "45c4"
    HAILO_8 = "2864"
    HAILO_15L = "43a2"
    HAILO_12L = "26a2"


CHIP_NAMES = {
    Chip.HAILO_10H: "Hailo-10H",
    Chip.HAILO_8: "Hailo-8 or 8L",
    Chip.HAILO_15L: "Hailo-15L",
    Chip.HAILO_12L: "Hailo-12L",
}


@dataclass(frozen=True, slots=True)
class PciDevice:
    """A Hailo device on the PCI bus; `chip` is its device id in hex, `driver` what is bound to it (None: nothing)."""

    address: str
    chip: str
    driver: str | None = None
    link_speed: str | None = None
    link_width: str | None = None

    @property
    def name(self) -> str:
        """The chip's name, `unknown Hailo chip` where its id is not known."""
        return next((CHIP_NAMES[c] for c in Chip if c == self.chip), "unknown Hailo chip")


@dataclass(frozen=True, slots=True)
class Module:
    """A loaded kernel module of Hailo; `hailo1x_pci` drives a 10H, `hailo_pci` a Hailo-8."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Node:
    """A device file; `device` is the PCI address behind it (None: the driver does not say)."""

    path: str
    usable: bool
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the device file open."""

    pid: int
    name: str


@dataclass(frozen=True, slots=True)
class PythonRuntime:
    """`hailo_platform` of the system's Python; only with `genai` can it run language models."""

    folder: str
    version: str | None
    genai: bool


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model file for the HAT on this disk (HEF), under the name that hailo-ollama gives it."""

    name: str
    file: str


class ServerKind(StrEnum):
    """Who answers on hailo-ollama's port."""

    NOT_ASKED = "not asked"
    NOTHING = "nothing"
    HAILO_OLLAMA = "hailo-ollama"
    OLLAMA = "ollama"
    OPENAI = "openai-compatible"
    STRANGER = "stranger"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class ServerLook:
    """The outcome of asking hailo-ollama's port.

    `models` are those on its disk, `offered` those that it can pull. `busy`: its last load failed because another
    program has the device (`Failed to create VDevice`, status 74); `said` is the line that says so.
    """

    kind: ServerKind = ServerKind.NOT_ASKED
    address: str = "127.0.0.1:8000"
    dialect: Dialect | None = None
    models: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    busy: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True)
class HatEvidence:
    """All that was looked at. None: not known. `exposed` are addresses of the server's port that other machines reach.

    `built`: a driver for the running kernel is on the disk. `sources` are versions of the driver's source (DKMS).
    `empty_store` is a folder of the user's that hides the models which hailo-ollama's package brings.
    """

    devices: tuple[PciDevice, ...] = ()
    modules: tuple[Module, ...] = ()
    kernel: str | None = None
    built: bool = False
    sources: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    holders: tuple[Holder, ...] = ()
    libraries: tuple[str, ...] = ()
    python: PythonRuntime | None = None
    server_program: str | None = None
    stored: tuple[StoredModel, ...] = ()
    empty_store: str | None = None
    eeprom: str | None = None
    cma_total_bytes: int | None = None
    exposed: tuple[str, ...] = ()
    server: ServerLook = ServerLook()

    @property
    def device(self) -> PciDevice | None:
        """The Hailo-10H, else the first Hailo device."""
        ten = (d for d in self.devices if d.chip == Chip.HAILO_10H)
        return next(ten, self.devices[0] if self.devices else None)

    @property
    def module(self) -> Module | None:
        """The loaded module that can drive a 10H."""
        ten = (
            m for m in self.modules if m.name == "hailo1x_pci" or (m.version or "").startswith("5.")
        )
        return next(ten, None)

    @property
    def node(self) -> Node | None:
        """The device file of the 10H: one that another device stands behind is not it."""
        device = self.device
        own = (n for n in self.nodes if device and n.device in (None, device.address))
        return next(own, None)

    @property
    def serves(self) -> bool:
        """Whether hailo-ollama answers."""
        return self.server.kind is ServerKind.HAILO_OLLAMA

    @property
    def runs_in_process(self) -> bool:
        """Whether the system's Python can run a model that lies on this disk, and nobody holds the device."""
        ready = self.python and self.python.genai and self.libraries and self.stored
        return bool(ready) and not self.holders

    @property
    def dialect(self) -> Dialect | None:
        """How the server speaks, as probed, else as the library's version tells."""
        return self.server.dialect or dialect_of(self.libraries)

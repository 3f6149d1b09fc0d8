"""What the HAT can do: one of eleven states, with its evidence in words and the command that mends it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from assistant.domain import hat_remedies as remedies
from assistant.domain.hat_facts import (
    Chip,
    Dialect,
    HatEvidence,
    Holder,
    Module,
    Node,
    PciDevice,
    PythonRuntime,
    ServerKind,
    ServerLook,
    StoredModel,
)
from assistant.domain.hat_wording import evidence_lines, warning_lines
from assistant.domain.hygiene import one_line

__all__ = [
    "MEANING",
    "Chip",
    "Dialect",
    "Hat",
    "HatEvidence",
    "HatJson",
    "HatState",
    "Holder",
    "Module",
    "Node",
    "PciDevice",
    "PythonRuntime",
    "ServerKind",
    "ServerLook",
    "StoredModel",
    "Way",
    "judge",
    "preferred",
]

LINE = 600
"""No line of evidence is longer than so many characters."""


class HatState(StrEnum):
    """What the HAT can do now; every state but READY sends prompts to the processor."""

    NONE = "none"
    HAILO8 = "hailo8"
    NO_DRIVER = "h10_no_driver"
    NO_NODE = "h10_no_node"
    NO_ACCESS = "h10_no_access"
    NO_RUNTIME = "h10_no_runtime"
    SERVER_DOWN = "h10_server_down"
    MISMATCH = "h10_mismatch"
    BUSY = "h10_busy"
    NO_MODEL = "h10_no_model"
    READY = "ready"


MEANING = {
    HatState.NONE: "no HAT for language models is attached",
    HatState.HAILO8: "the Hailo-8 on this HAT is a vision chip; it cannot run language models",
    HatState.NO_DRIVER: "the Hailo-10H is attached, but no driver runs it",
    HatState.NO_NODE: "the driver did not get the Hailo-10H to start",
    HatState.NO_ACCESS: "this user may not use the Hailo-10H",
    HatState.NO_RUNTIME: "the Hailo-10H works, but nothing is installed that runs models on it",
    HatState.SERVER_DOWN: "hailo-ollama is not running",
    HatState.MISMATCH: "the versions of the Hailo driver and library differ",
    HatState.BUSY: "another program holds the Hailo-10H",
    HatState.NO_MODEL: "hailo-ollama runs, but has no model",
    HatState.READY: "the Hailo-10H is ready",
}
"""Each state in one sentence."""


class HatJson(TypedDict):
    """The object of `doctor --json`'s `hat` field."""

    state: str
    evidence: list[str]
    remedy: str | None


class Way(StrEnum):
    """How a prompt reaches the HAT."""

    SERVER = "hailo-ollama"
    IN_PROCESS = "in process"


@dataclass(frozen=True, slots=True)
class Hat:
    """The verdict; `warnings` do not keep the HAT from working, `way` is None in every state but READY."""

    state: HatState
    evidence: tuple[str, ...]
    warnings: tuple[str, ...]
    remedy: str | None
    way: Way | None

    @property
    def why(self) -> str:
        """The state in one sentence."""
        return MEANING[self.state]

    def to_json(self) -> HatJson:
        """The object of `doctor --json`'s `hat` field; warnings come after the evidence."""
        return {
            "state": self.state.value,
            "evidence": [*self.evidence, *(f"warning: {line}" for line in self.warnings)],
            "remedy": self.remedy,
        }


Finding = tuple[HatState, str | None]


def judge(evidence: HatEvidence) -> Hat:
    """The state that `evidence` shows. Total: what is not known never makes a HAT ready."""
    checks = (_attached, _driven, _started, _matching, _free, _served, _installed)
    found = next(filter(None, (check(evidence) for check in checks)), (HatState.READY, None))
    state, remedy = found
    way = None
    if state is HatState.READY:
        way = Way.SERVER if evidence.serves else Way.IN_PROCESS
    seen, warnings = _shown(evidence_lines(evidence)), _shown(warning_lines(evidence))
    return Hat(state, seen, warnings, remedy and one_line(remedy, LINE), way)


def _shown(lines: Iterable[str]) -> tuple[str, ...]:
    """Names in them come from files and servers: made harmless."""
    return tuple(one_line(line, LINE) for line in lines)


def _attached(evidence: HatEvidence) -> Finding | None:
    match evidence.device:
        case PciDevice(chip=Chip.HAILO_10H):
            return None
        case PciDevice(chip=Chip.HAILO_8):
            return HatState.HAILO8, None
    return HatState.NONE, None


def _driven(evidence: HatEvidence) -> Finding | None:
    """A module that is loaded but not bound has refused the device: that is for `_started`."""
    module, device = evidence.module, evidence.device
    bound = device.driver if device else None
    of_hailo8 = bound == "hailo" and (module is None or module.name == "hailo1x_pci")
    if (module or bound) and not of_hailo8:
        return None
    if evidence.built:
        return HatState.NO_DRIVER, remedies.load_driver(m.name for m in evidence.modules)
    return HatState.NO_DRIVER, remedies.REBUILD if evidence.sources else remedies.INSTALL


def _started(evidence: HatEvidence) -> Finding | None:
    device = evidence.device
    if device and device.driver and evidence.node:
        return None
    return HatState.NO_NODE, remedies.COLD_START


def _matching(evidence: HatEvidence) -> Finding | None:
    """Driver and library must be equal to the last number, or no device is opened (status 76)."""
    driver = evidence.module.version if evidence.module else None
    if not driver or not evidence.libraries or driver in evidence.libraries:
        return None
    waits = set(evidence.sources) & set(evidence.libraries)
    return HatState.MISMATCH, remedies.REBOOT if waits else remedies.REINSTALL


def _free(evidence: HatEvidence) -> Finding | None:
    """A holder other than hailo-ollama stands in everybody's way, hailo-ollama's own too."""
    stranger = next((h for h in evidence.holders if h.name != "hailo-ollama"), None)
    if stranger:
        return HatState.BUSY, f"kill {stranger.pid}"
    if evidence.serves and evidence.server.busy:
        node = evidence.node
        return HatState.BUSY, remedies.who_holds(node.path if node else "/dev/hailo0")
    return None


def _served(evidence: HatEvidence) -> Finding | None:
    """Where hailo-ollama answers, it alone decides: it may run as another user, from another folder."""
    if not evidence.serves:
        return None
    if evidence.server.models:
        return HatState.READY, None
    if evidence.empty_store and not evidence.server.offered:
        return HatState.NO_MODEL, remedies.unhide(evidence.empty_store, evidence.dialect)
    name = preferred(evidence.server.offered) or remedies.first_model(evidence.dialect)
    return HatState.NO_MODEL, remedies.pull(name)


def _installed(evidence: HatEvidence) -> Finding | None:
    """Nobody serves: what is needed to serve, or to run without a server."""
    node = evidence.node
    if node and not node.usable:
        return HatState.NO_ACCESS, remedies.GIVE_ACCESS
    can_serve = evidence.server_program is not None
    genai = bool(evidence.python and evidence.python.genai)
    if not evidence.libraries:
        return HatState.NO_RUNTIME, remedies.INSTALL
    if not can_serve and not genai:
        return HatState.NO_RUNTIME, remedies.install_server(evidence.libraries)
    if evidence.runs_in_process:
        return None
    return HatState.SERVER_DOWN, _start(evidence, can_serve)


def _start(evidence: HatEvidence, can_serve: bool) -> str:
    look = evidence.server
    if evidence.holders:
        return remedies.run_again(evidence.dialect)
    if not can_serve:
        return remedies.install_server(evidence.libraries)
    if look.kind in (ServerKind.NOT_ASKED, ServerKind.NOTHING):
        return remedies.run_server(evidence.dialect)
    if look.kind is ServerKind.TIMED_OUT:
        return remedies.run_again(evidence.dialect)
    return remedies.who_listens(look.address)


def preferred(models: Sequence[str]) -> str | None:
    """The model of `models` that answers best on a HAT; None where there is none. Order: facts of the model zoo."""
    first = (name for name in remedies.PREFERRED_MODELS if name in models)
    return next(first, models[0] if models else None)

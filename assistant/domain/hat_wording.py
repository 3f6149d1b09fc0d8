"""What was seen of a HAT in words, one line for each thing."""

from collections.abc import Iterator

from assistant.domain import hat_remedies as remedies
from assistant.domain.hat_facts import Chip, HatEvidence, PciDevice, ServerKind, ServerLook

CMA_NEEDED_BYTES = 256 * 1024 * 1024
"""A model on a Hailo-10H takes about 234 MB of CMA memory while it loads (field reports)."""

FULL_LINK = "8.0 GT/s"
"""PCIe 3.0; a Pi 5 sets it by itself for an AI HAT+ 2."""


def evidence_lines(evidence: HatEvidence) -> Iterator[str]:
    """One line for each thing that was seen or looked for in vain."""
    yield from _seen_hardware(evidence)
    device = evidence.device
    if device and device.chip == Chip.HAILO_10H:
        yield from _seen_driver(evidence)
        yield from _seen_software(evidence)
        yield _seen_server(evidence.server)
    elif evidence.serves:
        yield (
            f"{_seen_server(evidence.server)}; it can only have a HAT of another machine behind it"
        )


def _seen_hardware(evidence: HatEvidence) -> Iterator[str]:
    if not evidence.devices:
        yield "no Hailo device (1e60) on the PCI bus"
    for device in evidence.devices:
        yield f"PCI {device.address} is 1e60:{device.chip}, {device.name}" + _link(device)
    if evidence.eeprom:
        yield f"HAT EEPROM: {evidence.eeprom}"


def _link(device: PciDevice) -> str:
    parts = [device.link_speed, device.link_width and f"x{device.link_width}"]
    known = " ".join(part for part in parts if part)
    return f", link {known}" if known else ""


def _seen_driver(evidence: HatEvidence) -> Iterator[str]:
    device = evidence.device
    yield f"driver bound: {(device and device.driver) or 'none'}"
    for module in evidence.modules:
        yield f"module {module.name}, version {module.version or 'not known'}"
    if not evidence.modules:
        kernel = evidence.kernel or "the running kernel"
        yield "no module of Hailo is loaded" + (
            f", but one for {kernel} is on the disk"
            if evidence.built
            else f", and none for {kernel} is on the disk"
        )
    for node in evidence.nodes:
        yield f"{node.path} is there, and this user may {'' if node.usable else 'not '}use it"
    if not evidence.nodes:
        yield "neither /dev/hailo0 nor /dev/h1x-0 is there"
    for holder in evidence.holders:
        yield f"process {holder.pid} ({holder.name}) has the device open"


def _seen_software(evidence: HatEvidence) -> Iterator[str]:
    yield f"libhailort: {', '.join(evidence.libraries) or 'not found'}"
    found = evidence.python
    if found is None:
        yield "hailo_platform for /usr/bin/python3: not found"
    else:
        without = "" if found.genai else " without genai"
        yield f"hailo_platform {found.version or '(version not known)'}{without} in {found.folder}"
    yield f"hailo-ollama: {evidence.server_program or 'not found'}"
    names = ", ".join(model.name for model in evidence.stored)
    yield f"model files for the HAT on this disk: {names or 'none'}"


def _seen_server(look: ServerLook) -> str:
    match look.kind:
        case ServerKind.NOT_ASKED:
            return f"{look.address} was not asked"
        case ServerKind.NOTHING:
            return f"nothing listens on {look.address}"
        case ServerKind.TIMED_OUT:
            return f"something listens on {look.address}, but gave no answer in time"
        case ServerKind.HAILO_OLLAMA:
            spoken = f" (speaks as {look.dialect.value})" if look.dialect else ""
            models = ", ".join(look.models) or "no model"
            busy = f"; busy: {look.said or 'Failed to create VDevice'}" if look.busy else ""
            return f"hailo-ollama{spoken} answers on {look.address} with {models}{busy}"
        case ServerKind.OLLAMA:
            return f"{look.address} is the ordinary Ollama, which cannot use the HAT"
        case ServerKind.OPENAI:
            return f"{look.address} is an OpenAI-compatible server, not hailo-ollama"
        case ServerKind.STRANGER:
            return f"a program that is not hailo-ollama answers on {look.address}"


def warning_lines(evidence: HatEvidence) -> Iterator[str]:
    """What does not keep the HAT from working, and how it is mended."""
    device = evidence.device
    if device is None or device.chip != Chip.HAILO_10H:
        return
    if evidence.serves and evidence.exposed:
        yield (
            f"hailo-ollama listens on {', '.join(evidence.exposed)} without a password: every machine of the network "
            f"can use it and delete models; {remedies.narrow(evidence.dialect)}"
        )
    cma = evidence.cma_total_bytes
    if cma is not None and cma < CMA_NEEDED_BYTES:
        yield f"CMA memory is {cma / 1024**2:.0f} MiB, and loading a model takes about 234 MB; {remedies.MORE_CMA}"
    if device.link_speed and not device.link_speed.startswith(FULL_LINK):
        yield f"the PCIe link runs at {device.link_speed}, not {FULL_LINK}; {remedies.FULL_LINK}"
    if len(evidence.libraries) > 1:
        yield f"several versions of libhailort are installed: {', '.join(evidence.libraries)}"

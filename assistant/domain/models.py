"""What is known of model files: the catalogue's rows, what is installed, what fits this machine."""

from dataclasses import dataclass
from enum import StrEnum

HAT_PREFIX = "hailo:"
"""What stands before the HAT's own name of a model wherever files are named too."""


def hat_name(model: str) -> str | None:
    """The HAT's own name of the model `hailo:NAME`; None for the id of a file."""
    return model.removeprefix(HAT_PREFIX) if model.startswith(HAT_PREFIX) else None


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One GGUF model that can be had: where from, how large, under which licence.

    `source` is `package` (inside a Python package, `repository` names it with its version) or `https` (a file of a public
    repository). `sha256` is None where nobody here verified one; the host's own declaration is then checked and recorded.
    `memory_bytes` is an estimate of what running it takes, at `context_tokens`.
    """

    id: str
    name: str
    source: str
    repository: str
    file: str
    size_bytes: int | None
    sha256: str | None
    package_sha256: str | None
    licence: str
    context_tokens: int
    memory_bytes: int
    parameters: str
    verified: bool
    note: str = ""
    licence_terms: str = ""
    """What the licence forbids or asks, in a few words; empty where it is a free licence."""
    download_bytes: int | None = None
    """What comes over the wire where that is not the file itself (a package around it)."""
    evidence: str = ""
    """Where and when repository, file, size and hash were seen."""


OLLAMA_PREFIX, LM_STUDIO_PREFIX = "ollama:", "lmstudio:"
"""What stands before the names of models that another program keeps."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model file of another program, which can be used where it lies; `why_not` says why it cannot ("": it can).

    `sha256` is what the other program says, None where it says nothing. `note` says what is to be known of it.
    """

    name: str
    path: str
    size_bytes: int
    sha256: str | None
    note: str = ""
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model file on this disk; `sha256` as computed when it came in, `origin` says from where.

    `elsewhere`: it lies in another program's folder, and is that program's. `gone`: that program took it away.
    """

    id: str
    name: str
    path: str
    size_bytes: int
    sha256: str
    origin: str
    licence: str
    context_tokens: int
    memory_bytes: int
    architecture: str
    in_use: bool
    elsewhere: bool = False
    gone: bool = False


class FetchStage(StrEnum):
    """What a download is doing."""

    CONNECT = "connect"
    RECEIVE = "receive"
    VERIFY = "verify"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a download is; `total_bytes` is None where the host does not say."""

    stage: FetchStage
    received_bytes: int
    total_bytes: int | None
    bytes_per_second: float | None = None
    installed: InstalledModel | None = None


class Fit(StrEnum):
    """How a model sits in this machine's memory."""

    COMFORTABLE = "fits"
    TIGHT = "tight"
    TOO_LARGE = "too large"
    UNKNOWN = "unknown"


OVERHEAD_BYTES = 400_000_000
"""What the engine takes beside the weights and the KV cache, roughly (facts/hailo.md §6.4)."""

CONTEXT_TOKENS = 4096
"""The context window for which memory is estimated where no other is named."""


def memory_need(size_bytes: int, kv_bytes_per_token: int, context_tokens: int) -> int:
    """An estimate in bytes of what running a model takes: file + KV cache + 0.4 GB (facts/hailo.md §6.4)."""
    return size_bytes + kv_bytes_per_token * context_tokens + OVERHEAD_BYTES


TIGHT_SHARE = 0.8
"""Above this share of the available memory a model is called tight (facts/hailo.md §6.4)."""


def fit(memory_bytes: int, available_bytes: int | None) -> Fit:
    """How a model that needs `memory_bytes` sits in `available_bytes` (None: not known)."""
    if available_bytes is None:
        return Fit.UNKNOWN
    if memory_bytes > available_bytes:
        return Fit.TOO_LARGE
    return Fit.TIGHT if memory_bytes > TIGHT_SHARE * available_bytes else Fit.COMFORTABLE


def advice(entries: tuple[CatalogEntry, ...], available_bytes: int | None) -> CatalogEntry | None:
    """The largest model that sits comfortably in `available_bytes`; None where nothing does or memory is unknown."""
    comfortable = [e for e in entries if fit(e.memory_bytes, available_bytes) is Fit.COMFORTABLE]
    return max(comfortable, key=lambda e: e.size_bytes or 0, default=None)

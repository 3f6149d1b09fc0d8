"""What sets the releases of hailo-ollama apart: models, numbers, status codes, memory of the conversation."""

import hashlib
from dataclasses import dataclass, field

from tests.standins.fake_hailo.hailo_platform._words import (
    DEEPSEEK,
    LLAMA,
    QWEN,
    QWEN3,
    Answer,
    Family,
)

VERSION = "0.5.1"
ROOT_TEXT = "hailo-ollama is running"
KEEP_ALIVE_S = 300
PREFILL_CHUNK = 96
DEFAULT_PREDICT = 1024


@dataclass(frozen=True)
class Model:
    """One row of the vendor's table (facts §3.1); `tools` tells whether its template knows tools."""

    name: str
    family: Family
    size_bytes: int
    parameters: str
    load_s: float
    ttft_s: float
    tokens_per_s: float
    tools: bool = True

    @property
    def digest(self) -> str:
        """A made-up hash, the same in every run."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def details(self) -> dict[str, object]:
        """What `/api/tags` and `/api/show` say of it."""
        family = self.name.partition(":")[0]
        return {
            "parent_model": "",
            "format": "hef",
            "family": family,
            "families": [family],
            "parameter_size": self.parameters,
            "quantization_level": "Q4_0",
        }


MODELS_511 = (
    Model("deepseek_r1_distill_qwen:1.5b", DEEPSEEK, 2_370_000_000, "1.5B", 12.61, 1.47, 7.03, tools=False),
    Model("llama3.2:3b", LLAMA, 3_130_000_000, "3B", 12.61, 1.47, 2.67),
    Model("qwen2.5-coder:1.5b", QWEN, 1_640_000_000, "1.5B", 7.60, 0.32, 8.15),
    Model("qwen2.5-instruct:1.5b", QWEN, 1_640_000_000, "1.5B", 8.45, 0.37, 6.95),
    Model("qwen2:1.5b", QWEN, 1_560_000_000, "1.5B", 7.37, 0.32, 8.18),
)  # fmt: skip
MODELS_530 = (
    Model("deepseek_r1:1.5b", DEEPSEEK, 2_370_000_000, "1.5B", 4.79, 0.74, 6.98, tools=False),
    Model("llama3.2:1b", LLAMA, 1_790_000_000, "1B", 3.84, 0.49, 8.48),
    Model("qwen2.5-coder:1.5b", QWEN, 1_640_000_000, "1.5B", 4.76, 0.32, 8.07),
    Model("qwen2.5:1.5b", QWEN, 1_640_000_000, "1.5B", 5.05, 0.37, 6.82),
    Model("qwen2:1.5b", QWEN, 1_560_000_000, "1.5B", 3.79, 0.32, 8.08),
    Model("qwen3:1.7b", QWEN3, 1_790_000_000, "1.7B", 6.75, 0.62, 4.78),
)
MODELS_540 = (
    Model("deepseek_r1:1.5b", DEEPSEEK, 2_370_000_000, "1.5B", 4.99, 0.73, 7.96, tools=False),
    Model("llama3.2:1b", LLAMA, 1_790_000_000, "1B", 3.47, 0.35, 9.89),
    Model("qwen2.5-coder:1.5b", QWEN, 1_640_000_000, "1.5B", 4.75, 0.32, 8.13),
    Model("qwen2.5:1.5b", QWEN, 1_640_000_000, "1.5B", 5.17, 0.37, 7.35),
    Model("qwen2:1.5b", QWEN, 1_560_000_000, "1.5B", 3.66, 0.32, 8.06),
    Model("qwen3:1.7b", QWEN3, 1_790_000_000, "1.7B", 6.75, 0.62, 4.78),
)


@dataclass(frozen=True)
class Profile:
    """One release; each field is a difference that a client can see (facts §1.0, §1.8 to §1.10, §1.12, §1.13)."""

    version: str
    models: tuple[Model, ...]
    not_found: int = 404
    refused: int = 400
    switch_pause_s: float = 0.0
    tools_are_text: bool = True
    by_prompt: bool = False
    escapes_by_hand: bool = False
    sorts_replies: bool = False
    crashes_without_model: bool = False
    shows_template: bool = False
    pull_ends_properly: bool = True
    names_resolved_version: bool = False

    def model(self, name: str) -> Model | None:
        """The model of that full name; a shorter name is unknown."""
        return next((model for model in self.models if model.name == name), None)


PROFILES = {
    "5.1.1": Profile(
        "5.1.1",
        MODELS_511,
        not_found=200,
        refused=200,
        switch_pause_s=2.0,
        by_prompt=True,
        crashes_without_model=True,
        shows_template=True,
        pull_ends_properly=False,
    ),
    "5.3.0": Profile("5.3.0", MODELS_530, escapes_by_hand=True),
    "5.4.0": Profile(
        "5.4.0",
        MODELS_540,
        tools_are_text=False,
        sorts_replies=True,
        names_resolved_version=True,
    ),
}


@dataclass(kw_only=True)
class Plan:
    """How one stand-in behaves; times are the HAT's own, `time_scale` shortens them all. None: as the vendor's table says."""

    profile: str = "5.1.1"
    installed: tuple[str, ...] | None = None
    """Which models are on its disk (None: all but the last two)."""
    tps: float | None = None
    prefill_tps: float | None = None
    load_s: float | None = None
    pull_s: float = 20.0
    recovery_s: float = 0.3
    context_tokens: int = 2048
    timeout_s: float = 10.0
    time_scale: float = 0.05
    reply: str = "words"
    """`words`, `echo`, `tool`, or the very text of every reply."""
    reply_tokens: int = 24
    seed: int = 0
    lock_file: str = ""
    """Whoever holds this file (flock) has the device; the server takes it while a model is loaded."""
    fault: tuple[str, ...] = field(default=())
    """`NAME[:AT[:TIMES]]`, see hailo_faults."""

    @property
    def release(self) -> Profile:
        """The facts of the chosen release."""
        return PROFILES[self.profile]

    @property
    def answer(self) -> Answer:
        """How replies are made."""
        return Answer(self.reply, self.reply_tokens, self.seed)

    def wall_s(self, device_s: float) -> float:
        """How long `device_s` of the HAT's time last here."""
        return device_s * self.time_scale

    def tokens_per_s(self, model: Model) -> float:
        """Content lines per second of this machine's clock."""
        return (self.tps or model.tokens_per_s) / self.time_scale

    def prefill_s(self, model: Model, tokens: int) -> float:
        """HAT's time for `tokens` of prompt, which go in by chunks of 96."""
        chunk_s = PREFILL_CHUNK / self.prefill_tps if self.prefill_tps else model.ttft_s
        return -(-tokens // PREFILL_CHUNK) * chunk_s

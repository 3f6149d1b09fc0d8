"""The settings as values: each field is one key of `settings.toml`, its docstring the comment there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.domain.cost_settings import (
    CHOICES as COST_CHOICES,
)
from assistant.domain.cost_settings import (
    CostSettings,
    HardwareSettings,
    PowerSettings,
    TariffSettings,
)

if TYPE_CHECKING:
    from assistant.domain.prompt import Sampling

INT32 = 2**31 - 1
"""The largest number that the engine's own counters hold."""


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """`[generation]`: how replies are made."""

    system_prompt: str = "You are a concise assistant."
    """What the model is told before every new conversation."""
    temperature: float = 0.7
    """How freely words are chosen: 0 always takes the likeliest one, 2 is wild."""
    top_p: float = 0.95
    """Only the likeliest words that together have this share are chosen from; 1 means all."""
    top_k: int = 40
    """Only this many of the likeliest words are chosen from; 0 means all."""
    min_p: float = 0.05
    """Words less likely than this share of the likeliest one are left out; 0 means none."""
    repeat_penalty: float = 1.0
    """Above 1, words that were just used become less likely; 1 means no change."""
    max_tokens: int = 0
    """The longest reply in tokens; 0 means as many as fit the context window."""
    stop: tuple[str, ...] = ()
    """A reply ends before any of these texts."""
    titles: bool = True
    """Has this machine's model word a title for a new conversation, while nothing else runs."""

    @property
    def sampling(self) -> "Sampling":
        """What the engine is asked for; 0 tokens here mean no limit but the window's."""
        from assistant.domain.prompt import Sampling

        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            repeat_penalty=self.repeat_penalty,
            max_tokens=self.max_tokens or None,
            stop=self.stop,
        )


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """`[engine]`: the model on this machine's processor."""

    model: str = ""
    """The id of an installed model; empty means the one that `models use` chose, or the only one."""
    context_tokens: int = 4096
    """The context window in tokens; 0 means what the model was trained for."""
    threads: int = 0
    """How many threads work on a reply; 0 means one per physical core."""
    prefill_while_typing: bool = True
    """Lets the model read what you type before you send it, so that the reply begins sooner."""
    load_at_start: bool = True
    """Loads the model when the chat opens, not at the first message."""
    kv_cache_mb: int = 512
    """Room on disk in MB for what the model remembers of recent conversations; 0 turns it off."""


@dataclass(frozen=True, slots=True)
class HatSettings:
    """`[hat]`: the HAT that runs models."""

    use: bool = True
    """Sends prompts to the HAT where it is ready; off, only those that name it."""
    model: str = ""
    """The HAT's model, by its full name; empty means the best that is installed there."""
    address: str = "127.0.0.1:8000"
    """Where hailo-ollama listens on this machine."""
    models_folder: str = ""
    """A folder with HEF files, for a HAT without hailo-ollama; empty means hailo-ollama's own store."""
    fall_back: bool = False
    """Asks the processor at once where the HAT fails in a reply; off, a key offers it."""


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """`[cloud]`: what may go to a larger model, by your act alone."""

    route: str = ""
    """The cloud route that ctrl+s sends to; empty means the only one that is set up."""
    max_tokens: int = 4096
    """The longest reply in tokens, thoughts included: models that think first need room, some refuse more than 4096. It also bounds what a reply may cost."""
    keep_back: str = "warn"
    """Which findings get placeholders before a send: "block", "warn" (those too), "note" (all), or "none"."""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """`[network]`: the way out; nothing of it is taken from the environment."""

    proxy: str = ""
    """A proxy for HTTPS, such as http://proxy.example:3128; empty means none."""
    ca_bundle: str = ""
    """A file with the certificates of the authorities to trust in place of the public ones; empty means the public ones."""


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """`[labels]`: how far texts may travel."""

    default: str = "normal"
    """How far what you write may travel where you say nothing else: "public", "normal" or "local-only"."""
    folders: tuple[str, ...] = ()
    """How far what you attach from a folder may travel at most, such as "~/clinic=local-only"; the longest folder that holds a file counts."""


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """`[screen]`: how the chat looks."""

    theme: str = "textual-dark"
    """The colours."""
    panel: bool = True
    """Shows the panel with times and tokens, where the terminal is wide enough."""
    chats: bool = True
    """Shows the list of conversations, where the terminal is wide enough."""
    frames_per_second: int = 10
    """How often a streaming reply is drawn."""
    calm: bool = False
    """For slow lines and tired eyes: at most 4 frames a second, whole rows, and nothing moves or counts."""
    plain_by: str = "sentence"
    """What the plain chat reads a reply out by: "sentence" or "line"."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `settings.toml` may hold."""

    generation: GenerationSettings = field(default_factory=GenerationSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    hat: HatSettings = field(default_factory=HatSettings)
    cloud: CloudSettings = field(default_factory=CloudSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    labels: LabelSettings = field(default_factory=LabelSettings)
    costs: CostSettings = field(default_factory=CostSettings)
    power: PowerSettings = field(default_factory=PowerSettings)
    tariff: TariffSettings = field(default_factory=TariffSettings)
    hardware: HardwareSettings = field(default_factory=HardwareSettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from `low` to `high`; `low` itself only where not `above`."""

    low: float
    high: float
    above: bool = False

    def holds(self, value: float) -> bool:
        """Whether `value` lies in it; no range holds a NaN."""
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def __str__(self) -> str:
        """`from 0 to 2`, `above 0, up to 2`."""
        if self.above:
            return f"above {self.low:,}, up to {self.high:,}"
        return f"from {self.low:,} to {self.high:,}"


RANGES: Mapping[str, Range] = {
    "generation.temperature": Range(0, 2),
    "generation.top_p": Range(0, 1),
    "generation.top_k": Range(0, INT32),
    "generation.min_p": Range(0, 1),
    "generation.repeat_penalty": Range(0, 2, above=True),
    "generation.max_tokens": Range(0, INT32),
    "engine.context_tokens": Range(0, INT32),
    "engine.threads": Range(0, 256),
    "engine.kv_cache_mb": Range(0, INT32),
    "cloud.max_tokens": Range(1, INT32),
    "power.idle_watts": Range(0, 10_000),
    "power.busy_watts": Range(0, 10_000),
    "power.hat_watts": Range(0, 1_000),
    "power.pmic_slope": Range(0, 10, above=True),
    "power.pmic_rest_watts": Range(0, 100),
    "hardware.life_months": Range(1, 600),
    "hardware.hours_on": Range(0, 24),
    "hardware.upkeep_hours": Range(0, 744),
    "screen.frames_per_second": Range(1, 30),
}
"""What the numbers may be; every number among the settings has its row."""

HAT_ADDRESS = "hat.address"
"""The one text among the settings that must be an address, of this machine."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "cloud.keep_back": ("none", "block", "warn", "note"),
    "labels.default": ("public", "normal", "local-only"),
    "screen.plain_by": ("sentence", "line"),
    **COST_CHOICES,
}
"""What the texts may be that are one of a few words."""

"""The settings as values: each field is one key of `settings.toml`, its docstring the comment there."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """`[generation]`: how replies are made."""

    system_prompt: str = "You are a concise assistant."
    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 40
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    max_tokens: int = 0
    """0 means: as many as fit the context window."""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """`[engine]`: the model on this machine's processor."""

    model: str = ""
    """The id of an installed model; empty means the one that `models use` chose, or the only one."""
    context_tokens: int = 4096
    """0 means: what the model was trained for."""
    threads: int = 0
    """0 means: one per physical core."""
    prefill_while_typing: bool = True
    load_at_start: bool = True
    kv_cache_mb: int = 512
    """Room on disk for saved conversations' KV state; 0 turns it off."""


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """`[screen]`: how the chat looks."""

    theme: str = "textual-dark"
    panel: bool = True
    chats: bool = True
    frames_per_second: int = 10
    """How often a streaming reply is drawn."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `settings.toml` may hold."""

    generation: GenerationSettings = field(default_factory=GenerationSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)

"""What the screens are given: the engine, the ports and the values they show."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from assistant.conversation.engine import Engine
from assistant.domain.settings import Settings
from assistant.ports import Clock, Journal, Models, SettingsStore


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a screen may use; made by wiring, never by a screen.

    `reconnect` looks at the installed models again and gives the engine its backends anew.
    `warnings` are lines to show at the start (a read-only disk, a second instance, a broken setting).
    """

    engine: Engine
    journal: Journal
    models: Models
    settings_store: SettingsStore
    settings: Settings
    clock: Clock
    reconnect: Callable[[], Awaitable[None]]
    warnings: tuple[str, ...] = ()

"""What the screens are given: the engine, the ports and the values they show."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.conversation.engine import Engine
from assistant.domain.settings import Settings
from assistant.ports import Clock, Journal, Models, SettingsStore

if TYPE_CHECKING:
    from assistant.domain.residency import CountrySet
    from assistant.domain.routing import LocalReport
    from assistant.domain.sensing import Sensed


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a screen may use; made by wiring, never by a screen.

    `reconnect` looks at the installed models again and gives the engine its backends anew. `look` looks at the HAT, its
    server and the routes again and gives the engine what is ready now; `sense` reads the sensors alone. Both never raise.
    `warnings` are lines to show at the start (a read-only disk, a second instance, a broken setting). `sets` gives the country
    sets whose names a person knows.
    """

    engine: Engine
    journal: Journal
    models: Models
    settings_store: SettingsStore
    settings: Settings
    clock: Clock
    reconnect: Callable[[], Awaitable[None]]
    look: Callable[[], Awaitable["LocalReport"]]
    sense: Callable[[], Awaitable["Sensed"]]
    warnings: tuple[str, ...] = ()
    sets: "Callable[[], tuple[CountrySet, ...]]" = tuple

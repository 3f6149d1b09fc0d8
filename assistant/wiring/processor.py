"""The processor's route, connected: the model that answers on it, its state in words, and its backend."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.backends.late import LateBackend
from assistant.domain.errors import AssistantError
from assistant.domain.models import Fit, InstalledModel, fit
from assistant.domain.places import CPU, Place, Route
from assistant.domain.settings import Settings
from assistant.ports import Backend, Clock
from assistant.storage import paths
from assistant.storage.models import ModelShelf
from assistant.wiring.models import chosen_model, memory_bytes

if TYPE_CHECKING:
    from assistant.domain.routing import RouteState


class Processor:
    """llama.cpp on this machine; its backend is kept as long as model and settings stay the same."""

    def __init__(
        self,
        places: paths.Places,
        models: ModelShelf,
        clock: Clock,
        gone: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """Nothing is loaded before the first use. `gone` are the conversations of which nothing is to be left in a cache."""
        self._places = places
        self._models = models
        self._clock = clock
        self._gone = gone
        self._made_of: object = None
        self._backend: Backend | None = None

    def backends(self, settings: Settings) -> dict[str, Backend]:
        """The backend by its route's id; none where no model is installed.

        Raises: UsageError where the settings name a model that is not there; StorageError.
        """
        model = chosen_model(self._models, settings)
        if model is None:
            return {}
        made_of = (model.id, model.path, model.sha256, settings.engine)
        if self._backend is None or made_of != self._made_of:
            self._made_of, self._backend = made_of, self._make(model, settings)
        return {CPU: self._backend}

    def model(self, settings: Settings) -> InstalledModel | None:
        """The model that would answer; None where there is none, for whatever reason."""
        try:
            return chosen_model(self._models, settings)
        except AssistantError:
            return None

    def state(self, settings: Settings) -> "RouteState":
        """Whether the processor can answer, with which model, and why. Never raises."""
        try:
            model = chosen_model(self._models, settings)
        except AssistantError as error:
            return _state(None, ready=False, why=str(error))
        if model is None:
            why = "no model is installed (assistant models pull smollm2-135m)"
            return _state(None, ready=False, why=why)
        ready, why = _fitness(model)
        return _state(model.id, ready=ready, why=why)

    def _make(self, model: InstalledModel, settings: Settings) -> Backend:
        route = Route(CPU, Place.THIS_MACHINE, "llama", model.id)

        def make() -> Backend:
            from assistant.backends.llama.client import LlamaBackend

            return LlamaBackend(
                route,
                Path(model.path),
                settings.engine,
                state_dir=self._places.state,
                cache_dir=self._places.cache,
                need_bytes=model.memory_bytes,
                total_bytes=lambda: memory_bytes()[0],
                now_ms=self._clock.now_ms,
                gone=self._gone,
            )

        return LateBackend(route, make)


def _state(model: str | None, *, ready: bool, why: str) -> "RouteState":
    from assistant.domain.routing import RouteState

    return RouteState(CPU, Place.THIS_MACHINE, "llama", model, ready, why)


def _fitness(model: InstalledModel) -> tuple[bool, str]:
    from assistant.backends.llama.ladder import build

    path = Path(model.path)
    if not path.is_file():
        remedy = "remove" if model.elsewhere else "pull"
        return False, f"{model.path} is gone (assistant models {remedy} {model.id})"
    size_bytes = path.stat().st_size
    if size_bytes != model.size_bytes:
        was = f"{size_bytes:,} bytes, not the {model.size_bytes:,} that came in"
        return False, f"{model.path} has {was} (assistant models remove {model.id})"
    if build() is None:
        return False, "llama-cpp-python is not installed (make run)"
    if fit(model.memory_bytes, memory_bytes()[1]) is Fit.TOO_LARGE:
        return False, "the model needs more memory than is free (assistant models list)"
    return True, f"{model.name} is installed and fits the memory that is free"

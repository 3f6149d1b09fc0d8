"""Which model answers: every one that can be switched to, with the route that it answers on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.models import HAT_PREFIX, hat_name
from assistant.domain.places import CPU, HAT, SHORT_NAMES, Place
from assistant.tui.choosing import pin_route
from assistant.tui.writing import require_in_view

if TYPE_CHECKING:
    from assistant.domain.models import InstalledModel
    from assistant.domain.routing import RouteState
    from assistant.ports.models import HatModels
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.turn import Chat

NO_MODELS = "no model is there that could answer"
_FETCH = "palette: Fetch a model"


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can answer: `name` is what a person types, `model` what its route calls it, `about` the rest in words."""

    name: str
    model: str
    route: str
    about: str

    @property
    def line(self) -> str:
        """`smollm2-135m · cpu · SmolLM2 135M · 0.1 GB · in use`."""
        return " · ".join(filter(None, (self.name, self.route, self.about)))


def known(installed: "Sequence[InstalledModel]", states: "Sequence[RouteState]") -> list[Model]:
    """What can be told without asking anybody: the files of the processor, and what each other route that is ready answers with."""
    found = [Model(one.id, one.id, CPU, _of_file(one)) for one in installed]
    for state in states:
        if state.id == CPU or state.place is Place.CLOUD or not state.ready or not state.model:
            continue
        name = f"{HAT_PREFIX}{state.model}" if state.id == HAT else f"{state.id}:{state.model}"
        found.append(Model(name, state.model, state.id, f"{SHORT_NAMES[state.place]} · ready"))
    return found


async def models(screen: "ChatScreen") -> list[Model]:
    """All of them; the HAT is asked for those that it has besides the one that answers. Raises: SettingsError, StorageError."""
    installed = await asyncio.to_thread(screen.services.models.installed)
    found = known(installed, screen.desk.bearings.states)
    hat_models = screen.services.hat_models
    if hat_models is None or not any(one.route == HAT for one in found):
        return found
    stock = await hat_models().look()
    others = [one for one in stock.models if one.installed and not one.in_use]
    names = {one.name for one in found}
    return [*found, *(Model(m.id, m.name, HAT, "local") for m in others if m.id not in names)]


async def pick_model(screen: "ChatScreen", chat: "Chat") -> None:
    """Shows them and takes the one that is picked, for `chat`; from a worker. Raises: as `use_model`."""
    from assistant.tui.screens.pick import PickScreen

    found = await models(screen)
    if not found:
        raise UsageError(NO_MODELS, _FETCH)
    rows = [(one.name, one.line) for one in found]
    require_in_view(screen.desk, chat)
    picked = await screen.app.push_screen_wait(PickScreen("Which model answers?", rows))
    if picked:
        screen.tell(await use_model(screen, chat, picked))


async def use_model(screen: "ChatScreen", chat: "Chat", name: str) -> str:
    """Has a model answer; says where. Raises: UsageError, SettingsError, StorageError.

    One of the processor or of the HAT answers there from now on, in every chat; for one of another route `chat` is kept on it.
    """
    found = await models(screen)
    named = [one for one in found if name in (one.name, one.model)]
    model = next((one for one in named if one.name == name), named[0] if named else None)
    if model is None:
        hint = "known: " + ", ".join(one_line(one.name, 60) for one in found) if found else _FETCH
        raise UsageError(f"no model {one_line(name, 60)!r} can answer", hint)
    if model.route == CPU:
        return await _on_processor(screen, chat, model.name)
    if model.route == HAT:
        return await _on_hat(screen, chat, model)
    await pin_route(screen, chat, model.route)
    return f"this chat is kept on {model.route}, where {one_line(model.model, 60)} answers"


async def _on_processor(screen: "ChatScreen", chat: "Chat", name: str) -> str:
    settings = screen.settings()
    if settings.engine.model and settings.engine.model != name:
        raise UsageError(
            f"the settings name {one_line(settings.engine.model, 60)}, which goes before",
            "empty engine.model in the settings first",
        )
    await asyncio.to_thread(screen.services.models.use, name)
    await screen.services.reconnect()
    return await _looked(screen, chat, name, CPU)


async def _on_hat(screen: "ChatScreen", chat: "Chat", model: Model) -> str:
    state = next((one for one in screen.desk.bearings.states if one.id == HAT), None)
    hat_models: HatModels | None = screen.services.hat_models and screen.services.hat_models()
    if hat_models is not None and (state is None or state.model != model.model):
        await asyncio.to_thread(hat_models.use, hat_name(model.name) or model.model)
    return await _looked(screen, chat, model.model, HAT)


async def _looked(screen: "ChatScreen", chat: "Chat", model: str, route: str) -> str:
    await screen.desk.bearings.look()
    screen.run_worker(screen.desk.bearings.warm())
    bound = screen.desk.bearings.bound(chat)
    if bound.route is not None and bound.route.id != route:
        where = "the processor" if route == CPU else "the HAT"
        return f"{model} answers on {where}; this chat goes to {bound.route.id}"
    return f"{model} answers now"


def _of_file(model: "InstalledModel") -> str:
    size = f"{model.size_bytes / 1e9:.1f} GB"
    return " · ".join(filter(None, (model.name, size, "in use" if model.in_use else "")))

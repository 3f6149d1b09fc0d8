"""What a typed command chooses by name: the model, the route, the label of the next message."""

import asyncio
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.places import Place
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.domain.models import InstalledModel
    from assistant.tui.screens.chat import ChatScreen

NO_MODELS = "no model is installed"


async def pick_model(screen: "ChatScreen") -> None:
    """Shows the installed models and takes the one that is picked; from a worker."""
    from assistant.tui.screens.pick import PickScreen

    installed = await asyncio.to_thread(screen.services.models.installed)
    if not installed:
        raise UsageError(NO_MODELS, "palette: Fetch a model")
    rows = [(one.id, _shown(one)) for one in installed]
    picked = await screen.app.push_screen_wait(PickScreen("Which model answers?", rows))
    if picked:
        screen.tell(await use_model(screen, picked))


async def use_model(screen: "ChatScreen", name: str) -> str:
    """Makes an installed model the one that answers on the processor; says so. Raises: UsageError, StorageError."""
    models, settings = screen.services.models, screen.settings()
    installed = await asyncio.to_thread(models.installed)
    if not any(one.id == name for one in installed):
        known = ", ".join(one.id for one in installed) or NO_MODELS
        raise UsageError(f"no model {one_line(name, 60)!r} is installed", f"installed: {known}")
    if settings.engine.model and settings.engine.model != name:
        raise UsageError(
            f"the settings name {one_line(settings.engine.model, 60)}, which goes before",
            "empty engine.model in the settings first",
        )
    await asyncio.to_thread(models.use, name)
    await screen.services.reconnect()
    await screen.desk.bearings.look()
    screen.run_worker(screen.desk.bearings.warm())
    bound = screen.desk.bearings.bound(screen.desk.chat)
    if bound.route is not None and bound.route.model != name:
        return f"{name} answers on the processor; this chat goes to {bound.route.id}"
    return f"{name} answers now"


async def pin_route(screen: "ChatScreen", name: str) -> str:
    """Keeps the chat in view on a route of this machine or network, or with `auto` on none. Raises: UsageError, StorageError."""
    states = [one for one in screen.desk.bearings.states if one.place is not Place.CLOUD]
    state = next((one for one in states if one.id == name), None)
    if name != "auto" and state is None:
        known = ", ".join(["auto", *(one.id for one in states)])
        hint = f"known: {known}; ctrl+s and ctrl+t send to the cloud"
        raise UsageError(f"there is no route {one_line(name, 40)!r} to keep a chat on", hint)
    if state is not None and not state.ready:
        raise UsageError(f"{state.id} is not ready: {one_line(state.why, 200)}", "/route lists all")
    await screen.pin("" if name == "auto" else name)
    return ""


def label_next(screen: "ChatScreen", word: str) -> str:
    """Gives the next message a label; says what it has then. Raises: UsageError."""
    words = [one.value for one in Label]
    if word not in words:
        raise UsageError(f"there is no label {one_line(word, 40)!r}", "known: " + ", ".join(words))
    desk = screen.desk
    desk.chat.mark = Label(word)
    desk.keep(desk.chat)
    screen.face.label()
    label = desk.labels.of_next(desk.chat)
    if label.value != word:
        return f"this chat is {label.value}, and so is every message in it at least"
    return f"the next message is {word}"


def _shown(model: "InstalledModel") -> str:
    size = f"{model.size_bytes / 1e9:.1f} GB"
    now = " · in use" if model.in_use else ""
    return f"{model.id} · {model.name} · {size}{now}"

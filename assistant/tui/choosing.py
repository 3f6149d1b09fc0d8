"""What a typed command chooses by name: the route, the label of the next message."""

from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.places import Place
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.turn import Chat


async def pin_route(screen: "ChatScreen", chat: "Chat", name: str) -> str:
    """Keeps `chat` on a route of this machine or network, or with `auto` on none. Raises: UsageError, StorageError."""
    states = [one for one in screen.desk.bearings.states if one.place is not Place.CLOUD]
    state = next((one for one in states if one.id == name), None)
    if name != "auto" and state is None:
        known = ", ".join(["auto", *(one.id for one in states)])
        hint = f"known: {known}; [[everywhere.to_cloud ctrl+s]] and [[everywhere.toggle_cloud ctrl+t]] send to the cloud"
        raise UsageError(f"there is no route {one_line(name, 40)!r} to keep a chat on", hint)
    if state is not None and not state.ready:
        raise UsageError(f"{state.id} is not ready: {one_line(state.why, 200)}", "/route lists all")
    await screen.pin(chat, "" if name == "auto" else name)
    return ""


def label_next(screen: "ChatScreen", chat: "Chat", word: str) -> str:
    """Gives the next message of `chat` a label; says what it has then. Raises: UsageError."""
    words = [one.value for one in Label]
    if word not in words:
        raise UsageError(f"there is no label {one_line(word, 40)!r}", "known: " + ", ".join(words))
    desk = screen.desk
    chat.mark = Label(word)
    desk.keep(chat)
    screen.face.label()
    label = desk.labels.of_next(chat)
    if label.value != word:
        return f"this chat is {label.value}, and so is every message in it at least"
    return f"the next message is {word}"

"""Does what a typed command says; what cannot be done is said, and the command stands again where it was typed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from textual._callback import invoke

from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.events import TitledBy
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label
from assistant.tui import slash, verbs
from assistant.tui.instructing import Instructing
from assistant.tui.library import Library
from assistant.tui.tuning import Tuning
from assistant.tui.turn import Chat
from assistant.tui.writing import put_before, require_in_view

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen

Deed = Callable[["ChatScreen", Chat, str], Awaitable[str]]
"""Does it in that chat with what stood behind the command's name; gives what to say, "" for nothing. May raise an AssistantError.

By the time that it is done another chat may be in view, and another text in the composer.
"""


async def obey(screen: "ChatScreen", chat: Chat, text: str) -> None:
    """Runs the command that `text` is, which was typed in `chat`; from a worker. Nothing of it is ever sent."""
    label = screen.desk.labels.of_next(chat)
    try:
        said = await _done(screen, chat, text, label)
    except AssistantError as error:
        _say(screen, chat, str(error), error=True)
        put_before(screen.desk, screen.face, chat, text, label)
        return
    finally:
        screen.composer.pending = False
    if said:
        _say(screen, chat, said)


def _say(screen: "ChatScreen", chat: Chat, text: str, *, error: bool = False) -> None:
    """Says what came of it, and of which chat that is true where it is not the one in view."""
    of = "" if screen.desk.chat is chat else f"“{one_line(chat.title or 'New chat', 60)}”: "
    screen.tell(f"{of}{text}", error=error)


async def _done(screen: "ChatScreen", chat: Chat, text: str, label: Label) -> str:
    typed = slash.read(text)
    verb = verbs.named(typed.name)
    if verb is None:
        near = verbs.nearest(typed.name)
        hint = (
            f"did you mean {near}? {slash.ESCAPE}" if near else f"/help lists all; {slash.ESCAPE}"
        )
        raise UsageError(f"there is no command /{one_line(typed.name, 40)}", hint)
    if "\n" in typed.rest and not verb.lines:
        raise UsageError(f"/{verb.name} takes one line", slash.ESCAPE)
    deed = DEEDS.get(verb.name)
    if deed is not None and typed.rest:
        chat.command = text, label
        return await _unsent(screen, chat, deed(screen, chat, typed.rest))
    if typed.rest:
        raise UsageError(f"/{verb.name} takes nothing behind it", verb.line)
    # The palette acts on the chat in view.
    require_in_view(screen.desk, chat)
    return await _from_palette(screen, verb)


async def _unsent(screen: "ChatScreen", chat: Chat, work: Awaitable[str]) -> str:
    """Where the program ends before `work` is done, the command stands where it was typed again."""
    screen.desk.keep(chat)
    try:
        said = await work
    finally:
        chat.command = "", Label.PUBLIC
    screen.desk.keep(chat)
    return said


async def _from_palette(screen: "ChatScreen", verb: verbs.Verb) -> str:
    """Does what the palette's entry of that command does."""
    entries = screen.app.get_system_commands(screen.app.screen)
    found = next((one for one in entries if one.title == verb.palette), None)
    if found is None:
        raise UsageError(f"/{verb.name} has nothing to act on here", "it needs a conversation")
    await invoke(found.callback)
    return ""


async def _model(screen: "ChatScreen", chat: Chat, name: str) -> str:
    from assistant.tui.models import use_model

    return await use_model(screen, chat, name)


async def _route(screen: "ChatScreen", chat: Chat, route: str) -> str:
    from assistant.tui.choosing import pin_route

    return await pin_route(screen, chat, route)


async def _system(screen: "ChatScreen", chat: Chat, text: str) -> str:
    instructing = Instructing(screen, chat)
    if text == "clear":
        return await instructing.tell("", Label.PUBLIC)
    # As with a message: a label that is given from now on is for what is typed from now on.
    label = screen.desk.labels.take(chat)
    screen.face.label()
    return await instructing.tell(text, label)


async def _prompt(screen: "ChatScreen", chat: Chat, rest: str) -> str:
    parts = rest.split(None, 1)
    return await Library(screen, chat).use_named(parts[0], parts[1] if len(parts) > 1 else "")


async def _preset(screen: "ChatScreen", chat: Chat, name: str) -> str:
    return await Tuning(screen, chat).use(name)


async def _set(screen: "ChatScreen", chat: Chat, rest: str) -> str:
    key, _, value = rest.partition(" ")
    if not value.strip():
        raise UsageError(f"what should {one_line(key, 40)} be?", "/set KEY VALUE")
    return await Tuning(screen, chat).change(key, value.strip())


async def _temperature(screen: "ChatScreen", chat: Chat, value: str) -> str:
    return await Tuning(screen, chat).change("temperature", value)


async def _label(screen: "ChatScreen", chat: Chat, word: str) -> str:
    from assistant.tui.choosing import label_next

    return label_next(screen, chat, word)


async def _title(screen: "ChatScreen", chat: Chat, title: str) -> str:
    if not chat.conversation:
        raise UsageError("this chat is empty yet", "its first message names it")
    kept = screen.desk.labels.of_next(chat) is Label.LOCAL_ONLY
    by = TitledBy.KEPT if kept else screen.face.shelf.titles.by(title)
    async with chat.recording:
        await screen.engine.rename(chat.conversation, title, by)
        chat.title = title
    screen.face.desk_changed()
    return ""


async def _export(screen: "ChatScreen", chat: Chat, rest: str) -> str:
    from assistant.tui.exporting import export

    return await export(screen, chat, rest)


async def _search(screen: "ChatScreen", _: Chat, rest: str) -> str:
    screen.action_find(rest)
    return ""


DEEDS: Mapping[str, Deed] = {
    "model": _model,
    "route": _route,
    "system": _system,
    "prompt": _prompt,
    "preset": _preset,
    "set": _set,
    "temperature": _temperature,
    "label": _label,
    "title": _title,
    "export": _export,
    "search": _search,
}
"""Commands that take something behind their name; the others do what the palette's entry does."""

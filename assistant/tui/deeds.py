"""Does what a typed command says; what cannot be done is said, and the command stands in the composer again."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from textual._callback import invoke

from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label
from assistant.tui import slash, verbs
from assistant.tui.instructing import Instructing
from assistant.tui.library import Library
from assistant.tui.tuning import Tuning

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen

Deed = Callable[["ChatScreen", str], Awaitable[str]]
"""Does it with what stood behind the command's name; gives what to say, "" for nothing. May raise an AssistantError."""


async def obey(screen: "ChatScreen", text: str) -> None:
    """Runs the command that `text` is; from a worker. Nothing of it is ever sent."""
    chat = screen.desk.chat
    try:
        said = await _done(screen, text)
    except AssistantError as error:
        screen.tell(str(error), error=True)
        if screen.desk.chat is chat:
            screen.composer.give_back(text)
        return
    finally:
        screen.composer.pending = False
    if said:
        screen.tell(said)


async def _done(screen: "ChatScreen", text: str) -> str:
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
        return await deed(screen, typed.rest)
    if typed.rest:
        raise UsageError(f"/{verb.name} takes nothing behind it", verb.line)
    return await _from_palette(screen, verb)


async def _from_palette(screen: "ChatScreen", verb: verbs.Verb) -> str:
    """Does what the palette's entry of that command does."""
    entries = screen.app.get_system_commands(screen.app.screen)
    found = next((one for one in entries if one.title == verb.palette), None)
    if found is None:
        raise UsageError(f"/{verb.name} has nothing to act on here", "it needs a conversation")
    await invoke(found.callback)
    return ""


async def _model(screen: "ChatScreen", name: str) -> str:
    from assistant.tui.models import use_model

    return await use_model(screen, name)


async def _route(screen: "ChatScreen", route: str) -> str:
    from assistant.tui.choosing import pin_route

    return await pin_route(screen, route)


async def _system(screen: "ChatScreen", text: str) -> str:
    instructing = Instructing(screen)
    wanted = "" if text == "clear" else text
    said = await instructing.tell(wanted, instructing.label if wanted else Label.PUBLIC)
    screen.desk.labels.take(screen.desk.chat)
    screen.face.label()
    return said


async def _prompt(screen: "ChatScreen", rest: str) -> str:
    parts = rest.split(None, 1)
    await Library(screen).use_named(parts[0], parts[1] if len(parts) > 1 else "")
    return ""


async def _preset(screen: "ChatScreen", name: str) -> str:
    return await Tuning(screen).use(name)


async def _set(screen: "ChatScreen", rest: str) -> str:
    key, _, value = rest.partition(" ")
    if not value.strip():
        raise UsageError(f"what should {one_line(key, 40)} be?", "/set KEY VALUE")
    return await Tuning(screen).change(key, value.strip())


async def _temperature(screen: "ChatScreen", value: str) -> str:
    return await Tuning(screen).change("temperature", value)


async def _label(screen: "ChatScreen", word: str) -> str:
    from assistant.tui.choosing import label_next

    return label_next(screen, word)


async def _title(screen: "ChatScreen", title: str) -> str:
    chat = screen.desk.chat
    if not chat.conversation:
        raise UsageError("this chat is empty yet", "its first message names it")
    await screen.engine.rename(chat.conversation, title)
    chat.title = title
    screen.face.desk_changed()
    return ""


async def _export(screen: "ChatScreen", rest: str) -> str:
    from assistant.tui.exporting import export

    return await export(screen, rest)


async def _search(screen: "ChatScreen", rest: str) -> str:
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

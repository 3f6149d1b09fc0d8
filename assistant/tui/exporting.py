"""Writes the conversation in view into a file; one that is there already is replaced only by a person's yes."""

import asyncio
import shlex
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError

if TYPE_CHECKING:
    from assistant.ports.words import Exports
    from assistant.tui.screens.chat import ChatScreen


async def pick_form(screen: "ChatScreen") -> None:
    """Asks which kind of file, and writes it to a free name; from a worker."""
    from assistant.tui.screens.pick import PickScreen

    exports = _exports(screen)
    rows = [(form, f"a file that ends with .{form}") for form in exports.forms]
    picked = await screen.app.push_screen_wait(PickScreen("Export as", rows))
    if picked:
        screen.tell(await export(screen, picked))


async def export(screen: "ChatScreen", rest: str) -> str:
    """`rest` is `[FORM] [PATH]`; says where the file is. Raises: UsageError, StorageError."""
    exports, chat = _exports(screen), screen.desk.chat
    form, path = _read(exports, rest)
    place = await asyncio.to_thread(exports.place, chat.conversation, form, path)
    replace = place.exists() and await _replaces(screen, str(place))
    if place.exists() and not replace:
        return f"{place} is as it was"
    await asyncio.to_thread(exports.write, chat.conversation, form, place, replace=replace)
    return f"written: {place}"


def _read(exports: "Exports", rest: str) -> tuple[str, str]:
    """The form and the path; a path alone says the form by its ending."""
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"the path: {error}", 'write it as "..."') from error
    form, path = exports.forms[0], ""
    if words and words[0] in exports.forms:
        form, *words = words
    elif words:
        ending = words[0].rpartition(".")[2].lower()
        if ending not in exports.forms:
            known = ", ".join(exports.forms)
            raise UsageError(f"{words[0]!r} says no form", f"/export FORM PATH; forms: {known}")
        form = ending
    if words:
        path, *words = words
    if words:
        raise UsageError("there is more than one path", 'write a path with spaces as "..."')
    return form, path


async def _replaces(screen: "ChatScreen", place: str) -> bool:
    from assistant.tui.screens.pick import PickScreen

    rows = [("", "leave it as it is"), ("replace", f"replace {place}")]
    said = await screen.app.push_screen_wait(PickScreen("There is a file already", rows))
    return said == "replace"


def _exports(screen: "ChatScreen") -> "Exports":
    if not screen.desk.chat.conversation:
        raise UsageError("this chat is empty yet", "there is nothing to export")
    words = screen.services.words
    if words is None:
        raise UsageError("nothing can be exported here")
    return words().exports

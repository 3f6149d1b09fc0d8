"""What the program puts where a person writes: into the chat that it is for, in view or not, and over nothing that was typed."""

from typing import TYPE_CHECKING

from assistant.domain.attachments import joined
from assistant.domain.errors import UsageError
from assistant.domain.sensitivity import Label, join
from assistant.tui import unsent

if TYPE_CHECKING:
    from assistant.tui.desk import Desk
    from assistant.tui.turn import Chat
    from assistant.tui.view import View


def require_in_view(desk: "Desk", chat: "Chat") -> None:
    """Before a sheet opens: over another chat it would take keys that are meant for that one. Raises: UsageError."""
    if desk.chat is not chat:
        raise UsageError("another chat came into view meanwhile", "nothing was changed: ask again")


def put_over(
    desk: "Desk", view: "View", chat: "Chat", text: str, label: Label, standing: str
) -> None:
    """Puts `text` in the place of `standing`, one step back from it; before what stands there where that is another text by now."""
    if desk.chat is not chat or view.composer.full_text != standing:
        put_before(desk, view, chat, text, label)
        return
    _raise_to(desk, chat, label)
    if standing:
        view.composer.put_over(text)
    else:
        view.composer.put(text)
    _written(desk, view)


def put_before(desk: "Desk", view: "View", chat: "Chat", text: str, label: Label) -> None:
    """Puts `text`, whose label is `label`, before what is typed in `chat`."""
    chat = _home(desk, chat)
    _raise_to(desk, chat, label)
    if desk.chat is chat:
        view.composer.give_back(text)
        _written(desk, view)
    else:
        chat.typed = joined((text, chat.typed))
        desk.keep(chat)


def _home(desk: "Desk", chat: "Chat") -> "Chat":
    """`chat`; the empty one of now where it was the empty one of before, which nothing leads to any more."""
    known = chat.conversation or chat.held or chat in (desk.chat, *unsent.unstarted(desk))
    return chat if known else desk.blank


def _raise_to(desk: "Desk", chat: "Chat", label: Label) -> None:
    now = desk.labels.of_next(chat)
    if join((label, now)) is not now:
        desk.labels.raise_to(chat, label)


def _written(desk: "Desk", view: "View") -> None:
    desk.typed(view.composer.full_text)
    desk.keep(desk.chat)
    view.label()

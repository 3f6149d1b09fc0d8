"""An edit of a message that was sent: its text comes into the composer, what stood there waits beside it."""

from assistant.domain.sensitivity import Label
from assistant.tui.branch import Branch, Edit
from assistant.tui.labels import Labels
from assistant.tui.turn import Chat
from assistant.tui.view import View


def begin(chat: Chat, view: View, labels: Labels, text: str, branch: Branch) -> None:
    """Puts `text` into the composer of `chat`, which is in view, with the label that `branch` asks for."""
    leave(chat, view)
    chat.edit = Edit(branch, view.composer.full_text, labels.of_next(chat), chat.mark)
    chat.mark = branch.label
    view.composer.put(text)
    view.label()


def leave(chat: Chat, view: View) -> bool:
    """Brings back what stood in the composer before the edit; False where there is none in progress."""
    edit, chat.edit = chat.edit, None
    if edit is None:
        return False
    chat.mark = edit.mark
    view.composer.put(edit.aside)
    view.label()
    return True


def take(chat: Chat, view: View, labels: Labels) -> Branch | None:
    """The composer's text is sent: the branch that it begins, where it was an edit; what waited comes back."""
    edit, chat.edit = chat.edit, None
    if edit is None:
        return None
    if edit.aside:
        labels.raise_to(chat, edit.aside_label)
        view.composer.give_back(edit.aside)
    return edit.branch


def resume(chat: Chat, view: View, labels: Labels, text: str, label: Label, branch: Branch) -> bool:
    """An edit was not sent: it is in the composer again. False where another one is there."""
    if chat.edit is not None:
        return False
    begin(chat, view, labels, text, branch)
    labels.raise_to(chat, label)
    view.label()
    return True

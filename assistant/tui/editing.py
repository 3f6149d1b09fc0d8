"""An edit of a message that was sent: its text comes into the composer, what stood there waits beside it."""

from dataclasses import replace

from assistant.domain.attachments import joined
from assistant.domain.sensitivity import Label, join
from assistant.tui.branch import Branch, Edit
from assistant.tui.labels import Labels
from assistant.tui.turn import Chat
from assistant.tui.view import View

LEFT = "what you wrote is kept: [[conversation.tree_edit e]] on that message takes it up again"
TAKEN_UP = "as you left it · ctrl+z brings the message as it was sent"


def begin(chat: Chat, view: View, labels: Labels, text: str, branch: Branch) -> None:
    """Puts `text`, a message that was sent, into the composer of `chat`, which is in view, with the label that `branch` asks for.

    Where an edit of it was left, that one stands there, and `text` is one step back.
    """
    _open(chat, view, labels, text, branch)
    if left := chat.left.pop(branch.asked, None):
        written, label = left
        labels.raise_to(chat, label)
        view.composer.put_over(written)
        view.label()
        view.tell(TAKEN_UP)


def _open(chat: Chat, view: View, labels: Labels, text: str, branch: Branch) -> None:
    leave(chat, view, labels)
    aside, aside_label = view.composer.full_text, labels.of_next(chat)
    view.composer.put(text)
    chat.edit = Edit(branch, aside, aside_label, chat.mark, view.composer.full_text)
    # A label that was given to the next message, of which nothing is written yet, is for this one.
    given = None if aside.strip() else chat.mark
    chat.mark = branch.label if given is None else join((branch.label, given))
    view.label()


def leave(chat: Chat, view: View, labels: Labels) -> bool:
    """Brings back what stood in the composer before the edit; False where there is none in progress.

    What was written is kept with its label, for the next edit of that message.
    """
    edit = chat.edit
    if edit is None:
        return False
    written = view.composer.full_text
    if written.strip() and written != edit.sent:
        before, label = chat.left.get(edit.branch.asked, ("", Label.PUBLIC))
        labels.lifted(chat, written)
        kept = joined((before, written)), join((label, labels.of_next(chat)))
        chat.left[edit.branch.asked] = kept
        view.tell(LEFT)
    chat.edit, chat.mark = None, edit.mark
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
    _open(chat, view, labels, text, branch)
    if chat.edit is not None:
        # None of it is on record: whoever leaves it leaves something.
        chat.edit = replace(chat.edit, sent="")
    labels.raise_to(chat, label)
    view.label()
    return True

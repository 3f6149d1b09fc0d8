"""What was written in a chat and is not on record: what is sent or edited, what is typed, and what waits behind an earlier prompt or was made of one."""

from typing import TYPE_CHECKING, Protocol

from assistant.domain.attachments import joined
from assistant.domain.sensitivity import Label, join
from assistant.tui.recall import Recall
from assistant.tui.turn import Chat, Turns

if TYPE_CHECKING:
    from assistant.tui.labels import Labels
    from assistant.tui.sending import Sending


class Desk(Protocol):
    """What lies on the desk, as far as this needs it."""

    chat: Chat
    turns: Turns
    labels: "Labels"
    sending: "Sending"

    def typed(self, text: str) -> None:
        """`text` stands in the composer now."""
        ...


def unstarted(desk: Desk) -> list[Chat]:
    """The new chats whose first text is sent or waits to leave, and is not in the journal yet, in order."""
    held = [chat for chat in desk.sending.begun if chat.held and chat.head is None]
    return list(dict.fromkeys((*desk.turns.unstarted(), *held)))


def parts(desk: Desk, recall: Recall, chat: Chat) -> list[tuple[str, Label]]:
    """All of it in `chat`, in order, each with its label; `recall` is that of the chat in view."""
    sent = (*desk.turns.unrecorded(chat), *chat.held)
    found = [(ask.text, ask.label) for ask in sent if ask.fresh]
    if chat.edit:
        found.append((chat.edit.aside, chat.edit.aside_label))
    typed = chat.typed
    if chat is desk.chat:
        found += recall.unsent
        typed = recall.own(typed)
    found.append(chat.command)
    found.append((typed, desk.labels.of_next(chat)))
    return [part for part in found if part[0]]


def leave(desk: Desk, recall: Recall, text: str) -> None:
    """The chat in view is left with `text` in its composer: what waits behind an earlier prompt, or was made of one, stands there again."""
    if waiting := recall.unsent:
        text = joined((*(one for one, _ in waiting), recall.own(text)))
        desk.labels.raise_to(desk.chat, join(label for _, label in waiting))
        recall.fill(())
    desk.typed(text)

"""Takes back what was sent and has not left: by the person's key, or because its chat is deleted."""

from typing import TYPE_CHECKING, Protocol

from assistant.domain.sensitivity import Label
from assistant.tui.turn import Chat, Turns

if TYPE_CHECKING:
    from assistant.tui.branch import Branch


class Takes(Protocol):
    """Who takes back what was not sent."""

    def handed_back(
        self, chat: Chat, text: str, label: Label, branch: "Branch | None" = None
    ) -> None:
        """What was not sent goes back to where it was written."""
        ...


class Desk(Takes, Protocol):
    """What lies on the desk, as far as this needs it."""

    turns: Turns
    known: dict[str, Chat]


def unhold(desk: Takes, chat: Chat) -> bool:
    """What is looked at before it may leave stays here; False where nothing is. Whoever looks finds it held no more."""
    asks, chat.held[:] = chat.held[:], []
    # Each goes before what stands there: the last one first.
    for ask in reversed(asks):
        desk.handed_back(chat, ask.text, ask.label, ask.branch)
    return bool(asks)


async def withdraw(desk: Desk, conversation: str) -> None:
    """Ends the running turn of `conversation` and hands back what waits there, or waits to leave."""
    if chat := desk.known.get(conversation):
        unhold(desk, chat)
    await desk.turns.withdraw(conversation)

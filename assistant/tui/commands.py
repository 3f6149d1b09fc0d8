"""What the command palette offers."""

from collections.abc import Callable, Iterable
from typing import Protocol

from textual.app import SystemCommand

from assistant.tui.screens.chat import ChatScreen


class Host(Protocol):
    """The app, as far as its commands need it."""

    chat: ChatScreen

    def action_help(self) -> None:
        """Opens the help."""
        ...

    def action_settings(self) -> None:
        """Opens the settings."""
        ...

    def action_fetch(self) -> None:
        """Opens the screen that fetches a model."""
        ...

    def action_copy_reply(self) -> None:
        """Copies the latest reply."""
        ...


def commands(host: Host, leave: Callable[[], object]) -> Iterable[SystemCommand]:
    """Each with a sentence that says what it does; those of the open conversation only where there is one."""
    chat = host.chat
    columns = chat.columns

    def start(verb: str) -> Callable[[], object]:
        return lambda: chat.run_worker(chat.act(verb, chat.desk.chat.conversation))

    yield SystemCommand("New chat", "Begin an empty conversation", chat.action_new_chat)
    yield SystemCommand("Search chats", "Find a conversation by its title", columns.search)
    if chat.desk.chat.conversation:
        yield SystemCommand("Rename chat", "Give this conversation a title", start("rename"))
        yield SystemCommand("Delete chat", "Take this conversation away", start("delete"))
    yield SystemCommand("Undo delete", "Bring back what was deleted last", start("restore"))
    yield SystemCommand("Copy reply", "Copy the latest reply", host.action_copy_reply)
    yield SystemCommand("Panel", "Show or hide where the time goes", columns.action_panel)
    yield SystemCommand("Chats", "Go to the list of conversations", columns.action_chats)
    yield SystemCommand("Fetch a model", "Get the starter model", host.action_fetch)
    yield SystemCommand("Settings", "Sampling, engine, theme", host.action_settings)
    yield SystemCommand("Help", "All keys", host.action_help)
    yield SystemCommand("Quit", "Keep everything and quit", leave)

"""What the command palette offers."""

import functools
from collections.abc import Callable, Iterable
from typing import Protocol

from textual.app import SystemCommand
from textual.content import Content

from assistant.domain.thinking import split
from assistant.tui.looking import look_at_images
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.shelf_commands import of_chats
from assistant.tui.word_commands import word_commands

_CLOUD = (
    ("Consent", "Every grant, what is left of it, what it let out", "consent"),
    ("Outbox", "All that ever left this machine", "outbox"),
    ("Go offline", "Take every grant back; nothing leaves until you lift it", "panic"),
    ("Key of a cloud route", "Give a route its key, unseen", "key"),
    ("Unlock the keys", "Open the store of keys with its passphrase", "unlock"),
)
_TREE = (
    ("Edit message", "The one at hand, or the last: a branch of its own", "edit"),
    ("Regenerate", "Ask the same again, on the same route", "again"),
    ("Regenerate elsewhere", "Ask the same again, on another route", "elsewhere"),
    ("Branch from here", "The next message follows the reply at hand", "branch"),
    ("Continue reply", "Go on where a reply stopped or was cut", "continue"),
    ("Delete message", "The one at hand, with what came of it", "delete"),
    ("Bring back message", "What was deleted last in this chat", "undo"),
    ("Previous version", "Of the message at hand", "previous"),
    ("Next version", "Of the message at hand", "next"),
)


def _ways(chat: ChatScreen) -> Iterable[SystemCommand]:
    """What goes with messages, what is done with them, where they go, how far they may travel."""
    if attach := chat.face.attach:
        about = "A text, a PDF or a folder: @ and its path"
        yield SystemCommand("Attach a file", about, attach.begin)
        yield SystemCommand(
            "Look at images",
            "Of the message that you write, or of one above",
            functools.partial(chat.start_told, look_at_images),
        )
    if chat.desk.chat.conversation:
        for name, about, verb in _TREE:
            yield SystemCommand(name, about, functools.partial(chat.action_tree, verb))
        yield SystemCommand(
            "Side by side", "Two routes' answers to one message, rated by a key", chat.action_beside
        )
    yield SystemCommand("Route", "Keep this chat on one route, or on none", chat.action_route)
    yield SystemCommand("Send to the cloud", "This one message", chat.action_to_cloud)
    yield SystemCommand(
        "This chat to the cloud", "While a grant for it lives, or back", chat.action_toggle_cloud
    )
    yield SystemCommand(
        "Label of the next message", "Normal, local-only, public", chat.action_toggle_label
    )
    yield SystemCommand(
        "Make this message local-only",
        "The one at hand, or the last: it never leaves again",
        chat.transcript.action_keep_here,
    )
    yield SystemCommand(
        "Label of this chat", "All that is said in it local-only, or not", chat.action_label_chat
    )
    yield from word_commands(chat)


def _whole(chat: ChatScreen, exchange: Callable[[str], None]) -> Iterable[SystemCommand]:
    """What brings whole conversations out and in."""
    if chat.desk.chat.conversation:
        yield SystemCommand(
            "Export this chat",
            "Into a file: HTML, Markdown or JSON",
            functools.partial(exchange, "export"),
        )
    yield SystemCommand(
        "Import chats",
        "Ours, ChatGPT's, Claude's, Open WebUI's, llama-server's",
        functools.partial(exchange, "import"),
    )


class Host(Protocol):
    """The app, as far as its commands need it."""

    chat: ChatScreen

    def action_help(self) -> None:
        """Opens the help."""
        ...

    def action_hat(self) -> None:
        """Opens the HAT's screen."""
        ...

    def action_costs(self) -> None:
        """Opens the costs."""
        ...

    def action_settings(self) -> None:
        """Opens the settings."""
        ...

    def action_themes(self) -> None:
        """Opens the themes."""
        ...

    def action_calm(self) -> None:
        """Makes the screen calm, or as usual."""
        ...

    def action_fetch(self) -> None:
        """Opens the screen that fetches a model."""
        ...

    def action_tco(self) -> None:
        """Opens the comparison over years."""
        ...

    def action_exchange(self, verb: str) -> None:
        """Writes the conversation in view into a file, or takes in those of one."""
        ...

    def action_cloud(self, what: str) -> None:
        """Opens a sheet of the cloud, or goes offline."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Hands `text` to a clipboard and says to which."""
        ...


def _looks(host: Host) -> Iterable[SystemCommand]:
    """How the screen looks, and all else that can be set."""
    yield SystemCommand("Theme", "The colours, yours too, tried on at once", host.action_themes)
    yield SystemCommand(
        "Calm", "Few frames and nothing moves, for slow lines; or as usual", host.action_calm
    )
    yield SystemCommand("Settings", "Sampling, engine, theme", host.action_settings)


def commands(host: Host, leave: Callable[[], object]) -> Iterable[SystemCommand]:
    """Each with a sentence that says what it does; those of the open conversation only where there is one."""
    chat = host.chat
    columns = chat.columns

    def copy() -> None:
        if reply := chat.desk.reply:
            host.copy_to_clipboard(split(reply).answer or reply)
        else:
            chat.tell("there is no reply yet")

    yield SystemCommand("New chat", "Begin an empty conversation", chat.action_new_chat)
    yield SystemCommand("Search chats", "Find a conversation by its title", columns.search)
    yield SystemCommand(
        "Search history", "Find a message by its words, in all chats", chat.action_find
    )
    yield from of_chats(chat)
    yield from _whole(chat, host.action_exchange)
    yield SystemCommand("Copy reply", "Copy the latest reply", copy)
    yield SystemCommand(
        "Thought",
        "Show or fold what came before the answer, or what is attached",
        chat.transcript.action_thought,
    )
    yield from _ways(chat)
    if chat.desk.fallback.offer:
        # The palette reads markup, and this holds the name of a model.
        line = Content(chat.desk.fallback.line).markup
        yield SystemCommand("Ask again", line, chat.action_ask_again)
    yield SystemCommand(
        "Edge or cloud", "What your work costs over years, here and there (TCO)", host.action_tco
    )
    yield SystemCommand("HAT", "Its state, what mends it, the routes", host.action_hat)
    yield SystemCommand(
        "Costs", "Here, in the cloud, and what it would have been", host.action_costs
    )
    for name, about, what in _CLOUD:
        yield SystemCommand(name, about, functools.partial(host.action_cloud, what))
    yield SystemCommand("Panel", "Show or hide where the time goes", columns.action_panel)
    yield SystemCommand("Chats", "Go to the list of conversations", columns.action_chats)
    yield SystemCommand("Fetch a model", "Get the starter model", host.action_fetch)
    yield from _looks(host)
    yield SystemCommand("Help", "All keys", host.action_help)
    yield SystemCommand("Quit", "Keep everything and quit", leave)

"""The palette's entries for prompts, system prompts, sampling and models."""

import functools
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.turn import Chat


def word_commands(chat: "ChatScreen") -> Iterable[SystemCommand]:
    """Each also has a command behind a slash."""

    def start(open_it: Callable[["ChatScreen", "Chat"], Awaitable[None]]) -> Callable[[], object]:
        return functools.partial(chat.start_told, open_it)

    yield SystemCommand("Prompts", "Your library: pick one, fill it in", start(_prompts))
    yield SystemCommand(
        "System prompt", "What the model is told before this conversation", start(_system)
    )
    yield SystemCommand("Preset", "How replies in this chat are made, by name", start(_preset))
    yield SystemCommand("Sampling", "Every value of how replies in this chat are made", start(_set))
    yield SystemCommand("Model", "Which model answers, and where", start(_model))


async def _prompts(screen: "ChatScreen", chat: "Chat") -> None:
    from assistant.tui.library import Library

    await Library(screen, chat).pick()


async def _system(screen: "ChatScreen", chat: "Chat") -> None:
    from assistant.tui.instructing import Instructing

    await Instructing(screen, chat).edit()


async def _preset(screen: "ChatScreen", chat: "Chat") -> None:
    from assistant.tui.tuning import Tuning

    await Tuning(screen, chat).pick()


async def _set(screen: "ChatScreen", chat: "Chat") -> None:
    from assistant.tui.own_presets import show

    await show(screen, chat)


async def _model(screen: "ChatScreen", chat: "Chat") -> None:
    from assistant.tui.models import pick_model

    await pick_model(screen, chat)

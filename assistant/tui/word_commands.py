"""The palette's entries for prompts, system prompts, sampling and models."""

import functools
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen


def word_commands(chat: "ChatScreen") -> Iterable[SystemCommand]:
    """Each also has a command behind a slash."""

    def start(open_it: Callable[["ChatScreen"], Awaitable[None]]) -> Callable[[], object]:
        return functools.partial(chat.start_told, open_it)

    yield SystemCommand("Prompts", "Your library: pick one, fill it in", start(_prompts))
    yield SystemCommand(
        "System prompt", "What the model is told before this conversation", start(_system)
    )
    yield SystemCommand("Preset", "How replies in this chat are made, by name", start(_preset))
    yield SystemCommand("Sampling", "Every value of how replies in this chat are made", start(_set))
    yield SystemCommand("Model", "Which model answers, and where", start(_model))


async def _prompts(chat: "ChatScreen") -> None:
    from assistant.tui.library import Library

    await Library(chat).pick()


async def _system(chat: "ChatScreen") -> None:
    from assistant.tui.instructing import Instructing

    await Instructing(chat).edit()


async def _preset(chat: "ChatScreen") -> None:
    from assistant.tui.tuning import Tuning

    await Tuning(chat).pick()


async def _set(chat: "ChatScreen") -> None:
    from assistant.tui.own_presets import show

    await show(chat)


async def _model(chat: "ChatScreen") -> None:
    from assistant.tui.models import pick_model

    await pick_model(chat)

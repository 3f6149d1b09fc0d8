"""Puts a new chat on record with its first text: its title, its label, what it tells the model, its sampling, its route."""

from typing import TYPE_CHECKING, Protocol

from assistant.conversation.engine import Engine
from assistant.domain.attachments import headline
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.domain.prompt import Sampling

TITLE_WIDTH = 60
"""Characters of a prompt's first line that make the title of a conversation."""


class Begun(Protocol):
    """A chat, as far as its start is recorded."""

    conversation: str
    system: str
    title: str
    route: str
    label: Label
    instructed: Label | None
    preset: str
    sampling: "Sampling | None"
    partial: bool


async def begin(engine: Engine, chat: Begun, first: tuple[str, Label], conversation: str) -> None:
    """Records `chat` as `conversation`; where a fault came between two of its parts, what is missing of them.

    `first` is its first text, with its label.

    Raises: UsageError, StorageError; then the chat is `partial` if anything of it is on record.
    """
    text, label = first
    kept = chat.instructed is Label.LOCAL_ONLY
    if not chat.conversation:
        title = one_line(headline(text).strip().split("\n", 1)[0], TITLE_WIDTH)
        # A local-only system prompt is on record only once its chat is: a fault between the two leaves nothing that may leave.
        told = "" if kept else chat.system
        chat.conversation = await engine.start_conversation(told, title, conversation)
        chat.title, chat.partial = title, True
        # One of which nobody says anything is normal; a public message can only begin a public one.
        begun = Label.PUBLIC if label is Label.PUBLIC else Label.NORMAL
        chat.label = chat.label if chat.label is Label.LOCAL_ONLY else begun
    if chat.label is not Label.NORMAL:
        await engine.label_conversation(chat.conversation, chat.label)
    if kept:
        await engine.instruct(chat.conversation, chat.system)
    if chat.sampling is not None:
        await engine.tune(chat.conversation, chat.preset, chat.sampling)
    if chat.route:
        await engine.pin(chat.conversation, chat.route)
    chat.partial = False

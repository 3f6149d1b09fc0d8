"""Puts a new chat on record with its first text: its title, its label, what it tells the model, its sampling, its route."""

from typing import TYPE_CHECKING

from assistant.conversation.engine import Engine
from assistant.domain.attachments import headline
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.tui.turn import Ask

TITLE_WIDTH = 60
"""Characters of a prompt's first line that make the title of a conversation."""


async def begin(engine: Engine, ask: "Ask", conversation: str) -> None:
    """Records the chat of `ask` as `conversation`; where a fault came between two of its parts, what is missing of them.

    Raises: UsageError, StorageError; then the chat is `partial` if anything of it is on record.
    """
    chat = ask.chat
    kept = chat.instructed is Label.LOCAL_ONLY
    if not chat.conversation:
        title = one_line(headline(ask.text).strip().split("\n", 1)[0], TITLE_WIDTH)
        # A local-only system prompt is on record only once its chat is: a fault between the two leaves nothing that may leave.
        told = "" if kept else chat.system
        chat.conversation = await engine.start_conversation(told, title, conversation)
        chat.title, chat.partial = title, True
        # One of which nobody says anything is normal; a public message can only begin a public one.
        begun = Label.PUBLIC if ask.label is Label.PUBLIC else Label.NORMAL
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

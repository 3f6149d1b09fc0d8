"""What the model is told before a conversation; its label holds for all that is said there."""

from typing import TYPE_CHECKING

from assistant.domain.hygiene import harmless
from assistant.domain.sensitivity import Label, join

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.turn import Chat

KEPT = "the system prompt is local-only, and so is this chat from now on"


class Instructing:
    """Sets the system prompt of one chat, which may be out of view by then. Methods raise AssistantErrors."""

    def __init__(self, screen: "ChatScreen", chat: "Chat") -> None:
        self._screen = screen
        self._chat = chat

    async def tell(self, text: str, label: Label) -> str:
        """Has the model told `text`, whose label is `label` at least; "" tells it nothing. Says what was done. Raises: StorageError.

        A local-only text makes the chat local-only first: where that cannot be recorded, the text is not set either.
        """
        desk, engine = self._screen.desk, self._screen.engine
        chat, text = self._chat, harmless(text).strip()
        label = desk.labels.of_taken(text, label)
        kept = bool(text) and label is Label.LOCAL_ONLY
        async with chat.recording:
            if kept and chat.label is not Label.LOCAL_ONLY:
                if chat.conversation:
                    await engine.label_conversation(chat.conversation, Label.LOCAL_ONLY)
                chat.label = Label.LOCAL_ONLY
            if chat.conversation:
                await engine.instruct(chat.conversation, text)
            chat.system, chat.instructed = text, label
        desk.keep(chat)
        self._screen.face.desk_changed()
        if kept:
            desk.labels.remember([(text, Label.LOCAL_ONLY)])
            return KEPT
        return "the model is told it from the next message on" if text else "no system prompt here"

    async def edit(self) -> None:
        """Shows the system prompt of the chat, to be changed; from a worker. Raises: StorageError."""
        from assistant.tui.screens.system import SystemScreen

        desk = self._screen.desk
        chat = self._chat
        if chat.label is Label.LOCAL_ONLY and desk.labels.why_kept(chat):
            desk.labels.remember([(chat.system, Label.LOCAL_ONLY)])
        usual = self._screen.settings().generation.system_prompt
        label = self.label
        screen = SystemScreen(chat.system, usual, label)
        text = await self._screen.app.push_screen_wait(screen)
        if text is not None and text != chat.system:
            self._screen.tell(await self.tell(text, join((label, self.label))))

    @property
    def label(self) -> Label:
        """The label of a text that the person writes now."""
        return self._screen.desk.labels.of_next(self._chat)

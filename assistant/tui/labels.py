"""How far the next message may travel: what a person says of it, what its chat says, and what it was made from."""

from collections.abc import Callable, Iterable

from assistant.domain.sensitivity import Label, join
from assistant.domain.settings import Settings
from assistant.tui.turn import Chat

_NEXT = {
    Label.NORMAL: Label.LOCAL_ONLY,
    Label.LOCAL_ONLY: Label.PUBLIC,
    Label.PUBLIC: Label.NORMAL,
}
_LEAST = 24
"""Characters from which a text counts as copied where it stands inside another one."""


class Labels:
    """The labels of what is typed; remembers the local-only texts that were in view, so that a copy of one is local-only too."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        """`settings` gives those of the moment."""
        self._settings = settings
        self._kept: set[str] = set()

    @property
    def default(self) -> Label:
        """The label of a message of which the person says nothing."""
        return Label(self._settings().labels.default)

    def of_next(self, chat: Chat) -> Label:
        """The label of the next message of `chat`."""
        return join((chat.mark or self.default, chat.label))

    def take(self, chat: Chat) -> Label:
        """That label, for a message that is sent now; the one after it begins anew."""
        label = self.of_next(chat)
        chat.mark = None
        return label

    def toggle(self, chat: Chat) -> str:
        """Normal, local-only, public, in turn; returns why that changes nothing, "" where it does."""
        chat.mark = _NEXT[chat.mark or self.default]
        if chat.label is Label.LOCAL_ONLY:
            return "this chat is local-only, and so is every message in it · ctrl+p, label of this chat"
        if self.of_next(chat) is chat.mark:
            return ""
        return f"this chat is {chat.label.value}, and so is every message in it at least"

    def raise_to(self, chat: Chat, label: Label) -> None:
        """What stands in the composer of `chat` has at least `label` from now on."""
        chat.mark = join((label, chat.mark or self.default))

    def joined(self, label: Label, chat: Chat) -> Label:
        """`label`, or the stricter one of what stands in the composer of `chat`, where anything does."""
        return join((label, self.of_next(chat))) if chat.typed else label

    def remember(self, texts: Iterable[tuple[str, Label]]) -> None:
        """These were in view."""
        found = (text.strip() for text, label in texts if label is Label.LOCAL_ONLY)
        self._kept.update(text for text in found if text)

    def typed(self, chat: Chat, text: str) -> bool:
        """`text` stands in the composer; True where it holds a local-only text, and so became local-only itself."""
        if not self._is_copy(text) or self.of_next(chat) is Label.LOCAL_ONLY:
            return False
        self.raise_to(chat, Label.LOCAL_ONLY)
        return True

    def of_taken(self, text: str, label: Label) -> Label:
        """The label of `text`, which a person just sent with `label`: a copy is one also where nobody saw it in the composer."""
        return Label.LOCAL_ONLY if self._is_copy(text) else label

    def _is_copy(self, text: str) -> bool:
        text = text.strip()
        copied = text in self._kept or any(len(k) >= _LEAST and k in text for k in self._kept)
        return bool(text) and copied

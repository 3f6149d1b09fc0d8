"""How far the next message may travel: what a person says of it, what its chat says, and what it was made from."""

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING

from assistant.domain.attachments import Attachment, parted
from assistant.domain.sensitivity import Label, join
from assistant.domain.settings import GenerationSettings, Settings
from assistant.tui.kept import Kept
from assistant.tui.taking_in import TakingIn
from assistant.tui.turn import Chat, Running

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord

_NEXT = {
    Label.NORMAL: Label.LOCAL_ONLY,
    Label.LOCAL_ONLY: Label.PUBLIC,
    Label.PUBLIC: Label.NORMAL,
}
KEPT = "this chat has a system prompt of its own, which is local-only with it: /system clear comes first"
_MOST_TYPED = 10_000
"""Characters up to which a text is looked at with every key; a longer one is once it is sent."""


class Labels:
    """The labels of what is typed; remembers the local-only texts that were in view, so that a copy of one, or of a part, is local-only too."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        start: Callable[[Coroutine[None, None, None]], object] | None = None,
    ) -> None:
        """`settings` gives those of the moment; `start` runs a coroutine beside the screen (None: nothing is done there)."""
        self._settings = settings
        self._kept = Kept()
        self._beside = TakingIn(start)

    @property
    def default(self) -> Label:
        """The label of a message of which the person says nothing."""
        return Label(self._settings().labels.default)

    def of_next(self, chat: Chat) -> Label:
        """The label of the next message of `chat`."""
        least = chat.edit.branch.label if chat.edit else Label.PUBLIC
        return join((chat.mark or self.default, chat.label, least))

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
        if chat.edit and join((chat.label, chat.edit.branch.label)) is not chat.label:
            return f"what you edit is {chat.edit.branch.label.value}, and so is what comes of it at least"
        return f"this chat is {chat.label.value}, and so is every message in it at least"

    def why_kept(self, chat: Chat) -> str:
        """Why a local-only chat has to stay so; "" where it need not: its own system prompt is local-only with it."""
        known = (self._settings().generation.system_prompt, GenerationSettings().system_prompt)
        said = chat.instructed not in (None, Label.LOCAL_ONLY)
        return "" if said or not chat.system or chat.system in known else KEPT

    def raise_to(self, chat: Chat, label: Label) -> None:
        """What stands in the composer of `chat` has at least `label` from now on."""
        chat.mark = join((label, chat.mark or self.default))

    def joined(self, label: Label, chat: Chat) -> Label:
        """`label`, or the stricter one of what stands in the composer of `chat`, where anything does."""
        return join((label, self.of_next(chat))) if chat.typed else label

    def remember(self, texts: Iterable[tuple[str, Label]]) -> None:
        """These were in view, and may be many. Until they are remembered, what is sent counts as a copy."""
        kept = [text for text, label in texts if label is Label.LOCAL_ONLY]
        self._beside.take_in(sum(map(len, kept)), lambda: [*map(self._kept.remember, kept)])

    def known(self, texts: Iterable[str]) -> None:
        """These short ones are local-only, and about to be in view. Blocks a little: for a thread."""
        for text in texts:
            self._kept.remember(text)

    def coming(self, running: Running) -> None:
        """A reply comes: a copy of what is there of it is as strict as it is."""
        if running.asked and of_reply(running) is Label.LOCAL_ONLY:
            self._kept.come(running.asked.turn, running.text)

    def keep(self, running: Running, message: str) -> None:
        """`message` was made local-only, from which that reply comes: so is the reply, also what came of it before."""
        running.kept = True
        self.coming(running)
        if running.asked and running.asked.message.id == message:
            self._kept.remember(running.asked.message.text)

    def came(self, running: Running, record: "TurnRecord") -> None:
        """A reply is over."""
        label = Label.LOCAL_ONLY if running.kept else record.decision.label
        self.remember([(record.reply, label)])
        self._kept.came(record.turn)

    def attached(self, chat: Chat, one: Attachment, label: Label | None) -> None:
        """`one` is attached in `chat`; `label` is that of the folder where it lay (None: none is said)."""
        if label is not None:
            self._kept.label(one, label)
            self.raise_to(chat, label)
            size = len(one.text) if label is Label.LOCAL_ONLY else 0
            self._beside.take_in(size, lambda: self._kept.attached(one, label))

    def restored(self, chat: Chat, label: Label) -> None:
        """What stands in the composer of `chat` was kept with `label`, and has that again, where nobody said another one since.

        What is attached to it has that from now on, and a copy of a local-only one is so too.
        """
        chat.mark = label if chat.mark is None else join((label, chat.mark))
        self.remember([(chat.typed, label)])
        for one in parted(chat.typed)[1]:
            self._kept.label(one, label)

    def lifted(self, chat: Chat, text: str) -> None:
        """`text` was taken out of the composer of `chat` or of a sheet over it, or copied there: a copy is as strict as what is typed there."""
        self.remember([(text, self.of_next(chat))])

    def typed(self, chat: Chat, text: str) -> bool:
        """`text` stands in the composer; True where it holds of a stricter one, and so became as strict itself."""
        before = self.of_next(chat)
        if before is Label.LOCAL_ONLY:
            return False
        found = self._kept.of_files(text)
        if len(text) <= _MOST_TYPED and self._kept.holds(text):
            found = Label.LOCAL_ONLY
        if join((found, before)) is before:
            return False
        self.raise_to(chat, found)
        return True

    def of_taken(self, text: str, label: Label) -> Label:
        """The label of `text`, which a person just sent with `label`: a copy is one also where nobody saw it in the composer."""
        found = join((label, self._kept.of_files(text)))
        return Label.LOCAL_ONLY if self._beside.behind or self._kept.holds(text) else found


def of_reply(running: Running) -> Label:
    """The label of the reply that comes; the strictest until that is known."""
    decision = running.decision
    return Label.LOCAL_ONLY if running.kept or decision is None else decision.label

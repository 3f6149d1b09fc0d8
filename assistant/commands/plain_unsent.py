"""What is typed and attached in the plain chat and not sent: kept as a draft with its label, and how far it may travel."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assistant.domain.attachments import Attachment, compose, parted
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label, join

if TYPE_CHECKING:
    from assistant.wiring.house import House


class Unsent:
    """The next message of the conversation in view, and what is known of local-only texts. `chat_label` is that of the conversation."""

    def __init__(self, house: "House", where: Callable[[], str]) -> None:
        """`where` gives the id of the conversation in view, "" for an empty one."""
        from assistant.tui.kept import Kept

        self._house = house
        self._where = where
        self.mark: Label | None = None
        self.chat_label = Label.PUBLIC
        self.own = ""
        self.attached: Sequence[Attachment] = ()
        self.kept = Kept()

    @property
    def label(self) -> Label:
        """How far the next message may travel."""
        default = Label(self._house.settings.labels.default)
        return join((self.mark or default, self.chat_label, self.kept.of(self.attached)))

    @property
    def draft(self) -> str:
        """What is typed and attached, and not sent."""
        return compose(self.own, self.attached)

    def read(self) -> str:
        """Takes up what was kept in the conversation in view; gives it."""
        journal = self._house.journal
        draft = journal.draft(self._where())
        self.own, self.attached = parted(draft)
        if draft:
            # What is not known of an old draft is the strictest there is.
            self.mark = journal.draft_label(self._where()) or Label.LOCAL_ONLY
            for one in self.attached:
                self.kept.attached(one.text, self.mark)
        return draft

    def sent(self) -> None:
        """Nothing is unsent any more, as the journal knows."""
        self.own, self.attached, self.mark = "", (), None

    def note(self, text: str) -> None:
        """`text` is typed and not sent, with what is attached: a crash does not lose it. Raises: StorageError."""
        self.own = text
        whole = self.draft
        if self._house.journal.writable:
            label = Label.LOCAL_ONLY if self.kept.holds(whole) else self.label
            self._house.journal.save_draft(self._where(), whole, label)

    def attach(self, one: "Attachment", label: Label | None) -> None:
        """`one` goes with the next message, which is at least as strict as `label`. Raises: StorageError."""
        if label is not None:
            # Before the text is there: what is kept of it has the label.
            self.kept.attached(one.text, label)
            self.mark = join((label, self.mark or Label(self._house.settings.labels.default)))
        self.keep_attached((*self.attached, one))

    def keep_attached(self, those: "Sequence[Attachment]") -> None:
        """Only `those` go with the next message. Raises: StorageError."""
        self.attached = tuple(those)
        self.note(self.own)

    def forget(self) -> None:
        """Nothing is typed or attached any more. Raises: StorageError."""
        self.attached = ()
        self.note("")

    @property
    def names(self) -> str:
        """What is attached, by name."""
        return ", ".join(one_line(one.name, 100) for one in self.attached)

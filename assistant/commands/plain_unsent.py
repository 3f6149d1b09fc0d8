"""What is typed and attached in the plain chat and not sent: kept as a draft with its label, and how far it may travel."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assistant.domain.attachments import Attachment, compose, joined, parted
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label, join

if TYPE_CHECKING:
    from assistant.wiring.house import House


class Unsent:
    """The next message of the conversation in view, and what is known of local-only texts. `chat_label` is that of the conversation.

    `mark` is what the person said of the next message (None: nothing), `own` what stands for it, kept as `kept_as` says. What
    was kept before another message was typed waits aside, with its own label, until that one is sent.
    """

    def __init__(self, house: "House", where: Callable[[], str]) -> None:
        """`where` gives the id of the conversation in view, "" for an empty one."""
        from assistant.tui.kept import Kept

        self._house = house
        self._where = where
        self.mark: Label | None = None
        self.chat_label = Label.PUBLIC
        self.own = ""
        self._kept_as: Label | None = None
        self.aside = ""
        self._aside_as: Label | None = None
        self.attached: Sequence[Attachment] = ()
        self.kept = Kept()

    @property
    def label(self) -> Label:
        """How far the next message may travel."""
        return join((self._said, self.chat_label, self.kept.of(self.attached)))

    @property
    def _said(self) -> Label:
        kept_as = self._kept_as if self.own else None
        return self.mark or kept_as or Label(self._house.settings.labels.default)

    @property
    def draft(self) -> str:
        """What is typed and attached, and not sent; without what waits aside."""
        return compose(self.own, self.attached)

    def label_of(self, text: str) -> Label:
        """The label of `text`, which is said now: a copy of a local-only one is so too."""
        return Label.LOCAL_ONLY if self.kept.holds(text) else self.label

    def read(self) -> str:
        """Takes up what was kept in the conversation in view; gives it."""
        journal = self._house.journal
        draft = journal.draft(self._where())
        self.own, self.attached = parted(draft)
        self.aside, self._aside_as, self._kept_as = "", None, None
        if draft:
            # What is not known of an old draft is the strictest there is.
            label = journal.draft_label(self._where()) or Label.LOCAL_ONLY
            for one in self.attached:
                self.kept.attached(one, label)
            self._keep_as(draft, label)
        return draft

    def _keep_as(self, text: str, label: Label) -> None:
        """`text` is not sent, and `label` is its own; a local-only one stays so, whatever is said of it afterwards."""
        self.mark, self._kept_as = None, label
        if label is Label.LOCAL_ONLY:
            self.mark = label
            self.kept.remember(text)

    def begin(self) -> bool:
        """Another message is typed: what was kept before it waits aside, with its label. Whether there was anything."""
        if not self.own.strip():
            return False
        copied = Label.LOCAL_ONLY if self.kept.holds(self.own) else Label.PUBLIC
        labels = (self._aside_as, self._kept_as, self._said, self.chat_label, copied)
        self._aside_as = join(label for label in labels if label)
        self.aside = joined((self.aside, self.own))
        self.own, self._kept_as = "", None
        return True

    def withdraw(self) -> None:
        """What was typed in lines is whole, and no draft any more: what waited aside is, once something is noted."""
        self.own, self._kept_as = self.aside, self._aside_as
        self.aside, self._aside_as = "", None

    def try_to_send(self, own: str, label: Label) -> None:
        """`own` is to be sent with what is attached, as `label` says; it is kept until it is on record. Raises: StorageError."""
        self.own = own
        self._keep_as(self.draft, label)
        self.note(own)

    def sent(self, conversation: str) -> None:
        """The message is on record in `conversation`. What waited aside is kept where it was written. Raises: StorageError."""
        here = self._where()
        self.withdraw()
        self.attached, self.mark = (), None
        self._save(here, self.own, self._kept_as or Label.LOCAL_ONLY)
        if conversation != here:
            self._save(conversation, "", Label.LOCAL_ONLY)
            self.own, self._kept_as = "", None

    def moved(self, show: Callable[[], None]) -> None:
        """What is typed goes on in the conversation that `show` brings into view; what waits aside does not. Raises: StorageError."""
        before, aside, label = self._where(), self.aside, self._aside_as
        self.aside, self._aside_as = "", None
        show()
        self.note(self.own)
        if before != self._where():
            self._save(before, aside, label or Label.LOCAL_ONLY)

    def note(self, text: str) -> None:
        """`text` is typed and not sent, with what is attached: a crash does not lose it. Raises: StorageError."""
        self._kept_as = self._said if text else None
        self.own = text
        label = join((self.label_of(self.draft), self._aside_as or Label.PUBLIC))
        self._save(self._where(), joined((self.aside, self.draft)), label)

    def _save(self, conversation: str, text: str, label: Label) -> None:
        if self._house.journal.writable:
            self._house.journal.save_draft(conversation, text, label)

    def attach(self, one: "Attachment", label: Label | None) -> None:
        """`one` goes with the next message, which is at least as strict as `label`. Raises: StorageError."""
        if label is not None:
            # Before the text is there: what is kept of it has the label.
            self.kept.attached(one, label)
            self.mark = join((label, self._said))
        self.keep_attached((*self.attached, one))

    def keep_attached(self, those: "Sequence[Attachment]") -> None:
        """Only `those` go with the next message. Raises: StorageError."""
        self.attached = tuple(those)
        self.note(self.own)

    def forget(self) -> None:
        """Nothing is typed or attached any more, but for what waited aside. Raises: StorageError."""
        self.attached = ()
        self.withdraw()
        self.note(self.own)

    @property
    def names(self) -> str:
        """What is attached, by name."""
        return ", ".join(one_line(one.name, 100) for one in self.attached)

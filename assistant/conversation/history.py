"""What the engine reads of the past: a conversation's messages and its pin. The latest path is kept."""

from collections.abc import Collection

from assistant.domain.prompt import Message
from assistant.domain.sensitivity import Label, join
from assistant.ports import Journal


class History:
    """The journal, as far as a proposal needs it."""

    def __init__(self, journal: Journal) -> None:
        """Nothing is read yet."""
        self._journal = journal
        self._latest: tuple[str, tuple[Message, ...]] = ("", ())

    def path(self, head: str | None, *, anew: bool = False) -> tuple[Message, ...]:
        """The messages down to `head`; typing asks for the latest path again and again, and it may be long.

        `anew` reads it whatever is known: labels may have become stricter since, in another window too.
        """
        if head is None:
            return ()
        known, path = self._latest
        if known != head or anew:
            path = tuple(self._journal.path(head))
            # A reply that still runs, in another window perhaps, has more text the next time.
            if all(m.finish for m in path[-1:]):
                self._latest = (head, path)
        return path

    def went_on(self, head: str, path: tuple[Message, ...]) -> None:
        """A turn ended in `head`, with `path` down to it."""
        self._latest = (head, path)

    def pinned(self, conversation: str) -> str | None:
        """The route that a conversation is to stay on; None where it takes the default of the moment."""
        known = self._journal.conversation(conversation) if conversation else None
        return (known.route or None) if known else None

    def label(self, conversation: str) -> Label:
        """What everything said in a conversation carries at least."""
        known = self._journal.conversation(conversation) if conversation else None
        return known.label if known else Label.PUBLIC

    def label_now(self, conversation: str, head: str, messages: Collection[str]) -> Label:
        """The join over those of `messages` that lie on the path to `head`, as it stands: labels may have become stricter."""
        labels = [one.label for one in self.path(head, anew=True) if one.id in messages]
        return join([self.label(conversation), *labels])

"""A text area in which commands can be typed beside texts, and what is typed can be completed."""

from collections.abc import Callable

from textual import on
from textual.message import Message
from textual.widgets import TextArea

from assistant.tui.widgets.completion import Completing
from assistant.tui.widgets.folding import FoldingArea

WAIT = "the command before is not done yet"


class Commanding(FoldingArea):
    """Who makes it says what a command is, and what completes it."""

    class Commanded(Message):
        """The person pressed a key that sends, on a command; the text area is empty for what is typed next."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    is_command: Callable[[str], bool] = staticmethod(lambda _: False)
    is_leave: Callable[[str], bool] = staticmethod(lambda _: False)
    pending = False
    """Whether a command is not done yet: what was sent now might go as it would have before it."""

    def put(self, text: str) -> None:
        """As every folding area; nothing is completed in what was put there."""
        super().put(text)
        self.completing.rest()

    def command(self) -> bool:
        """Hands on the command that stands here; False where a text does. No key sends a command anywhere as a text.

        True also where a command is not done yet: the text stays, for the key to be pressed again.
        """
        if self.pending:
            self.app.notify(WAIT, timeout=3)
            return True
        found = self.is_command(self.full_text)
        if found and self.is_leave(self.full_text):
            # At once: what is typed after it is for the new chat.
            self.take()
            self.action_leave()
        elif found:
            self.pending = True
            self.post_message(self.Commanded(self.take()))
        return found

    def action_leave(self) -> None:
        """Leaves for another conversation."""

    @property
    def completing(self) -> Completing:
        """The list of what can be completed here."""
        if self._completing is None:
            self._completing = Completing(self)
        return self._completing

    _completing: Completing | None = None

    @on(TextArea.Changed)
    @on(TextArea.SelectionChanged)
    def _look(self) -> None:
        """Offers what can be completed in what stands there now."""
        self.completing.look()

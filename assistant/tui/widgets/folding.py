"""A text area in which long pastes and attachments are tokens, until they are taken out, cut or copied."""

from collections.abc import Callable

from textual import events
from textual.strip import Strip

from assistant.domain.attachments import Attachment, joined, parted
from assistant.domain.hygiene import harmless, one_line
from assistant.tui.pastes import Pastes, is_long
from assistant.tui.widgets.lifting import LiftingArea


class FoldingArea(LiftingArea):
    """What stands here is short, whatever was pasted or attached; what is taken is whole.

    `pasted` is told of short pastes.
    """

    def __init__(self, id: str, placeholder: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(
            id=id, highlight_cursor_line=False, placeholder=placeholder, max_checkpoints=200
        )
        self.cursor_blink = False
        self._pastes = Pastes()
        self.pasted: Callable[[str], object] = lambda _: None

    def render_line(self, y: int) -> Strip:
        """One row; none where no column is left, in which the text area cannot wrap its placeholder."""
        return super().render_line(y) if self.content_size.width > 0 else Strip.blank(0)

    @property
    def full_text(self) -> str:
        """What would be sent: the text with its pastes unfolded."""
        return self._pastes.unfold(self.text)

    def whole(self, shown: str) -> str:
        """What `shown`, a part of the text, would be sent as."""
        return self._pastes.unfold(shown)

    def put(self, text: str) -> None:
        """Shows `text`, made harmless, in the place of what stands there, folded where it is long; the cursor goes to its end."""
        own, found = parted(text)
        # Each for itself: the lengths of the blocks are those of harmless texts.
        self.load_text(self._pastes.shown(harmless(own), tuple(map(_harmless, found))))
        self.move_cursor(self.document.end)

    def put_over(self, text: str) -> None:
        """Puts `text` in the place of what stands there as if it had been typed: one step back brings that again."""
        own, found = parted(text)
        shown = self._pastes.tokens(harmless(own), tuple(map(_harmless, found)))
        self.move_cursor(self.replace(shown, (0, 0), self.document.end).end_location)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What is attached to the text that stands here."""
        return self._pastes.parts(self.text)[1]

    def attach(self, attachment: Attachment) -> None:
        """Puts a token for `attachment` where the cursor is."""
        self._put_in(f"{self._pastes.attach(attachment, self.text)} ")

    def take(self) -> str:
        """Empties the composer and returns what would have been sent."""
        text = self.full_text
        self.put("")
        return text

    def give_back(self, text: str) -> None:
        """Puts `text` before what stands there."""
        standing = self.full_text
        self.put(joined((text, standing)) if standing.strip() else text)

    def action_delete_left(self) -> None:
        """A folded paste goes as a whole; anything else character by character."""
        row, column = self.cursor_location
        token = self._pastes.token_around(self.document[row], column)
        if token and self.selection.is_empty:
            self._delete_via_keyboard((row, token[0]), (row, token[1]))
        else:
            super().action_delete_left()

    def action_delete_right(self) -> None:
        """The same, of what lies right of the cursor."""
        row, column = self.cursor_location
        token = self._pastes.token_around(self.document[row], column + 1)
        if token and self.selection.is_empty:
            self._delete_via_keyboard((row, token[0]), (row, token[1]))
        else:
            super().action_delete_right()

    def action_paste(self) -> None:
        """Takes what was copied last in this program, folded where it is long."""
        self.post_message(events.Paste(self.app.clipboard))

    async def _on_paste(self, event: events.Paste) -> None:
        """Only this handler sees the paste: the one of the text area would put it in as it came."""
        event.prevent_default()
        event.stop()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        own, found = parted(text)
        if found:
            # A message that was cut or copied: what was attached to it is attached again.
            attached = tuple(map(_harmless, found))
            self._put_in(self._pastes.tokens(harmless(own), attached, self.text))
            return
        text = harmless(text)
        folded = self._pastes.paste(text) if is_long(text) else text
        self._put_in(folded)
        self.pasted(text)

    def _put_in(self, text: str) -> None:
        if result := self._replace_via_keyboard(text, *self.selection):
            self.move_cursor(result.end_location)


def _harmless(one: Attachment) -> Attachment:
    name, text = one_line(one.name, 500), harmless(one.text)
    return one if (name, text) == (one.name, one.text) else Attachment(name, one.kind, text)

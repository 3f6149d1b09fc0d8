"""A text area that tells of what is taken out of it, so that a copy of it is known wherever it is put in again."""

from collections.abc import Callable

from textual.actions import SkipAction
from textual.widgets import TextArea
from textual.widgets.text_area import EditResult, Location

from assistant.tui.copies import LEAST


class LiftingArea(TextArea):
    """`lifted` is told of what is cut or copied, or goes by one key, before anybody can paste it."""

    lifted: Callable[[str], object] = staticmethod(lambda _: None)

    def whole(self, shown: str) -> str:
        """What a part of the text stands for."""
        return shown

    def _delete_via_keyboard(self, start: Location, end: Location) -> EditResult | None:
        return self._went(super()._delete_via_keyboard(start, end))

    def _replace_via_keyboard(
        self, insert: str, start: Location, end: Location
    ) -> EditResult | None:
        return self._went(super()._replace_via_keyboard(insert, start, end))

    def _went(self, result: EditResult | None) -> EditResult | None:
        """What a person takes away by one key may come back by another one, in another chat too."""
        gone = self.whole(result.replaced_text) if result else ""
        # Less, which goes key by key as well, cannot be told from other texts.
        if len(gone) >= LEAST:
            self.lifted(gone)
        return result

    def action_cut(self) -> None:
        """Takes away what is selected, or the line, and copies it whole: what stands for a text means nothing elsewhere."""
        start, end = self.selection
        cut = self._delete_cursor_line() if start == end else self._delete_via_keyboard(start, end)
        if cut is not None:
            self._copy(cut.replaced_text)

    def action_copy(self) -> None:
        """Copies what is selected, whole too."""
        if not self.selected_text:
            # The key stops a reply, where nothing is selected.
            raise SkipAction
        self._copy(self.selected_text)

    def _copy(self, shown: str) -> None:
        whole = self.whole(shown)
        self.lifted(whole)
        self.app.copy_to_clipboard(whole)

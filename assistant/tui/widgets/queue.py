"""What waits to be sent, and what may be asked again, between the conversation and the composer; else takes no room."""

from collections.abc import Sequence

from rich.cells import set_cell_size
from textual import events
from textual.content import Content
from textual.widget import Widget

from assistant.domain.attachments import headline
from assistant.domain.hygiene import one_line
from assistant.tui.keys_now import with_keys
from assistant.tui.widgets.composer import Composer

OFFER = "[[everywhere.ask_again f5]]"
"""The key that takes the offer."""

_SHOWN = 3


class Queue(Widget):
    """An offer on the first line, then one for each of the next texts; a click takes the offer or the latest text back."""

    def __init__(self) -> None:
        super().__init__(id="queue")
        self._texts: list[str] = []
        self._offer = ""
        self.display = False

    def show(self, texts: Sequence[str], offer: str = "") -> None:
        """Shows `texts` in the order in which they will be sent; `offer` is what the key of OFFER does ("": nothing)."""
        if list(texts) != self._texts or offer != self._offer:
            self._texts, self._offer = list(texts), offer
            self.display = bool(texts or offer)
            self.refresh(layout=True)

    def render(self) -> Content:
        """The offer, then at most three texts, each on a line, and how many more wait."""
        lines = [
            Content.assemble(("queued ", "$foreground-muted"), self._cut(headline(t)))
            for t in self._texts
        ]
        shown, more = lines[:_SHOWN], len(lines) - _SHOWN
        if more > 0:
            shown[-1] = Content.assemble((f"queued and {more + 1} more", "$foreground-muted"))
        if shown:
            shown[-1] = shown[-1].append(Content.styled("  ↑ edit", "$foreground-muted"))
        if self._offer:
            offer = Content.assemble(
                (f"{with_keys(self, OFFER)} ", "bold"), self._cut(self._offer, 7)
            )
            shown.insert(0, offer)
        return Content("\n").join(shown)

    def on_click(self, event: events.Click) -> None:
        """Takes the offer, or the latest text back, as their keys do."""
        if self._offer and event.y == 0:
            self.run_worker(self.app.run_action("screen.ask_again"))
        else:
            self.post_message(Composer.TakeBack())

    def _cut(self, text: str, spare: int = 20) -> str:
        width = max(8, self.size.width - spare)
        line = one_line(text, width)
        return set_cell_size(line, width).rstrip()

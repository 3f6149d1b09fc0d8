"""The consent sheet, drawn: the destination above, which never scrolls off, the text in the middle, the keys below."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from assistant.conversation.engine import Proposal
from assistant.domain.findings import NOT_FOUND
from assistant.tui.petition import Petition
from assistant.tui.screens import consent_lines
from assistant.tui.screens.consent_body import Body
from assistant.tui.screens.consent_keys import Asked, key_lines
from assistant.tui.screens.consent_terms import Bounds

CRAMPED = "a yes needs a larger window, in which all of this can be seen"

_MOST_WIDE = 104
_FRAME = 4
"""Columns of border and padding."""
_DENY = 10
"""Columns of the button and the gap beside it."""
_LEAST_ROWS = 3
"""Rows of the text below which nobody can see what they say yes to."""
_GAPS = 3


class Deny(Static, can_focus=True):
    """Has the focus; Enter and a click deny."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.deny('enter')", "deny", show=False)
    ]

    async def on_click(self) -> None:
        """Denies."""
        await self.run_action("screen.deny('click')")


class Page(NamedTuple):
    """What is on the sheet now; `said` is what went wrong last."""

    petition: Petition
    bounds: Bounds
    said: str = ""

    def asked(self, *, grants: bool) -> Asked:
        """The keys that do something, those that grant only with `grants`."""
        departure = self.petition.departure
        return Asked(
            grants=grants and self.petition.open,
            bounds=self.bounds,
            price=departure.price,
            keep_back=departure.choice.keep_back,
            tainted=departure.tainted,
            left_out=departure.choice.leave_out,
            held=len(self.petition.held) if departure.tainted else 0,
            images=bool(departure.pictures),
        )


class Sheet(Vertical):
    """As wide as the window allows; `cramped` where not all of the destination has room beside the text."""

    DEFAULT_CSS = """
    Sheet {
        height: auto; border: round $warning; border-title-color: $text-warning; border-title-style: bold;
        border-subtitle-color: $text-muted; background: $surface; padding: 0 1;
        &.-denied { border: round $error; border-title-color: $text-error; }
        & Static { height: auto; }
        & #line { color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        & .-roomy { margin: 1 0 0 0; }
        & #acts { height: auto; }
        & Deny { width: 8; margin: 0 2 0 0; background: $foreground 15%; text-style: bold; text-align: center; }
        & Deny:focus { background: $foreground; color: $surface; text-style: bold; }
        & #keys { width: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.cramped = False
        self._body = Body()
        self._laid: tuple[Proposal, int] | None = None
        self._rows: list[consent_lines.Row] = []
        self._shown: tuple[list[consent_lines.Row], ...] = ()
        self.border_title = "Send this to the cloud?"
        self.border_subtitle = "↑ ↓ read all of it · esc deny"

    def compose(self) -> ComposeResult:
        """Destination, text, what no pattern finds, the keys."""
        yield Static(id="to", markup=False)
        yield Static(id="line", markup=False)
        yield self._body
        yield Static(id="rest", markup=False)
        with Horizontal(id="acts"):
            yield Deny("Deny")
            yield Static(id="keys", markup=False)

    def show(self, page: Page, width: int, height: int) -> None:
        """Lays `page` out for a screen of that size."""
        petition = page.petition
        self.set_class(not petition.open, "-denied")
        self.styles.width = wide = min(width, _MOST_WIDE)
        inner = max(20, wide - _FRAME)
        today = datetime.fromtimestamp(petition.clock.now_ms() / 1000, UTC).date()
        head = consent_lines.head(petition, inner, today)
        body = self._text(petition, inner - 1)
        rest = consent_lines.rest([(NOT_FOUND, "note"), (page.said, "refused")], inner)
        keys = key_lines(page.asked(grants=True), inner - _DENY)
        room = height - 3 - len(head) - len(rest) - len(keys)
        self.cramped = room < _LEAST_ROWS
        if self.cramped:
            rest = consent_lines.rest([(CRAMPED, "refused")], inner)
            keys = key_lines(page.asked(grants=False), inner - _DENY)
            head = head[: max(2, height - 3 - _LEAST_ROWS - len(rest) - len(keys))]
            room = max(1, height - 3 - len(head) - len(rest) - len(keys))
        self._shown = (head, body, rest)
        self._part(room - len(body) >= _GAPS)
        self.query_one("#to", Static).update(_drawn(head))
        self.query_one("#line", Static).update(_rule(petition, inner))
        self._body.show(body, room)
        self.query_one("#rest", Static).update(_drawn(rest))
        self.query_one("#keys", Static).update(Content("\n").join(keys))

    @property
    def words(self) -> str:
        """All that can be read on it, as it is laid out."""
        rows = (row for part in self._shown for row in part)
        return "\n".join("".join(span.text for span in row) for row in rows)

    def _text(self, petition: Petition, width: int) -> list[consent_lines.Row]:
        """The text's rows; a long one is laid out once for a width."""
        if (laid := (petition.proposal, width)) != self._laid:
            self._laid, self._rows = laid, consent_lines.body(petition, width)
        return self._rows

    def _part(self, roomy: bool) -> None:
        """Where there is room the parts stand apart."""
        for part in ("#line", "#rest", "#acts"):
            self.query_one(part).set_class(roomy, "-roomy")

    def begin(self) -> None:
        """The text from its start."""
        self._body.scroll_home(animate=False)

    def walk(self, rows: int) -> None:
        """Scrolls the text by `rows`."""
        self._body.scroll_relative(y=rows, animate=False)


def _drawn(rows: Iterable[consent_lines.Row]) -> Content:
    """Rows as one text, each piece in its look."""
    parts: list[tuple[str, str]] = []
    for number, row in enumerate(rows):
        parts += [("\n", "")] if number else []
        parts += [(span.text, consent_lines.STYLES[span.look]) for span in row]
    return Content.assemble(*parts)


def _rule(petition: Petition, width: int) -> Content:
    """The line between destination and text: what leaves at its left, what stays at its right."""
    leaves, stays = consent_lines.title(petition)
    gap = max(1, width - len(leaves) - len(stays) - 5)
    bold = "bold $text"
    return Content.assemble("── ", (leaves, bold), " " + "─" * gap + " ", (stays, bold))

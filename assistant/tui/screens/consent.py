"""The consent sheet: where a text would go, what leaves to the byte, what stays; no key but a grant's own says yes."""

import functools
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.domain.errors import AssistantError
from assistant.domain.findings import NOT_FOUND
from assistant.domain.hygiene import one_line
from assistant.domain.terms import Span
from assistant.tui.petition import Answer, Petition
from assistant.tui.screens import consent_lines
from assistant.tui.screens.consent_keys import Asked, deny_text, key_lines
from assistant.tui.screens.consent_terms import Bounds

DEAF_MS = 400.0
"""So long no key does anything once the sheet opens or says something else: what is typed on must not answer it."""

LEAST = (60, 20)
"""Columns and rows below which nobody can see what they say yes to."""

_MOST_WIDE = 104
_FRAME = 4
"""Columns of border and padding."""
_LEAST_ROWS = 3
_ROOMY = 3
_KEYS: dict[str, Span] = {
    "o": Span.ONCE,
    "m": Span.WHILE,
    "c": Span.CONVERSATION,
    "d": Span.UNTIL,
}


class Deny(Static, can_focus=True):
    """Has the focus; Enter and a click deny."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.deny('enter')", "deny", show=False)
    ]

    async def on_click(self) -> None:
        """Denies."""
        await self.run_action("screen.deny('click')")


class ConsentScreen(ModalScreen[Answer]):
    """Ends with what the person said of what they were shown last."""

    CSS = """
    ConsentScreen { align: center middle; }
    ConsentScreen #sheet {
        height: auto; border: round $warning; border-title-color: $text-warning; border-title-style: bold;
        border-subtitle-color: $text-muted; background: $surface; padding: 0 1;
    }
    ConsentScreen #sheet.-denied { border: round $error; border-title-color: $text-error; }
    ConsentScreen Static { height: auto; }
    ConsentScreen #line, ConsentScreen #rest { color: $text-muted; }
    ConsentScreen #line { text-wrap: nowrap; text-overflow: ellipsis; }
    ConsentScreen #leaves {
        background: $surface; scrollbar-size-vertical: 1; scrollbar-background: $surface;
        scrollbar-color: $foreground 30%; scrollbar-color-hover: $foreground 50%;
    }
    ConsentScreen .-roomy { margin: 1 0 0 0; }
    ConsentScreen #acts { height: auto; }
    ConsentScreen Deny { width: 8; margin: 0 2 0 0; background: $foreground 15%; text-style: bold; text-align: center; }
    ConsentScreen Deny:focus { background: $foreground; color: $surface; text-style: bold; }
    ConsentScreen #keys { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "deny('escape')", "deny"),
        *(Binding(key, f"grant('{key}')", span.value) for key, span in _KEYS.items()),
        Binding("e", "day", "another day", show=False),
        Binding("b", "budget", "budget", show=False),
        Binding("f", "fallback", "by itself after a failure", show=False),
        Binding("r", "keep_back", "what is kept back", show=False),
        Binding("l", "leave_out", "leave out, take in", show=False),
        Binding("x", "let_go", "let a message go", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
        Binding("home", "scroll(-100000)", "start", show=False),
        Binding("end", "scroll(100000)", "end", show=False),
    ]
    AUTO_FOCUS = "Deny"

    def __init__(self, petition: Petition) -> None:
        super().__init__()
        self._petition = petition
        self._bounds = Bounds()
        self._said = ""
        self._busy = False
        self._awake_ms = float("inf")

    def compose(self) -> ComposeResult:
        """Destination, text, what no pattern finds, the keys."""
        with Vertical(id="sheet") as sheet:
            sheet.border_title = "Send this to the cloud?"
            sheet.border_subtitle = "↑ ↓ read all of it · esc deny"
            yield Static(id="to")
            yield Static(id="line")
            with VerticalScroll(id="leaves", can_focus=False):
                yield Static(id="text")
            yield Static(id="rest")
            with Horizontal(id="acts"):
                yield Deny(deny_text())
                yield Static(id="keys")

    def on_mount(self) -> None:
        """Nothing typed before counts."""
        self._changed()

    def on_resize(self, event: events.Resize) -> None:
        """Lays out for another size."""
        self._lay_out(event.size.width, event.size.height)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """No key does anything while the sheet is new; none but a no while it is prepared anew."""
        if self._petition.clock.monotonic_ms() < self._awake_ms:
            return False
        if action == "grant":
            return self._petition.open and not self._busy and not self._cramped
        return action in ("deny", "scroll") or not self._busy

    # What is shown.

    @property
    def _cramped(self) -> bool:
        return self.size.width < LEAST[0] or self.size.height < LEAST[1]

    def _changed(self, said: str = "") -> None:
        """Another text is on the sheet: keys are dead for a while, and it is read from its start."""
        self._awake_ms = self._petition.clock.monotonic_ms() + DEAF_MS
        self._said = said
        self.query_one("#leaves", VerticalScroll).scroll_home(animate=False)
        self._lay_out(*self.size)

    def _lay_out(self, width: int, height: int) -> None:
        petition = self._petition
        sheet = self.query_one("#sheet")
        sheet.set_class(not petition.open, "-denied")
        sheet.styles.width = wide = min(width, _MOST_WIDE)
        inner = max(20, wide - _FRAME)
        today = datetime.fromtimestamp(petition.clock.now_ms() / 1000, UTC).date()
        head = consent_lines.head(petition, inner, today)
        rest = consent_lines.rest(self._rest(), inner)
        keys = key_lines(self._asked(), inner - 10)
        body = consent_lines.body(petition, inner - 1)
        room = height - 3 - len(head) - len(rest) - len(keys)
        # Where there is room the parts stand apart.
        roomy = room - len(body) >= _ROOMY
        room -= _ROOMY if roomy else 0
        for part in ("#line", "#rest", "#acts"):
            self.query_one(part).set_class(roomy, "-roomy")
        if room < _LEAST_ROWS:
            head, room = head[:2], max(1, height - 5 - len(rest) - len(keys))
        self.query_one("#to", Static).update(_drawn(head))
        self.query_one("#line", Static).update(_rule(petition, inner))
        self.query_one("#text", Static).update(_drawn(body))
        self.query_one("#leaves").styles.height = max(1, min(len(body), room))
        self.query_one("#rest", Static).update(_drawn(rest))
        self.query_one("#keys", Static).update(Content("\n").join(keys))

    def _rest(self) -> list[tuple[str, str]]:
        said = [(self._said, "refused")] if self._said else []
        if self._cramped:
            said = [(f"a yes needs a window of {LEAST[0]}x{LEAST[1]} at least", "refused")]
        return [(NOT_FOUND, "note"), *said]

    def _asked(self) -> Asked:
        departure = self._petition.departure
        return Asked(
            grants=self._petition.open and not self._cramped,
            bounds=self._bounds,
            price=departure.price,
            keep_back=departure.choice.keep_back,
            tainted=departure.tainted,
            left_out=departure.choice.leave_out,
            held=len(self._petition.held) if departure.tainted else 0,
        )

    # What the person does.

    def action_scroll(self, rows: int) -> None:
        """Scrolls the text; the destination stays."""
        self.query_one("#leaves", VerticalScroll).scroll_relative(y=rows, animate=False)

    def action_deny(self, key: str) -> None:
        """No."""
        self.dismiss(Answer(None, f"key {key}, consent sheet"))

    def action_grant(self, key: str) -> None:
        """Yes, for so long as the key says; a day has to be named first."""
        span, price = _KEYS[key], self._petition.departure.price
        if span is Span.UNTIL and self._bounds.until is None:
            self.action_day()
            return
        now_ms = self._petition.clock.now_ms()
        terms = self._bounds.terms(span, now_ms, price)
        try:
            terms.limits(now_ms)
        except AssistantError as error:
            self._changed(str(error))
            return
        self.dismiss(Answer(terms, f"key {key}, consent sheet"))

    def action_fallback(self) -> None:
        """Whether a message may go there by itself where a local route fails."""
        self._take(self._bounds.turned())

    def action_budget(self) -> None:
        """Asks for the most requests and the most money."""
        price = self._petition.departure.price
        money = f", and the most money in {price.currency}: 100, 0.50" if price else ""
        about = f"The most requests{money}. For a grant of more than one message."
        self._ask("Budget", about, self._bounds.line, lambda t: self._bounds.with_line(t, price))

    def action_day(self) -> None:
        """Asks for the last day."""
        now_ms = self._petition.clock.now_ms()
        week = datetime.fromtimestamp(now_ms / 1000).astimezone().date() + timedelta(days=7)
        about = "The last day of the grant, at most 30 days from now. Nothing is granted yet."
        day = (self._bounds.until or week).isoformat()
        self._ask("Until which day?", about, day, lambda t: self._bounds.with_day(t, now_ms))

    def action_keep_back(self) -> None:
        """Keeps back more, or less."""
        self.run_worker(self._prepare(self._petition.keep_back))

    def action_leave_out(self) -> None:
        """Leaves out what must stay, or takes it in again."""
        if self._petition.departure.tainted:
            self.run_worker(self._prepare(self._petition.leave_out))

    async def action_let_go(self) -> None:
        """Lets one message that must stay go further, for a typed reason."""
        if self._petition.departure.tainted and self._petition.held:
            self.run_worker(self._let_go())

    def _ask(self, title: str, about: str, value: str, take: Callable[[str], Bounds]) -> None:
        """Asks for a line that changes the bounds."""
        from assistant.tui.screens.one_line import LineScreen

        def check(text: str) -> str:
            try:
                take(text)
            except AssistantError as error:
                return str(error)
            return ""

        def took(text: str | None) -> None:
            self._take(self._bounds if text is None else take(text))

        self.app.push_screen(LineScreen(title, about, value, check), took)

    def _take(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._changed()

    async def _let_go(self) -> None:
        from assistant.tui.screens.held_message import HeldMessageScreen
        from assistant.tui.screens.one_line import LineScreen

        held = self._petition.held
        message: str | None = held[0].id
        if len(held) > 1:
            message = await self.app.push_screen_wait(HeldMessageScreen(held))
        chosen = next((m for m in held if m.id == message), None)
        if chosen is None:
            self._changed()
            return
        about = f"Why may it leave? It goes on record. “{one_line(chosen.text, 120)}”"
        line = LineScreen("Let this message go", about, "", _reason_missing)
        reason = await self.app.push_screen_wait(line)
        if reason:
            await self._prepare(functools.partial(self._petition.let_go, chosen.id, reason))
        else:
            self._changed()

    async def _prepare(self, prepare: Callable[[], Awaitable[None]]) -> None:
        """Has the send prepared anew, and shows it."""
        self._busy, said = True, ""
        try:
            await prepare()
        except AssistantError as error:
            said = str(error)
        self._busy = False
        self._changed(said)


def _reason_missing(text: str) -> str:
    return "" if text else "it goes further only for a reason"


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
    return Content.assemble(
        "── ", (leaves, "bold $text"), " " + "─" * gap + " ", (stays, "bold $text")
    )

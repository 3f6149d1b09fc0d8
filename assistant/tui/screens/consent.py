"""The consent sheet: where a text would go, what leaves to the byte, what stays; no key but a grant's own says yes."""

import functools
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from assistant.domain.attachments import headline
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.domain.terms import Span
from assistant.tui.petition import Answer, Petition
from assistant.tui.screens.consent_sheet import Page, Sheet
from assistant.tui.screens.consent_terms import Bounds
from assistant.tui.screens.hushed import HushedSheet

_KEYS: dict[str, Span] = {
    "o": Span.ONCE,
    "m": Span.WHILE,
    "c": Span.CONVERSATION,
    "d": Span.UNTIL,
}
_BOUNDS = ("grant", "budget", "fallback", "day")


class ConsentScreen(HushedSheet[Answer]):
    """Ends with what the person said of what they were shown last."""

    CSS = "ConsentScreen { align: center middle; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "deny('escape')", "deny"),
        *(Binding(key, f"alone('grant', '{key}')", span.value) for key, span in _KEYS.items()),
        Binding("e", "day", "another day", show=False),
        Binding("b", "budget", "budget", show=False),
        Binding("f", "fallback", "by itself after a failure", show=False),
        Binding("r", "prepare('keep_back')", "what is kept back", show=False),
        Binding("l", "prepare('leave_out')", "leave out, take in", show=False),
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
        super().__init__(petition.clock)
        self._petition = petition
        self._sheet = Sheet()
        self._bounds = Bounds()
        self._said = ""
        self._busy = False

    def compose(self) -> ComposeResult:
        """Destination, text, what no pattern finds, the keys."""
        yield self._sheet

    def on_mount(self) -> None:
        """Nothing typed before counts."""
        self._changed()

    def on_resize(self, event: events.Resize) -> None:
        """Lays out for another size; what could not be read before is new."""
        cramped = self._sheet.cramped
        self._show(event.size.width, event.size.height)
        if cramped and not self._sheet.cramped:
            self._changed(self._said)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key does anything while the sheet is new; none but a no while it is prepared anew."""
        if action == "alone" or self.deaf:
            return super().check_action(action, parameters)
        # A yes to an image is for its one message: nothing else can be granted or bounded.
        if self._petition.departure.pictures and action in _BOUNDS and parameters != ("o",):
            return False
        if action == "grant":
            return self._petition.open and not self._busy and not self._sheet.cramped
        return action in ("deny", "scroll") or not self._busy

    def _changed(self, said: str = "") -> None:
        """Another text is on the sheet: keys are dead for a while, and it is read from its start."""
        self.hush()
        self._said = said
        self._sheet.begin()
        self._show(*self.size)

    def _show(self, width: int, height: int) -> None:
        self._sheet.show(Page(self._petition, self._bounds, self._said), width, height)

    # What the person does.

    def action_scroll(self, rows: int) -> None:
        """Scrolls the text; the destination stays."""
        self._sheet.walk(rows)

    def action_deny(self, key: str) -> None:
        """No."""
        self.dismiss(Answer(None, f"key {key}, consent sheet", self._sheet.words))

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
        self.dismiss(Answer(terms, f"key {key}, consent sheet", self._sheet.words))

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

    def action_prepare(self, what: str) -> None:
        """Keeps back more, or less (`keep_back`); leaves out what must stay, or takes it in again (`leave_out`)."""
        petition = self._petition
        if what == "keep_back" or petition.departure.tainted:
            self._busy = True
            keep_back = what == "keep_back"
            self.run_worker(self._prepare(petition.keep_back if keep_back else petition.leave_out))

    def action_let_go(self) -> None:
        """Lets one message that must stay go further, for a typed reason."""
        if self._petition.departure.tainted and self._petition.held:
            self._busy = True
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
        reason: str | None = None
        if chosen is not None:
            about = f"Why may it leave? It goes on record. “{one_line(headline(chosen.text), 120)}”"
            line = LineScreen("Let this message go", about, "", _reason_missing)
            reason = await self.app.push_screen_wait(line)
        if chosen is not None and reason:
            await self._prepare(functools.partial(self._petition.let_go, chosen.id, reason))
        else:
            self._busy = False
            self._changed()

    async def _prepare(self, prepare: Callable[[], Awaitable[None]]) -> None:
        """Has the send prepared anew, and shows it."""
        said = ""
        try:
            await prepare()
        except AssistantError as error:
            said = str(error)
        self._busy = False
        self._changed(said)


def _reason_missing(text: str) -> str:
    return "" if text else "it goes further only for a reason"

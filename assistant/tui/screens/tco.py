"""The screen of the comparison over years: inputs on the left, both sides and where they meet on the right, reckoned at each key."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Static

from assistant.domain.errors import AssistantError
from assistant.domain.exchange import Exchange
from assistant.domain.tco import reckon
from assistant.domain.tco_inputs import GUIDE, THE_REST, Inputs
from assistant.domain.tco_measured import fill
from assistant.domain.tco_mine import mine
from assistant.domain.tco_prices import ListPrice, at_list_prices, with_price
from assistant.domain.tco_sensitivity import sensitivity
from assistant.ports.comparing import Comparing
from assistant.tui.actions import named
from assistant.tui.keys_now import with_keys
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.screens.tco_fields import HEIGHT, WIDTH, TcoFields
from assistant.tui.screens.tco_page import graph_of, list_text, result_text, sensitivity_text
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.meters import glyphs_for
from assistant.tui.widgets.plot import Plot

WIDE: Final = 110
"""From this width on the plot stands beside the fields."""

_MOST_LEVERS: Final = 9
HINTS: Final = "↑↓ field · ←→ step · type a number · [[tco.guide g]] guide · [[tco.ask_mine m]] my machine · [[tco.ask_telemetry t]] telemetry · [[tco.price p]] real prices · esc back"  # fmt: skip
NARROW_HINTS: Final = "↑↓ ←→ 0-9 · [[tco.guide g]] guide · [[tco.ask_mine m]] mine · [[tco.ask_telemetry t]] telemetry · [[tco.price p]] prices · pgdn · esc"
ABOUT_GUIDE: Final = (
    "The guide's example. 800 a million tokens is far above list prices. The guide prints 142,560 for the cloud: "
    "its tokens slipped by ten."
)
NO_WORLD: Final = "neither prices nor telemetry are at hand here"


class TcoScreen(SheetScreen[bool]):
    """Begins with the guide's example, or with `inputs`. Ends with False."""

    CSS = f"""
    TcoScreen {{ align: center middle; }}
    TcoScreen #sheet {{
        width: 100%; max-width: 140; height: 100%; max-height: 48;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }}
    TcoScreen #page {{
        layout: grid; grid-size: 2; grid-columns: {WIDTH} 1fr; grid-gutter: 0 2; height: 1fr;
        grid-rows: {HEIGHT} 14 auto auto; scrollbar-size-vertical: 1; background: $surface;
        scrollbar-color: $foreground 20%; scrollbar-background: $surface;
    }}
    TcoScreen #page Static {{ height: auto; }}
    TcoScreen Plot, TcoScreen #levers, TcoScreen #listed {{ column-span: 2; margin: 1 0 0 0; }}
    TcoScreen Plot {{ height: 13; }}
    TcoScreen #about {{ height: auto; max-height: 3; color: $text-muted; }}
    TcoScreen #about.-wrong {{ color: $text-error; }}
    TcoScreen.-wide #page {{ grid-rows: 11 1fr 12; }}
    TcoScreen.-wide TcoFields {{ row-span: 2; }}
    TcoScreen.-wide Plot, TcoScreen.-wide #levers, TcoScreen.-wide #listed {{ column-span: 1; }}
    TcoScreen.-wide Plot {{ height: 100%; margin: 0; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
        Binding("g", "guide", "the guide's example"),
        Binding("m", "ask('mine')", "my machine"),
        Binding("t", "ask('telemetry')", "as measured here"),
        Binding("p", "price", "the next real price"),
        Binding("pagedown", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-1)", "up", show=False),
    ]
    BINDINGS = named("tco", BINDINGS)

    def __init__(self, world: Callable[[], Comparing] | None, inputs: Inputs = GUIDE) -> None:
        """`world` gives prices, rates and what was measured; it is called in a thread, once (None: there are none)."""
        super().__init__()
        self._make = world
        self._world: Comparing | None = None
        self._inputs = inputs
        self._prices: Sequence[ListPrice] = ()
        self._exchange = Exchange(inputs.currency)
        self._priced = -1
        self._glyphs = glyphs_for(os.environ)
        self._about = ABOUT_GUIDE if inputs == GUIDE else THE_REST
        self.fields = TcoFields(inputs)
        self.plot = Plot(glyphs=self._glyphs)
        self._result, self._levers, self._listed, self._said = (
            Static("", id=name, markup=False) for name in ("result", "levers", "listed", "about")
        )
        self._page = VerticalScroll(self.fields, self._result, self.plot, self._levers, self._listed, id="page", can_focus=False)  # fmt: skip
        self._sheet = Vertical(self._page, self._said, id="sheet")

    def compose(self) -> ComposeResult:
        """Fields, both sides, plot, sensitivity, list prices; what is to be said of them below."""
        yield self._sheet

    def on_mount(self) -> None:
        """Reads the prices."""
        self.fields.focus()
        self._say(self._about)
        self.run_worker(self._read())

    async def _read(self) -> None:
        if self._make is None:
            return
        try:
            world = self._world = await asyncio.to_thread(self._make)
            self._prices = await asyncio.to_thread(world.list_prices)
            self._exchange = world.exchange()
        except AssistantError as error:
            self._say(str(error), wrong=True)
        self._draw()

    def on_resize(self) -> None:
        """Lays out for another size."""
        wide = self.size.width >= WIDE
        self.set_class(wide, "-wide")
        self._sheet.border_subtitle = titled(with_keys(self, HINTS if wide else NARROW_HINTS))
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        """Reckons everything anew: a few milliseconds."""
        result = reckon(self._inputs)
        listed = at_list_prices(self._inputs, self._prices, self._exchange)
        wide = self.has_class("-wide")
        years = int(self._inputs.years)
        span = "1 year" if years == 1 else f"{years} years"
        self._sheet.border_title = titled(f"Over {span}: edge or cloud")
        _put(self._result, lambda width: result_text(result, listed, width))
        most = _MOST_LEVERS if wide else len(self._inputs.__slots__)
        levers = sensitivity(result)
        _put(self._levers, lambda width: sensitivity_text(levers, width, self._glyphs, most))
        assumed = self._inputs.split_assumed
        _put(self._listed, lambda width: list_text(listed, width, assumed=assumed))
        self.plot.graph = graph_of(result, listed)

    @on(TcoFields.Changed)
    def _changed(self, event: TcoFields.Changed) -> None:
        self._take(event.inputs, self._about if self._priced < 0 else "")

    @on(TcoFields.Moved)
    def _follow(self, event: TcoFields.Moved) -> None:
        """The fields are the first thing on the page, so their lines are its lines."""
        self._page.scroll_to_region(Region(0, event.row, 1, 1), animate=False, force=True)

    @on(TcoFields.Said)
    def _heard(self, event: TcoFields.Said) -> None:
        self._say(event.text or self._about, wrong=bool(event.text))

    def _take(self, inputs: Inputs, about: str) -> None:
        self._inputs = inputs
        self._about = THE_REST if about in ("", ABOUT_GUIDE) and inputs != GUIDE else about
        self._say(self._about)
        self._draw()

    def _show(self, inputs: Inputs, about: str) -> None:
        self.fields.show(inputs)
        self._inputs, self._about = inputs, about
        self._say(about)
        self._draw()

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self._said.set_class(wrong, "-wrong")
        self._said.update(with_keys(self, text))

    def action_guide(self) -> None:
        """The guide's example, as it was."""
        self._priced = -1
        self._show(GUIDE, ABOUT_GUIDE)

    def action_price(self) -> None:
        """The next list price that is known in the place of the cloud's."""
        known = []
        for price in self._prices:
            try:
                known.append((price, with_price(self._inputs, price, self._exchange)))
            except AssistantError:
                continue  # why it is not known stands beside it on the screen
        if not known:
            self._say("no list price is known of what you compare with (costs.compare)", wrong=True)
            return
        self._priced = (self._priced + 1) % len(known)
        price, inputs = known[self._priced]
        self._show(inputs, f"the cloud's price is that of {price.name} by the list; it is not the same model · [[tco.price p]] the next")  # fmt: skip

    def action_ask(self, what: str) -> None:
        """Fills the fields with what the world says: "mine" of this machine, "telemetry" of what was measured on it."""
        if self._world is None:
            self._say(NO_WORLD, wrong=True)
        else:
            self.run_worker(self._fill(self._world, QUESTIONS[what]), exclusive=True)

    async def _fill(self, world: Comparing, question: "Question") -> None:
        try:
            inputs, notes = await asyncio.to_thread(question, world, self._inputs)
        except AssistantError as error:
            self._say(str(error), wrong=True)
            return
        self._show(inputs, " · ".join(notes))

    def action_scroll(self, by: int) -> None:
        """Pages through what has no room."""
        if by > 0:
            self._page.scroll_page_down(animate=False)
        else:
            self._page.scroll_page_up(animate=False)

    def action_leave(self) -> None:
        """Drops what is typed, else goes back."""
        if not self.fields.drop():
            self.dismiss(False)


Question = Callable[[Comparing, Inputs], tuple[Inputs, tuple[str, ...]]]
"""What the world is asked, with the inputs as they stand; it gives new ones and what is to be said of them."""


def _mine(world: Comparing, _inputs: Inputs) -> tuple[Inputs, tuple[str, ...]]:
    return mine(world.keeping(), world.list_prices(), world.exchange())


def _measured(world: Comparing, inputs: Inputs) -> tuple[Inputs, tuple[str, ...]]:
    return fill(inputs, world.measured(None), world.per_kwh(inputs.currency))


QUESTIONS: Final[Mapping[str, Question]] = {"mine": _mine, "telemetry": _measured}


def _put(place: Static, text: Callable[[int], Content]) -> None:
    place.update(text(max(24, place.content_size.width)))


def open_tco(app: App[int], world: Callable[[], Comparing] | None) -> None:
    """Opens it over what is on the screen, once; `world` as TcoScreen takes it (Services.comparing)."""
    if not isinstance(app.screen, TcoScreen):
        app.push_screen(TcoScreen(world))

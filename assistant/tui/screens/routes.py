"""The routes: which there are, whether each can be asked now and why, and which one this chat is kept on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from assistant.domain.hygiene import one_line
from assistant.domain.places import SHORT_NAMES, Place
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen

if TYPE_CHECKING:
    from assistant.domain.routing import RouteState

COLOURS = {
    Place.THIS_MACHINE: "$text-success",
    Place.THIS_NETWORK: "$text-primary",
    Place.CLOUD: "$text-warning",
}
"""The colour of each place, which always stands behind its word."""

_WHY = 300


def route_head(state: "RouteState") -> Content:
    """Where a route runs, its name, its model, and whether it can be asked."""
    elsewhere = " · another machine" if state.place is Place.THIS_NETWORK else ""
    return Content.assemble(
        (SHORT_NAMES[state.place], COLOURS[state.place]),
        elsewhere,
        " · ",
        (one_line(state.id, 40), "bold"),
        f" · {one_line(state.model or '—', 60)} · ",
        ("ready", "") if state.ready else ("not ready", "bold"),
    )


class RouteScreen(SheetScreen[str]):
    """Ends with the id of the route that was chosen, "" for the default of the moment."""

    CSS = """
    RouteScreen { align: center middle; }
    RouteScreen OptionList {
        width: 84; max-width: 98%; height: auto; max-height: 90%;
        border: round $foreground 60%; background: $surface; padding: 0 1; scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+r", "leave", "as it was"),
    ]
    BINDINGS = named("routes", BINDINGS)

    def __init__(self, states: "Sequence[RouteState]", pinned: str, *, cloud: bool = False) -> None:
        """`pinned` is the route that the chat is kept on now ("": the default of the moment).

        With `cloud` it is cloud routes that can be chosen, for what a person sends there by a key.
        """
        super().__init__()
        self._states = states
        self._pinned = pinned
        self._cloud = cloud

    def compose(self) -> ComposeResult:
        """The default of the moment, then every route; what cannot be asked now can be read, not chosen."""
        found = OptionList(*self._options(), markup=False)
        found.border_title = "Which cloud route?" if self._cloud else "Route of this chat"
        found.border_subtitle = "enter choose · esc as it was"
        ids = [*([] if self._cloud else [""]), *(state.id for state in self._states)]
        found.highlighted = ids.index(self._pinned) if self._pinned in ids else 0
        yield found

    def _options(self) -> list[Option]:
        if self._cloud:
            return [self._option(state) for state in self._states]
        default = next((s for s in self._states if s.ready and s.place is Place.THIS_MACHINE), None)
        now = f"now {one_line(default.id, 40)}" if default else "none is ready now"
        about = f"The default of the moment: {now}\n{self._mark('')}the HAT where it is ready, else the processor"
        return [Option(about, id="default"), *(self._option(state) for state in self._states)]

    def _option(self, state: "RouteState") -> Option:
        why = Content.styled(
            f"\n{self._mark(state.id)}{one_line(state.why, _WHY)}", "$foreground-muted"
        )
        disabled = not state.ready or (state.place is Place.CLOUD) is not self._cloud
        return Option(
            Content.assemble(route_head(state), why), id=f"route-{state.id}", disabled=disabled
        )

    def _mark(self, route: str) -> str:
        return "  kept on it · " if route == self._pinned else "  "

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss((event.option_id or "default").removeprefix("route-").removeprefix("default"))

    def action_leave(self) -> None:
        """Changes nothing: the screen ends without a route."""
        self.dismiss()

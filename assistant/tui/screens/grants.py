"""The consent screen: every grant with what is left of it and what it let out; one key takes one back, one takes all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.conversation.engine import Engine
from assistant.domain.consent import Grant, Standing, State
from assistant.domain.errors import AssistantError
from assistant.domain.grant_words import left_words, let_out_words, reach_words, state_words
from assistant.domain.hygiene import harmless, one_line
from assistant.tui.actions import named
from assistant.tui.keys_now import with_keys
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled

_MOST_SHOWN = 100
"""Grants on the screen, but every live one; `assistant consent list --all` has them all."""

Row = tuple[Grant, Standing]

ALL_HERE = "LOCAL ONLY · no grant is live, so nothing goes to the cloud"
OFFLINE = "OFFLINE · nothing leaves this machine until you lift it · l"

_KEYS = "[[grants.revoke r]] take back · f9 take all back, go offline · [[grants.outbox o]] outbox · esc close"


class GrantsScreen(SheetScreen[str]):
    """Ends with "outbox" where the person wants to see that, else with ""."""

    CSS = """
    GrantsScreen { align: center middle; }
    GrantsScreen Vertical {
        width: 100; max-width: 98%; height: auto; max-height: 95%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    GrantsScreen Static { height: auto; padding: 0 0 1 0; }
    GrantsScreen OptionList {
        height: auto; max-height: 100%; border: none; background: $surface; padding: 0; scrollbar-size-vertical: 1;
        background-tint: $foreground 0%;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f4", "leave", "close"),
        Binding("r", "revoke", "take this grant back"),
        Binding("l", "lift", "lift offline"),
        Binding("o", "outbox", "all that ever left"),
    ]
    BINDINGS = named("grants", BINDINGS)

    def __init__(self, engine: Engine, now_ms: Callable[[], int]) -> None:
        """`now_ms` gives Unix time."""
        super().__init__()
        self._engine = engine
        self._now_ms = now_ms
        self._rows: Sequence[Row] = ()

    def compose(self) -> ComposeResult:
        """What holds now, then the grants: those that live, then the others, the newest first."""
        with Vertical() as box:
            box.border_title = "Consent"
            box.border_subtitle = titled(with_keys(self, _KEYS))
            yield Static("", markup=False)
            yield OptionList(markup=False)

    async def on_mount(self) -> None:
        """Reads them."""
        await self.look()

    async def look(self) -> None:
        """Reads the grants anew; they may have lapsed, or another window may have changed them."""
        try:
            offline, self._rows = await asyncio.to_thread(self._read)
        except AssistantError as error:
            self.query_one(Static).update(Content.styled(harmless(str(error)), "$text-error"))
            return
        self.query_one(Static).update(self._head(offline))
        found = self.query_one(OptionList)
        highlighted = found.highlighted
        found.clear_options()
        found.add_options([Option(self._line(row), id=row[0].id) for row in self._rows])
        if self._rows:
            found.highlighted = min(highlighted or 0, len(self._rows) - 1)

    def _read(self) -> tuple[bool, Sequence[Row]]:
        border = self._engine.border
        border.sweep()
        consents = border.world.consents
        live = list(consents.given())
        known = {grant.id for grant, _ in live}
        others = [grant for grant, _ in consents.all() if grant.id not in known]
        shown = others[: max(0, _MOST_SHOWN - len(live))]
        return border.offline, [*live, *((grant, consents.standing(grant.id)) for grant in shown)]

    def _head(self, offline: bool) -> Content:
        if offline:
            return Content.styled(OFFLINE, "bold $text-error")
        live = sum(standing.state is State.GIVEN for _, standing in self._rows)
        if not live:
            return Content.styled(ALL_HERE, "bold $text-success")
        words = "1 grant is live" if live == 1 else f"{live} grants are live"
        return Content.styled(f"CLOUD · {words}", "bold $text-warning")

    def _line(self, row: Row) -> Content:
        grant, standing = row
        live = standing.state is State.GIVEN
        names = f"{one_line(grant.facts.route, 40)} · {one_line(grant.model, 40)}"
        state = (state_words(standing), "bold $text-warning" if live else "$foreground-muted")
        left = left_words(grant, standing, self._now_ms()) if live else f"code {grant.receipt_code}"
        return Content.assemble(
            (names, "bold" if live else ""), " · ", state, f" · {left}\n",
            (f"  {reach_words(grant)} · let out {let_out_words(standing)}", "$foreground-muted"),
        )  # fmt: skip

    async def action_revoke(self) -> None:
        """Takes the highlighted grant back; a stream under it is cut."""
        at = self.query_one(OptionList).highlighted
        if at is None or self._rows[at][1].state is not State.GIVEN:
            self.notify("that grant is not live", timeout=3)
            return
        await self._do(self._engine.revoke(self._rows[at][0].id, "key r, consent screen"))

    async def action_lift(self) -> None:
        """Ends offline; no grant comes back."""
        await self._do(self._engine.lift())

    async def _do(self, act: Awaitable[None]) -> None:
        try:
            await act
        except AssistantError as error:
            self.notify(str(error), severity="error", timeout=12, markup=False)
        await self.look()

    def action_outbox(self) -> None:
        """Shows all that ever left."""
        self.dismiss("outbox")

    def action_leave(self) -> None:
        """Closes."""
        self.dismiss("")

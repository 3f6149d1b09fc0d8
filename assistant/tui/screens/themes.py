"""The themes: each is tried on as it is highlighted; enter keeps it, escape brings the old one back."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen


class ThemeScreen(SheetScreen[bool]):
    """Narrow, at the right: what it changes stays in sight."""

    CSS = """
    ThemeScreen { align: right top; background: $background 0%; }
    ThemeScreen OptionList {
        width: 38; max-width: 95%; height: 100%; max-height: 30;
        border: round $foreground 60%; background: $surface; padding: 0 1; scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "the old theme")]
    BINDINGS = named("themes", BINDINGS)

    def __init__(self, keep: Callable[[str], str]) -> None:
        """`keep` writes a theme's name into the settings and returns what is wrong, "" where nothing is."""
        super().__init__()
        self._keep = keep
        self._before = ""

    def compose(self) -> ComposeResult:
        """All themes by name, dark or light said."""
        self._before = self.app.theme
        themes = self.app.available_themes
        names = sorted(themes)
        found = OptionList(*(self._option(name) for name in names), markup=False)
        found.border_title = "Theme"
        found.border_subtitle = "enter keep · esc the old one"
        found.highlighted = names.index(self._before)
        yield found

    def _option(self, name: str) -> Option:
        kind = "dark" if self.app.available_themes[name].dark else "light"
        now = " · now" if name == self._before else ""
        return Option(
            Content.assemble(f"{name}  ", (f"{kind}{now}", "$foreground-muted")), id=f"theme-{name}"
        )

    @on(OptionList.OptionHighlighted)
    def _try_on(self, event: OptionList.OptionHighlighted) -> None:
        # Keys come faster than the list tells what they did: who left has left.
        if self.is_current:
            self.app.theme = self._theme(event.option_id)

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        wrong = self._keep(self._theme(event.option_id))
        if wrong:
            self.app.theme = self._before
            self.app.notify(wrong, severity="error", markup=False)
        self.dismiss(False)

    def _theme(self, option: str | None) -> str:
        return (option or "").removeprefix("theme-") or self._before

    def action_leave(self) -> None:
        """Brings the old theme back."""
        self.app.theme = self._before
        self.dismiss(False)

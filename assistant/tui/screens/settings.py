"""The settings: each with its meaning, changed one at a time, wrong values said and not taken."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.domain.settings import Settings
from assistant.tui.actions import named
from assistant.tui.screens.setting_rows import Row, parsed, rows
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.line import Line

Value = str | int | float | bool


class SettingsScreen(SheetScreen[bool]):
    """Ends with True where a setting of the engine changed, which a loaded model does not follow."""

    CSS = """
    SettingsScreen { align: center middle; }
    SettingsScreen #sheet {
        width: 84; max-width: 98%; height: 34; max-height: 100%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    SettingsScreen OptionList { height: 1fr; border: none; background: $surface; scrollbar-size-vertical: 1; }
    SettingsScreen #about { height: 3; margin: 0 1; color: $text-muted; }
    SettingsScreen Input { border: none; height: 1; margin: 0 1; background: $boost; }
    SettingsScreen #said { height: 1; margin: 0 1; color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
        Binding("left", "theme(-1)", "previous theme", show=False),
        Binding("right", "theme(1)", "next theme", show=False),
    ]
    BINDINGS = named("settings", BINDINGS)

    def __init__(self, settings: Settings, change: Callable[[str, Value], str]) -> None:
        """`change` writes one key and returns what is wrong, "" where nothing is."""
        super().__init__()
        self._rows = rows(settings)
        self._change = change
        self._reload = False
        self._kept_theme = settings.screen.theme

    def compose(self) -> ComposeResult:
        """The list, what the chosen setting means, a line to write its value in."""
        with Vertical(id="sheet") as sheet:
            sheet.border_title = "Settings"
            sheet.border_subtitle = "enter change · ←→ theme · esc back"
            yield OptionList(*self._options(), markup=False)
            yield Static("", id="about", markup=False)
            line = Line(name="value")
            line.display = False
            yield line
            yield Static("", id="said", markup=False)

    def _options(self) -> list[Option | None]:
        found: list[Option | None] = []
        table = ""
        for row in self._rows:
            if row.table != table:
                table = row.table
                found += [None] if found else []
                found.append(Option(Content.styled(row.table, "bold"), disabled=True))
            found.append(Option(self._prompt(row), id=row.key))
        return found

    def _prompt(self, row: Row) -> Content:
        changed = "bold" if row.value != row.default else ""
        return Content.assemble((f"  {row.name:<24}", ""), (row.shown, changed))

    @property
    def _row(self) -> Row | None:
        option = self.query_one(OptionList).highlighted_option
        return next((row for row in self._rows if option and row.key == option.id), None)

    @on(OptionList.OptionHighlighted)
    def _explain(self) -> None:
        self._restore_theme()
        self.query_one(Input).display = False
        if row := self._row:
            self.query_one("#about", Static).update(row.about)
            self._say("")

    @on(OptionList.OptionSelected)
    def _edit(self) -> None:
        row = self._row
        if row is None:
            return
        if isinstance(row.value, bool):
            self._set(row, not row.value)
        elif row.key == "screen.theme":
            self._set(row, self.app.theme)
        elif isinstance(row.value, tuple):
            self._say("a list is changed in settings.toml itself")
        elif "\n" in str(row.value):
            self._say("a text of several lines is changed in settings.toml itself")
        else:
            line = self.query_one(Input)
            line.value = str(row.value)
            line.display = True
            line.focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        row = self._row
        if row is None:
            return
        try:
            value = parsed(event.value, row.value)
        except ValueError as error:
            self._say(str(error))
            return
        if self._set(row, value):
            self._end_edit()

    def _set(self, row: Row, value: Value) -> bool:
        wrong = self._change(row.key, value)
        self._say(wrong)
        if wrong:
            return False
        new = row.with_value(value)
        self._rows = [new if one.key == row.key else one for one in self._rows]
        self._reload = self._reload or new.reloads
        if row.key == "screen.theme":
            self._kept_theme = str(value)
        self.query_one(OptionList).replace_option_prompt(row.key, self._prompt(new))
        return True

    def action_theme(self, step: int) -> None:
        """Shows the next theme; Enter keeps it, anything else brings the old one back."""
        row = self._row
        if row is None or row.key != "screen.theme" or self.query_one(Input).display:
            return
        names = sorted(self.app.available_themes)
        at = names.index(self.app.theme) + step
        self.app.theme = names[at % len(names)]
        preview = row.with_value(self.app.theme)
        self.query_one(OptionList).replace_option_prompt(row.key, self._prompt(preview))
        self._say("" if self.app.theme == self._kept_theme else "enter keeps this theme")

    def _restore_theme(self) -> None:
        if self.app.theme != self._kept_theme and self._kept_theme in self.app.available_themes:
            self.app.theme = self._kept_theme
            row = next(row for row in self._rows if row.key == "screen.theme")
            self.query_one(OptionList).replace_option_prompt(row.key, self._prompt(row))

    def action_leave(self) -> None:
        """Leaves the value as it was, else the settings."""
        if self.query_one(Input).display:
            self._end_edit()
            self._say("")
        else:
            self._restore_theme()
            self.dismiss(self._reload)

    def _end_edit(self) -> None:
        self.query_one(Input).display = False
        self.query_one(OptionList).focus()

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(text)

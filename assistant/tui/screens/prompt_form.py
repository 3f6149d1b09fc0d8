"""Asks for the variables of a prompt, and shows the text as it becomes."""

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from assistant.domain.hygiene import harmless
from assistant.domain.prompt_files import PromptFile, render
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.line import Line

_SEEN = 4_000
"""Characters of the text that the preview shows."""


class PromptFormScreen(SheetScreen[dict[str, str]]):
    """Ends with a value for each variable; with None where the person changed their mind."""

    CSS = """
    PromptFormScreen { align: center middle; }
    PromptFormScreen #sheet {
        width: 84; max-width: 98%; height: auto; max-height: 100%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    PromptFormScreen #fields { height: auto; max-height: 14; scrollbar-size-vertical: 1; }
    PromptFormScreen #fields Static { height: auto; }
    PromptFormScreen Input { border: none; height: 1; padding: 0; margin-bottom: 1; background: $boost; }
    PromptFormScreen #text {
        height: auto; max-height: 10; border-top: solid $foreground 30%; scrollbar-size-vertical: 1;
    }
    PromptFormScreen #text Static { height: auto; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("up", "app.focus_previous", "field before", show=False),
        Binding("down", "app.focus_next", "next field", show=False),
    ]
    BINDINGS = named("prompt_form", BINDINGS)

    def __init__(self, prompt: PromptFile, given: Mapping[str, str]) -> None:
        """`given` are the values that nobody is asked for."""
        super().__init__()
        self._prompt = prompt
        self._given = given

    def compose(self) -> ComposeResult:
        """A line for each variable, and the text below."""
        with Vertical(id="sheet") as sheet:
            sheet.border_title = titled(self._prompt.title, 60)
            sheet.border_subtitle = "enter next, then take · esc leave"
            with VerticalScroll(id="fields", can_focus=False):
                for one in self._prompt.variables:
                    yield Static(harmless(one.question) or one.name, markup=False)
                    yield Line(one.default, name=f"value-{one.name}")
            with VerticalScroll(id="text", can_focus=False):
                yield Static("", markup=False)

    @property
    def _values(self) -> dict[str, str]:
        return {(line.id or "").removeprefix("value-"): line.value for line in self.query(Input)}

    @on(Input.Changed)
    def on_mount(self) -> None:
        """Shows the text with the values of now."""
        text = render(self._prompt, {**self._given, **self._values})
        shown = text if len(text) <= _SEEN else text[:_SEEN] + "…"
        self.query_one("#text Static", Static).update(harmless(shown))

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        lines = list(self.query(Input))
        at = next(n for n, line in enumerate(lines) if line is event.input)
        if at + 1 < len(lines):
            lines[at + 1].focus()
        else:
            self.dismiss(self._values)

    def action_leave(self) -> None:
        """Takes nothing."""
        self.dismiss()

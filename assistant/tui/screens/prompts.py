"""Picks a prompt of the library: typed letters filter, the text is seen before it is taken."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.domain.hygiene import harmless, one_line
from assistant.domain.prompt_files import Kind, PromptFile
from assistant.domain.sensitivity import Label
from assistant.ports.words import PromptShelf
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.line import Line
from assistant.tui.wording import MARKS

_TITLE = 30
NONE = "no prompt has these letters"


class PromptsScreen(SheetScreen[str]):
    """Ends with the name of a prompt; "" where none was picked."""

    CSS = """
    PromptsScreen { align: center middle; }
    PromptsScreen #sheet {
        width: 92; max-width: 98%; height: 32; max-height: 100%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    PromptsScreen Input { border: none; height: 1; padding: 0; background: $boost; }
    PromptsScreen OptionList {
        height: 2fr; text-wrap: nowrap; text-overflow: ellipsis; border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    PromptsScreen VerticalScroll {
        height: 1fr; border-top: solid $foreground 30%; scrollbar-size-vertical: 1;
    }
    PromptsScreen #text { height: auto; color: $text-muted; }
    PromptsScreen #errors { height: auto; max-height: 5; color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f6", "leave", "leave"),
        Binding("up", "step(-1)", "up", show=False),
        Binding("down", "step(1)", "down", show=False),
        Binding("pageup", "scroll(-1)", "page up in the text", show=False),
        Binding("pagedown", "scroll(1)", "page down in the text", show=False),
    ]
    BINDINGS = named("prompts", BINDINGS)

    def __init__(self, shelf: PromptShelf) -> None:
        super().__init__()
        self._shelf = shelf
        self._shown: tuple[PromptFile, ...] = shelf.prompts

    def compose(self) -> ComposeResult:
        """The filter, the prompts, the text of the one at hand, and the files that cannot be used."""
        with Vertical(id="sheet") as sheet:
            sheet.border_title = "Prompts"
            sheet.border_subtitle = "type to filter · ↑↓ choose · enter use · esc leave"
            line = Line()
            line.placeholder = "filter"
            yield line
            found = OptionList(*self._options(), markup=False)
            found.can_focus = False
            found.highlighted = 0 if self._shown else None
            yield found
            with VerticalScroll(can_focus=False):
                yield Static("", id="text", markup=False)
            if self._shelf.errors:
                lines = "\n".join(one_line(line, 300) for line in self._shelf.errors)
                yield Static(lines, id="errors", markup=False)

    def on_mount(self) -> None:
        """The letters go into the filter."""
        self.query_one(Input).focus()
        self._preview()

    def _options(self) -> list[Option]:
        if not self._shown:
            return [Option(Content.styled(NONE, "$foreground-muted"), disabled=True)]
        return [Option(_row(one)) for one in self._shown]

    @property
    def _at_hand(self) -> PromptFile | None:
        at = self.query_one(OptionList).highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        words = event.value.casefold().split()
        self._shown = tuple(
            one
            for one in self._shelf.prompts
            if all(word in f"{one.name} {one.title} {one.kind}".casefold() for word in words)
        )
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(self._options())
        found.highlighted = 0 if self._shown else None
        self._preview()

    @on(OptionList.OptionHighlighted)
    def _preview(self) -> None:
        prompt = self._at_hand
        self.query_one("#text", Static).update(harmless(prompt.body) if prompt else "")

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _choose(self) -> None:
        if prompt := self._at_hand:
            self.dismiss(prompt.name)

    def action_step(self, by: int) -> None:
        """Another prompt is at hand."""
        found = self.query_one(OptionList)
        found.action_cursor_up() if by < 0 else found.action_cursor_down()

    def action_scroll(self, by: int) -> None:
        """Scrolls the text."""
        text = self.query_one(VerticalScroll)
        text.scroll_page_up(animate=False) if by < 0 else text.scroll_page_down(animate=False)

    def action_leave(self) -> None:
        """Picks none."""
        self.dismiss("")


def _row(prompt: PromptFile) -> Content:
    """Title, the mark of one that must not leave, name, and whether it is a system prompt."""
    title = one_line(prompt.title, _TITLE)
    kept = [MARKS[Label.LOCAL_ONLY]] if prompt.label is Label.LOCAL_ONLY else []
    kind = ["system prompt"] if prompt.kind is Kind.SYSTEM else []
    said = " · ".join([*kept, prompt.name, *kind])
    return Content.assemble(f"{title:<{_TITLE + 2}}", (said, "$foreground-muted"))

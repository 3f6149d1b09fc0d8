"""How replies in the conversation in view are made: every value, and whether it is the settings' own."""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import harmless
from assistant.domain.prompt import Sampling
from assistant.domain.sampling_presets import ABOUT, KEYS, SETTINGS_WORDS, allowed, shown
from assistant.tui.actions import named
from assistant.tui.keys_now import with_keys
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.line import Line

PRESET = "preset"
_VALUE = 26
_KEYS = "enter change · [[sampling.default d]] as the settings say · [[sampling.save s]] save · [[sampling.remove x]] delete · esc back"


class Tunable(Protocol):
    """The conversation in view, as far as its sampling goes; what changes it may raise an AssistantError."""

    @property
    def preset(self) -> str:
        """The name of the preset that was taken; "" for none."""
        ...

    @property
    def sampling(self) -> Sampling:
        """What the next reply is made with."""
        ...

    @property
    def base(self) -> Sampling:
        """As the settings say."""
        ...

    async def use(self, name: str) -> str:
        """Takes a preset, or the settings' own values."""
        ...

    async def change(self, key: str, text: str) -> str:
        """Sets one value as it was typed."""
        ...

    async def pick(self) -> None:
        """Asks for a preset and takes it."""
        ...


class Keepable(Protocol):
    """The person's own presets; each asks what it must, says what was done, "" for nothing, and may raise an AssistantError."""

    async def save(self) -> str:
        """Keeps the values at hand under a name."""
        ...

    async def remove(self) -> str:
        """Takes one away."""
        ...

    async def undo(self) -> str:
        """Takes the last change back."""
        ...


class SamplingScreen(SheetScreen[bool]):
    """Each change holds from the next message on and is on record at once."""

    CSS = """
    SamplingScreen { align: center middle; }
    SamplingScreen #sheet {
        width: 76; max-width: 98%; height: auto; max-height: 100%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    SamplingScreen OptionList {
        height: auto; border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    SamplingScreen #about { height: 2; margin-top: 1; color: $text-muted; }
    SamplingScreen Input { border: none; height: 1; padding: 0; background: $boost; }
    SamplingScreen #said { height: auto; color: $text-success; &.-error { color: $text-error; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
        Binding("d,delete", "default", "as the settings say", show=False),
        Binding("s", "save", "keep these values as a preset of yours", show=False),
        Binding("x", "remove", "delete a preset of yours", show=False),
        Binding("u", "undo", "take the last change of your presets back", show=False),
    ]
    BINDINGS = named("sampling", BINDINGS)

    def __init__(self, tuning: Tunable, own: Keepable) -> None:
        super().__init__()
        self._tuning = tuning
        self._own = own

    def compose(self) -> ComposeResult:
        """The preset, the values, what the chosen one means, a line to write another one in."""
        with Vertical(id="sheet") as sheet:
            sheet.border_title = "How replies in this chat are made"
            sheet.border_subtitle = titled(with_keys(self, _KEYS))
            yield OptionList(
                *(Option(self._row(key), id=key) for key in (PRESET, *KEYS)), markup=False
            )
            yield Static("", id="about", markup=False)
            line = Line()
            line.display = False
            yield line
            yield Static("", id="said", markup=False)

    def _row(self, key: str) -> Content:
        now, base = self._tuning.sampling, self._tuning.base
        if key == PRESET:
            own = now != base
            none = "none: values of this chat's own" if own else "none: as the settings say"
            name = self._tuning.preset
            return Content.assemble(f"{key:<16}", (name or none, "bold" if name else ""))
        value, usual = shown(now, key), shown(base, key)
        if value == usual:
            return Content.assemble(
                f"{key:<16}", f"{value:<{_VALUE}}", ("settings", "$foreground-muted")
            )
        return Content.assemble(
            f"{key:<16}",
            (f"{value:<{_VALUE}}", "bold"),
            (f"this chat · settings {usual}", "$foreground-muted"),
        )

    @property
    def _key(self) -> str:
        option = self.query_one(OptionList).highlighted_option
        return (option.id if option else "") or PRESET

    @on(OptionList.OptionHighlighted)
    def _explain(self) -> None:
        key = self._key
        about = "A preset says several of the values below; enter shows all, [[sampling.save s]] keeps these as one of yours."
        if key != PRESET:
            about = f"{ABOUT[key]} It may be {allowed(key)}."
        self.query_one("#about", Static).update(with_keys(self, about))
        self._say("")

    @on(OptionList.OptionSelected)
    def _edit(self) -> None:
        key = self._key
        if key == PRESET:
            self.run_worker(self._pick())
            return
        line = self.query_one(Input)
        line.value = shown(self._tuning.sampling, key).replace(",", "")
        line.display = True
        line.focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self.run_worker(self._change(self._key, event.value))

    def action_default(self) -> None:
        """The value at hand is the settings' own again; on the preset all of them are."""
        self.run_worker(self._change(self._key, SETTINGS_WORDS[0]))

    async def _change(self, key: str, text: str) -> None:
        try:
            if key == PRESET:
                await self._tuning.use(text)
            else:
                await self._tuning.change(key, text)
        except AssistantError as error:
            self._say(str(error))
            return
        self._end_edit()
        self._draw()

    async def _pick(self) -> None:
        try:
            await self._tuning.pick()
        except AssistantError as error:
            self._say(str(error))
        self._draw()

    def action_save(self) -> None:
        """What is made of the values here becomes a preset of the person's own."""
        self.run_worker(self._with_own(self._own.save))

    def action_remove(self) -> None:
        """One of the person's own presets goes."""
        self.run_worker(self._with_own(self._own.remove))

    def action_undo(self) -> None:
        """The preset that went or was replaced last is there again."""
        self.run_worker(self._with_own(self._own.undo))

    async def _with_own(self, change: Callable[[], Awaitable[str]]) -> None:
        try:
            self._say(await change(), error=False)
        except AssistantError as error:
            self._say(str(error))
        self._draw()

    def _draw(self) -> None:
        found = self.query_one(OptionList)
        for key in (PRESET, *KEYS):
            found.replace_option_prompt(key, self._row(key))

    def _say(self, text: str, *, error: bool = True) -> None:
        said = self.query_one("#said", Static)
        said.update(harmless(with_keys(self, text)))
        said.set_class(error, "-error")

    def action_leave(self) -> None:
        """Leaves the value as it was, else the sheet."""
        if self.query_one(Input).display:
            self._end_edit()
            self._say("")
        else:
            self.dismiss(True)

    def _end_edit(self) -> None:
        self.query_one(Input).display = False
        self.query_one(OptionList).focus()

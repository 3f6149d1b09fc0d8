"""The inputs of the comparison as a list: a step with the arrows, or a number typed over the value."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from assistant.domain.errors import UsageError
from assistant.domain.tco_inputs import FIELDS, Field, Inputs, checked, value_of, with_said
from assistant.tui.actions import named

GROUPS: Final = {
    "requests_per_day": "Workload",
    "nodes": "Edge: machines of your own",
    "cloud_input": "Cloud",
}
"""What stands above the field of that name."""

HEIGHT: Final = len(FIELDS) + len(GROUPS)
WIDTH: Final = 42
_VALUE: Final = 10
_TYPED: Final = "0123456789.-%"
_MOST_TYPED: Final = 24


class TcoFields(Widget, can_focus=True):
    """Shows `inputs`, and says when they were changed; a number that does not fit stays in the line until it is mended."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TcoFields { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "previous field", show=False),
        Binding("down", "move(1)", "next field", show=False),
        Binding("left", "step(False)", "less", show=False),
        Binding("right", "step(True)", "more", show=False),
        Binding("enter", "apply", "apply what is typed", show=False),
        Binding("backspace", "erase", "erase", show=False),
    ]
    BINDINGS = named("tco_fields", BINDINGS)

    class Changed(Message):
        """The person changed an input."""

        def __init__(self, inputs: Inputs) -> None:
            super().__init__()
            self.inputs = inputs

    class Moved(Message):
        """Another field is chosen; it stands in the line `row` of this widget."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    class Said(Message):
        """What is wrong with what was typed; "" where nothing is any more."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        self.inputs = inputs
        self._at = 0
        self._typed: str | None = None
        self._wrong = False

    @property
    def field(self) -> Field:
        """The one that the keys act on."""
        return FIELDS[self._at]

    def show(self, inputs: Inputs) -> None:
        """Shows other inputs; what was being typed is gone."""
        self.inputs = inputs
        self.drop()

    def drop(self) -> bool:
        """Ends typing without applying it; False where nothing was typed."""
        typing, self._typed, self._wrong = self._typed is not None, None, False
        self.refresh()
        if typing:
            self.post_message(self.Said(""))
        return typing

    def render(self) -> Content:
        """A line for each field, with headings between."""
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> Iterator[Content]:
        label = max(8, width - _VALUE - 2)
        for number, field in enumerate(FIELDS):
            if heading := GROUPS.get(field.name):
                yield Content.styled(heading, "bold")
            here = number == self._at
            value = self._value(field, here=here)
            text = f"{'▸' if here else ' '} {field.label[: label - 1]:<{label}}"
            yield Content.assemble(
                (text + (value.rjust(_VALUE) if len(value) <= _VALUE else value[-_VALUE:]), self._style(here=here))
            )  # fmt: skip

    def _value(self, field: Field, *, here: bool) -> str:
        if here and self._typed is not None:
            return f"{self._typed}▏"
        shown = field.shown(value_of(self.inputs, field.name))
        if shown != "-":
            number = Decimal(shown)
            shown = f"{number:,f}"
            if len(shown) > _VALUE:
                shown = f"{number:.3g}"
        return f"{shown} %" if field.unit == "%" else shown

    def _style(self, *, here: bool) -> str:
        if not here:
            return ""
        if self._wrong:
            return "bold $text-error on $foreground 15%"
        return "bold on $foreground 15%" if self.has_focus else "bold"

    def on_focus(self) -> None:
        """The chosen field is marked where keys act."""
        self.refresh()

    def on_blur(self) -> None:
        """And not where they do not."""
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        """A number that is typed takes the place of the value."""
        if event.character is None or event.character not in _TYPED:
            return
        event.stop()
        self._typed = ((self._typed or "") + event.character)[:_MOST_TYPED]
        self._wrong = False
        self.post_message(self.Said(""))
        self.refresh()

    def action_move(self, by: int) -> None:
        """To another field; what is typed is applied first, and where it does not fit, nothing moves."""
        if self._typed is not None and not self._apply():
            return
        self._at = min(max(self._at + by, 0), len(FIELDS) - 1)
        above = sum(field.name in GROUPS for field in FIELDS[: self._at + 1])
        # The heading of the first field comes into view with it.
        self.post_message(self.Moved(self._at + above if self._at else 0))
        self.refresh()

    def action_step(self, up: bool) -> None:
        """The next round value up or down."""
        if self._typed is not None and not self._apply():
            return
        self._take(self.field.stepped(value_of(self.inputs, self.field.name), up))

    def action_apply(self) -> None:
        """Takes what is typed."""
        if self._typed is not None:
            self._apply()

    def action_erase(self) -> None:
        """Takes the last character away; with the last one, the value is back."""
        if self._typed is None:
            return
        self._typed = self._typed[:-1] or None
        self._wrong = False
        self.post_message(self.Said(""))
        self.refresh()

    def _apply(self) -> bool:
        try:
            value = self.field.parsed(self._typed or "")
        except UsageError as error:
            return self._refuse(error)
        return self._take(value)

    def _take(self, value: Decimal | None) -> bool:
        name = self.field.name
        moved = with_said(self.inputs, {name: value})
        try:
            self.inputs = checked(moved)
        except UsageError as error:
            return self._refuse(error)
        self._typed, self._wrong = None, False
        self.post_message(self.Said(""))
        self.post_message(self.Changed(self.inputs))
        self.refresh()
        return True

    def _refuse(self, error: UsageError) -> bool:
        self._wrong = True
        self.post_message(self.Said(f"{error.message} ({error.hint})" if error.hint else error.message))  # fmt: skip
        self.refresh()
        return False

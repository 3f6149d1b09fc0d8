"""All keys, read from where they are bound, and the words that the screen uses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Static

from assistant.tui.actions import named
from assistant.tui.keys_now import Keys
from assistant.tui.screens.acting import ActingScreen
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.verbs import VERBS
from assistant.tui.widgets.chats import Chats
from assistant.tui.widgets.columns import Columns
from assistant.tui.widgets.composer import Composer
from assistant.tui.widgets.transcript import Transcript

_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pageup": "page up",
    "pagedown": "page down",
}
_COLUMN = 26
_WRAP = 41
"""What is left beside the keys where the screen has 80 columns."""

EDITING = (
    Binding("ctrl+a,ctrl+e", "", "start, end of the line"),
    Binding("ctrl+w,ctrl+u,ctrl+k", "", "delete a word, to the start, to the end"),
    Binding("ctrl+z,ctrl+y", "", "undo, redo"),
)
"""Keys that the composer has from the text area it is."""

_TYPED = Binding("@", "", "attach a text, a PDF or a folder by its path")
"""What begins something where it is typed."""


@dataclass(frozen=True, slots=True)
class Section:
    """Keys that work in one place: (keys, what they do)."""

    title: str
    keys: tuple[tuple[str, str], ...]


def shown(keys: str) -> str:
    """Keys as a person reads them: `ctrl+j,shift+enter` becomes `ctrl+j, shift+enter`."""
    return ", ".join(_NAMES.get(key.strip(), key.strip()) for key in keys.split(","))


def section(title: str, bindings: Iterable[BindingType], keys: Keys | None = None) -> Section:
    """The keys of one class, as it declares them, or as `keys` has them now."""
    now = keys or Keys()
    found = [
        (shown(now.of(binding)), binding.description)
        for binding in bindings
        if isinstance(binding, Binding) and binding.description
    ]
    return Section(title, tuple(found))


def sections(app: type[App[int]], keys: Keys | None = None) -> Sequence[Section]:
    """Everywhere first, then place by place."""
    general = [
        Binding("ctrl+p", "", "palette: every command"),
        Binding("ctrl+q", "", "quit, everything kept"),
        Binding("tab, shift+tab", "", "composer, list, conversation, panel"),
    ]
    everywhere: list[BindingType] = [
        *general,
        *app.BINDINGS,
        *ChatScreen.BINDINGS,
        *ActingScreen.BINDINGS,
        *Columns.BINDINGS,
    ]
    return (
        section("Everywhere", everywhere, keys),
        section("Composer", [*Composer.BINDINGS, _TYPED, *EDITING], keys),
        Section("Commands", tuple((verb.line, verb.about) for verb in VERBS)),
        section("Conversation", Transcript.BINDINGS, keys),
        section("List of chats", Chats.BINDINGS, keys),
    )


def page(found: Sequence[Section]) -> Content:
    """The help's text."""
    parts: list[Content | tuple[str, str]] = []
    for one in found:
        parts.append((f"{one.title}\n", "bold"))
        for keys, what in one.keys:
            lines = f"\n{'':<{_COLUMN + 2}}".join(wrap(what, _WRAP))
            parts += [(f"  {keys:<{_COLUMN}}", "$foreground-muted"), (f"{lines}\n", "")]
        parts.append(("\n", ""))
    return Content.assemble(*parts)


_MARKS = """[b]Colours and marks[/b]
  [$text-success]green, local[/]      answered on this machine
  [$text-primary]blue, network[/]     answered by a machine on this network
  [$text-warning]amber, cloud[/]      answered outside
  [$text-error]red[/]               a refusal or an error
  ▲ local-only      never leaves this machine, nor does what is made from it
  ~                 an estimate
  —                 not known
"""

_WORDS = """
While a reply is on its way, Enter queues the next message; the up arrow takes it back.
A chat goes to the HAT where it is ready, else to the processor; [[everywhere.route ctrl+r]] keeps it on one route.
A reply that fails on the HAT keeps what came; [[everywhere.ask_again f5]] asks the processor the same, once.
Nothing goes to the cloud by itself: [[everywhere.to_cloud ctrl+s]] sends one message there, [[everywhere.toggle_cloud ctrl+t]] those of this chat
while you grant it. A sheet shows first what leaves, to the byte; enter never grants.
Every version of a message stays: ‹ 2/3 › says which one is shown, left and right step.
A backslash at the end of a line, then Enter, makes a new line in every terminal.
A long paste is folded to one mark; it is sent whole.
A text that begins with a slash and a letter is a command and is never sent; a space before it, or another
slash in the first word, makes it a message."""


class HelpScreen(SheetScreen[bool]):
    """Any of its keys closes it."""

    CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll {
        width: 78; max-width: 95%; height: auto; max-height: 90%;
        border: round $foreground 60%; background: $surface; padding: 0 2;
        scrollbar-size-vertical: 1;
    }
    HelpScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,question_mark", "dismiss(False)", "close"),
    ]
    BINDINGS = named("help", BINDINGS)

    def __init__(self, keys: Keys | None = None) -> None:
        """`keys` are those of the moment (None: the usual ones)."""
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with VerticalScroll() as scroll:
            scroll.border_title = "Help"
            scroll.border_subtitle = "esc close"
            app: type[DOMNode] = type(self.app)
            assert issubclass(app, App)
            yield Static(page(sections(app, self._keys)), markup=False)
            words = Content((self._keys or Keys()).said(_WORDS))
            yield Static(Content.from_markup(_MARKS) + words, markup=False)

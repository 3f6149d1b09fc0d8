"""Where a person writes: Enter sends, other keys make a new line, the arrows bring back what was sent before."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from assistant.domain.attachments import joined
from assistant.domain.places import SHORT_NAMES
from assistant.tui.actions import EVERYWHERE, named
from assistant.tui.recall import Recall
from assistant.tui.widgets.borders import entitle, titled
from assistant.tui.widgets.commanding import Commanding
from assistant.tui.widgets.keys import act
from assistant.tui.wording import Bound, badge


class Composer(Commanding):
    """A text area of one to ten lines; long pastes are folded until they are sent."""

    class Submitted(Message):
        """The person pressed Enter; `text` is unfolded, and the composer is empty for what is typed next.

        `bound` is where the badge said that it goes.
        """

        def __init__(self, text: str, bound: Bound) -> None:
            self.text = text
            self.bound = bound
            super().__init__()

    class Left(Message):
        """The person wants an empty chat; `text` stood here, and the composer is empty for what is typed there."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class TakeBack(Message):
        """The person went up from an empty composer: a queued text should come back, else an earlier prompt."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "send", show=False),
        Binding("ctrl+j,shift+enter", "newline", "new line", show=False),
        Binding("ctrl+n", "leave", show=False, id=f"{EVERYWHERE}.new_chat"),
        Binding("f6", "app.prompts", show=False, id=f"{EVERYWHERE}.prompts"),
        Binding("ctrl+o", "chats", show=False, id=f"{EVERYWHERE}.chats"),
        Binding("ctrl+s", "screen.to_cloud", show=False),
        Binding("ctrl+t", "screen.toggle_cloud", show=False),
        Binding("ctrl+l", "screen.toggle_label", show=False),
        Binding("up", "up", "up, or an earlier prompt", show=False),
        Binding("down", "down", "down, or a later prompt", show=False),
        Binding("alt+b", "cursor_word_left", "word left", show=False),
        Binding("alt+f", "cursor_word_right", "word right", show=False),
        Binding("alt+d", "delete_word_right", "delete word right", show=False),
        Binding("pageup", "screen.page_transcript(-1)", "page up in the conversation", show=False),
        Binding(
            "pagedown", "screen.page_transcript(1)", "page down in the conversation", show=False
        ),
    ]
    BINDINGS = named("composer", BINDINGS)

    def __init__(self) -> None:
        super().__init__("composer", "ask anything")
        self.recall = Recall()
        self._bound = Bound()
        self.sent: Callable[[], object] = lambda: None
        self.to_chats: Callable[[], object] = lambda: None
        self.called_back: Callable[[str], object] = lambda _: None
        self.choosing: Callable[[str], bool] = lambda _: False
        self.reading = 0
        self._window = ""
        self._lefts: list[Composer.Left] = []

    def label(self, bound: Bound, window: str) -> None:
        """Shows where the next message goes, and how full the window is."""
        self._bound = bound
        if window != self._window:
            self._window = window
            self.border_subtitle = titled(window)
        for place, word in SHORT_NAMES.items():
            self.set_class(bound.place is place, f"-{word}")
        self._badge()

    def _badge(self) -> None:
        # Corners take room from the title too.
        corners = 2 if self.styles.border_left[0] else 0
        width = (self.size.width or self.app.size.width) - corners
        entitle(self, badge(self._bound, width))

    def on_blur(self) -> None:
        """What was to be chosen here is not any more."""
        self.choosing("")

    def on_resize(self) -> None:
        """Cuts the badge for another width."""
        self._badge()

    def waits(self) -> bool:
        """Whether an attachment is still being read; says so, because a message that is sent now would go without it."""
        if self.reading:
            self.app.notify("an attachment is still being read", timeout=3)
        return self.reading > 0

    def action_submit(self) -> None:
        """Sends; a backslash at the end makes a new line instead, where a terminal knows no other way."""
        row, column = self.cursor_location
        if column and self.document[row][column - 1] == "\\":
            self.replace("\n", (row, column - 1), (row, column))
        elif self.command():
            return
        elif self.text.strip() and not self.waits():
            bound = self._bound
            self.post_message(self.Submitted(self.take(), bound))
            self.sent()

    def action_leave(self) -> None:
        """Asks for an empty chat; what is typed from here on is for that one."""
        left = self.Left(self.take())
        self._lefts.append(left)
        self.post_message(left)

    @property
    def leaving(self) -> bool:
        """Whether the chat in view was left by a key, and is in view still."""
        return bool(self._lefts)

    def left(self) -> None:
        """The chat that was in view when the key was pressed is so no more."""
        self._lefts.pop(0)

    def give_back(self, text: str) -> None:
        """Puts `text` before what stands there, or stood there as long as that chat was not left."""
        if not self._lefts:
            super().give_back(text)
            return
        left = self._lefts[0]
        left.text = joined((text, left.text)) if left.text.strip() else text

    def action_chats(self) -> None:
        """Goes to the list of chats."""
        self.to_chats()

    def action_newline(self) -> None:
        """Begins another line."""
        self._replace_via_keyboard("\n", *self.selection)

    def action_up(self) -> None:
        """One row up; from the first row to a queued text or an earlier prompt."""
        if not self.navigator.is_first_wrapped_line(self.selection.end):
            self.action_cursor_up()
        elif self.text:
            self.recall_older()
        else:
            self.post_message(self.TakeBack())

    def action_down(self) -> None:
        """One row down; from the last row to a later prompt."""
        if not self.navigator.is_last_wrapped_line(self.selection.end):
            self.action_cursor_down()
        elif (prompt := self.recall.newer(self.full_text, self._bound.label)) is not None:
            self._call_back(prompt)

    def recall_older(self) -> None:
        """Shows the prompt before the one that is shown."""
        typed = "" if self.recall.waits else self.full_text
        prompt = self.recall.older(self.full_text, self._bound.label)
        if prompt is not None:
            if typed:
                # It comes back by another key, maybe under another label.
                self.lifted(typed)
            self._call_back(prompt)

    def _call_back(self, prompt: str) -> None:
        self.put(prompt)
        self.recall.shows(self.full_text)
        # The next key may make another text of it, before anybody is told that it stands there.
        self.called_back(self.full_text)

    async def _on_key(self, event: events.Key) -> None:
        """Its keys act in the order in which they were pressed; what is offered has them first.

        What was pressed behind a key that led elsewhere is for what has the focus there.
        """
        if self.screen.focused not in (None, self):
            event.stop()
            event.prevent_default()
            self.screen._forward_event(events.Key(event.key, event.character))
        elif self.choosing(event.key) or self.completing.press(event.key):
            event.stop()
            event.prevent_default()
        else:
            await act(self, event)

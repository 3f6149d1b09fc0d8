"""The plain chat: asks for a line, answers in words, over the same engine and journal as the screen."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from assistant.commands.aside import Aside
from assistant.commands.plain_text import Typed, message_of, order_of
from assistant.commands.talk import say as tell
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import harmless, one_line

if TYPE_CHECKING:
    from types import FrameType

    from assistant.commands.plain_acts import Acts
    from assistant.commands.plain_talk import Talk

_MORE = "more: "
_YOU = "you: "


def run_plain(conversation: str, *, times: bool) -> int:
    """Runs the plain chat to its end and returns the exit code. Raises: UsageError, SettingsError, StorageError."""
    from assistant.storage.journal import open_or_stand_in
    from assistant.wiring.house import open_house

    with open_house(open_or_stand_in) as house:
        from assistant.commands.plain_acts import Acts
        from assistant.commands.plain_talk import Talk

        for warning in house.warnings:
            tell(warning)
        aside = Aside()
        try:
            with _ending_in_order():
                talk = Talk(house, aside, times=times)
                acts = Acts(house, aside, talk)
                if conversation:
                    acts.open(conversation)
                return Plain(talk, acts).run()
        finally:
            aside.do(house.engine.close())
            aside.close()


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """A terminal that goes away ends the chat as ctrl+d does: the reply so far and what is typed are kept."""

    def leave(_number: int, _frame: "FrameType | None") -> None:
        raise SystemExit(0)

    before = [(number, signal.signal(number, leave)) for number in (signal.SIGTERM, signal.SIGHUP)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


class Plain:
    """One person at one line; what is typed and not sent is kept as a draft, as on the screen."""

    def __init__(self, talk: "Talk", acts: "Acts") -> None:
        """`talk` has the conversation in view, `acts` what an order does."""
        self._talk = talk
        self._acts = acts
        self._typed = Typed()

    def run(self) -> int:
        """Until ctrl+d or /quit; where nobody types, the exit code is that of the last turn."""
        person = sys.stdin.isatty()
        if person:
            _edit()
            tell("Plain chat. /help lists what you can type; ctrl+c stops a reply, ctrl+d quits.")
        self._talk.greet()
        try:
            while not self._acts.over:
                self._once(person)
        except EOFError:
            print(flush=True)
        finally:
            self._keep()
        return 0 if person else self._talk.code

    def _once(self, person: bool) -> None:
        """One line of the person's, and what comes of it; no error of a turn ends the chat."""
        try:
            line = input(_MORE if self._typed.begun else _YOU) if person else _read()
        except KeyboardInterrupt:
            print(flush=True)
            self._keep()
            tell("ctrl+d quits")
            return
        begun = self._typed.begun
        text = self._typed.take(line)
        try:
            if text is None:
                self._go_on(begun)
            elif text.strip():
                if not person:
                    print(f"{_YOU}{harmless(text)}", flush=True)
                self._act(text, begun)
            elif begun:
                self._withdraw()
        except AssistantError as error:
            tell(str(error))
            self._talk.code = error.exit_code
        except KeyboardInterrupt:
            print(flush=True)
            tell("stopped")

    def _go_on(self, begun: bool) -> None:
        """What there is of a message is kept beside what was kept before it."""
        unsent = self._talk.unsent
        if not begun:
            unsent.begin()
        unsent.note(self._typed.so_far)

    def _withdraw(self) -> None:
        """What was typed in lines is no message: what was kept before it is all there is."""
        unsent = self._talk.unsent
        unsent.withdraw()
        unsent.note(unsent.own)

    def _act(self, text: str, begun: bool) -> None:
        order = order_of(text)
        if order is None:
            if begun:
                self._talk.unsent.withdraw()
            self._talk.ask(message_of(text))
            return
        if begun:
            self._withdraw()
        self._acts.do(order)

    def _keep(self) -> None:
        """What is typed of a message that never became whole."""
        if text := self._typed.drop():
            self._talk.unsent.note(text)
            tell(f"kept, not sent: {one_line(text)}; /send sends it, /drop forgets it")


def _read() -> str:
    """The next line of a file or a pipe. Raises: EOFError."""
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\r\n")


def _edit() -> None:
    """Gives the line its editing keys, where the system has them and the terminal is not a dumb one; no escape without a key."""
    import os

    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        return
    with suppress(ImportError):
        import readline

        for setting in ("enable-bracketed-paste off", "enable-meta-key off", "bell-style none"):
            readline.parse_and_bind(f"set {setting}")

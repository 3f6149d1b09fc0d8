"""A person who has no mouse: presses keys at a real terminal, waits for what must be seen, and remembers which commands were used."""

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.program import Program
from tests.e2e.terminal import ForkedTerminal

COLUMNS, ROWS = 132, 44
LIST = 22
"""So many columns are the list of chats, with its frame."""
PATIENCE_S = 90.0
AGAIN_S = 0.5
PALETTE = "Search for commands…"
COMPOSER = "ask anything"
_CSI = {
    "up": "[A", "down": "[B", "right": "[C", "left": "[D", "home": "[H", "end": "[F", "f1": "OP", "f2": "OQ", "f3": "OR",
    "f4": "OS", "f5": "[15~", "f6": "[17~", "f8": "[19~", "f9": "[20~", "f10": "[21~", "shift+tab": "[Z",
}  # fmt: skip
_PLAIN = {"enter": "\r", "esc": "\x1b", "tab": "\t", "backspace": "\x7f", "space": " "}
_CLIPBOARD = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


def bytes_of(key: str) -> str:
    """What a terminal sends for `key`: a name, `ctrl+x`, or a character."""
    if key in _CSI:
        return f"\x1b{_CSI[key]}"
    if key.startswith("ctrl+"):
        return chr(ord(key[-1]) & 0x1F)
    return _PLAIN.get(key, key)


class Onlooker:
    """One session of the program, as it is seen; `walked` are the slash commands (`/edit`) and palette entries (`Edit message`) that were used."""

    def __init__(self, program: Program, **more: str) -> None:
        """Starts the chat, with `more` in its environment."""
        self.program = program
        self.walked: set[str] = set()
        environment = {**program.environment, "TERM": "xterm-256color", **more}
        self.terminal = ForkedTerminal(program.command(), environment, COLUMNS, ROWS)

    @property
    def home(self) -> Path:
        """Where this person's files are."""
        return self.program.home

    def when(self, holds: Callable[[str], bool], patience_s: float = PATIENCE_S) -> str:
        """The screen once `holds` of it."""
        return self.terminal.wait_for(holds, patience_s)

    def see(self, *texts: str) -> str:
        """The screen once it has all of `texts`."""
        return self.when(lambda screen: all(text in screen for text in texts))

    def gone(self, *texts: str) -> str:
        """The screen once it has none of `texts`."""
        return self.when(lambda screen: not any(text in screen for text in texts))

    def copied(self, wanted: str) -> None:
        """Waits until the terminal was asked (OSC 52) for a text that begins with `wanted` on its clipboard."""

        def asked(_: str) -> bool:
            found = _CLIPBOARD.findall(bytes(self.terminal.raw))
            return bool(found) and base64.b64decode(found[-1]).decode().startswith(wanted)

        self.when(asked)

    def file(self, path: Path) -> str:
        """The text of a file once it is there."""
        self.when(lambda _: path.exists())
        return path.read_text(encoding="utf-8")


class Walker(Onlooker):
    """The same with keys."""

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other, as quickly as a terminal can."""
        self.terminal.send("".join(bytes_of(key) for key in keys))

    def type(self, text: str) -> None:
        """Types into what has the focus, and waits until it stands there."""
        self.terminal.send(text)
        self.see(text)

    def paste(self, text: str) -> None:
        """Pastes, as a terminal brackets it."""
        self.terminal.send(f"\x1b[200~{text}\x1b[201~")

    def close(self, text: str) -> None:
        """Leaves the sheet that shows `text`, and is in the chat again."""
        self.see(text)
        self.press("esc")
        self.gone(text)

    def insist(self, key: str, text: str) -> None:
        """Presses `key` again until `text` is gone: a sheet that can let something leave is deaf while it is new."""
        again = 0.0

        def gone(screen: str) -> bool:
            nonlocal again
            if text in screen and time.monotonic() >= again:
                again = time.monotonic() + AGAIN_S
                self.press(key)
            return text not in screen

        self.when(gone)

    def go_to(self, key: str, title: str) -> None:
        """Presses `key`, and waits until the frame of that title shows that it has the keys now."""
        before = self._frame(title)
        self.press(key)
        self.when(lambda _: self._frame(title) != before)

    def _frame(self, title: str) -> str:
        """The colour of a frame."""
        lines, screen = self.terminal.text().splitlines(), self.terminal.screen
        for row, line in enumerate(lines):
            if (at := line.find(f"─ {title} ─")) >= 0:
                return str(screen.buffer[row][at].fg)
        return ""

    def choose(self, title: str, text: str) -> None:
        """Takes the line with `text` from the list in the frame of that title."""
        rows = self.see(f"─ {title} ─", text).splitlines()
        first = next(at for at, row in enumerate(rows) if f"─ {title} ─" in row) + 1
        wanted = next(at for at, row in enumerate(rows) if at >= first and text in row)
        self.press("home", *["down"] * (wanted - first), "enter")

    def list(self, *keys: str) -> None:
        """Goes to the list of chats and presses keys there, all as quickly as a terminal can."""
        self.press("ctrl+o", *keys)

    # Saying.

    def say(self, text: str) -> None:
        """Sends a message, and waits until it is in the conversation."""
        self.type(text)
        self.press("enter")
        self.empty()

    def answered(self, *texts: str) -> None:
        """Waits for `texts`, which stand there once the reply is begun, then for the end of the reply."""
        self.see(*texts)
        self.when(
            lambda screen: (
                "enter send" in screen and " ms" in _last_reply(screen)[0] and not _busy(screen)
            )
        )

    def begun(self, text: str) -> None:
        """Waits until the first words of the reply to `text` are there."""

        def begun(screen: str) -> bool:
            # Until the message stands there, the last reply is that to the one before.
            _, asked, below = screen.rpartition(text)
            _, *rows = _last_reply(below)
            said = "".join(row.partition("▌ ")[2] for row in rows)
            return bool(asked) and "esc stop" in screen and any(map(str.isalnum, said))

        self.when(begun)

    def stopped(self) -> None:
        """Waits until the last reply is stopped, and over."""
        self.when(
            lambda screen: (
                "enter send" in screen and "stopped" in _last_reply(screen)[0] and not _busy(screen)
            )
        )

    def empty(self) -> None:
        """Waits until nothing stands in the composer."""
        self.see(COMPOSER)

    def slash(self, line: str) -> None:
        """Types a command and runs it."""
        self.empty()
        self.type(line)
        self.press("enter")
        self.walked.add(line.split()[0])

    def use(self, way: str) -> None:
        """A command by its line, else by its title in the palette."""
        if way.startswith("/"):
            self.slash(way)
        else:
            self.palette(way)

    def palette(self, title: str) -> None:
        """Runs an entry of the palette, which is gone then."""
        self.pick(title)
        self.gone(f"🔎 {title}")

    def pick(self, title: str) -> None:
        """Finds an entry of the palette by its whole title and runs it."""
        self.press("ctrl+p")
        self.see(PALETTE)
        self.terminal.send(title)
        self.when(lambda screen: _first_entry(screen, title) == title)
        self.press("enter")
        self.walked.add(title)


def _last_reply(screen: str) -> list[str]:
    """The last reply in the conversation: the row that says who answered, and how quickly once it is over, then its text."""
    parts = [part for row in screen.splitlines() for part in row.split("││") if "▌ " in part]
    heads = [at for at, part in enumerate(parts) if "▌ assistant" in part]
    return parts[heads[-1] :] if heads else [""]


def _busy(screen: str) -> bool:
    """Whether the list of chats marks one whose reply is on its way."""
    return any(row[LIST - 2 : LIST] == "…│" for row in screen.splitlines())


def _first_entry(screen: str, typed: str) -> str:
    """The title of the first entry below the palette's line."""
    _, _, below = screen.partition(f"🔎 {typed}")
    # What passes may lie over the right side.
    rows = (row.partition("▌")[0].strip(" ▁▔│┃▎▊") for row in below.splitlines()[1:])
    return next((row for row in rows if row), "")

"""Attaching in the chat: what is typed behind an @, or pasted as a path, becomes an attachment once the person chose it."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from assistant.domain.attachments import (
    ASK_BYTES,
    ASK_FILES,
    MOST_MESSAGE_BYTES,
    Attachment,
    described,
    size_words,
    token_words,
)
from assistant.domain.errors import AssistantError, AttachmentError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.settings import Settings
from assistant.ports.attaching import Candidate
from assistant.tui.widgets.path_choice import PathChoice

if TYPE_CHECKING:
    from assistant.ports.attaching import Amount, Attaching, Taken
    from assistant.tui.desk import Desk
    from assistant.tui.turn import Chat
    from assistant.tui.view import Sheets
    from assistant.tui.widgets.composer import Composer

_WORD = re.compile(r'(?:^|(?<=\s))@("[^"]*|[^\s"]*)$')
_PATHLIKE = re.compile(r"(?:file:/|/|~/|\.\.?/).")
_MOST_PATH = 4_096


class Face(Protocol):
    """The chat's face, as far as attaching needs it."""

    composer: "Composer"
    desk: "Desk"
    sheets: "Sheets"

    @property
    def attached(self) -> str:
        """What is attached takes so much of the window, in words."""
        ...

    def run_worker(self, work: Coroutine[None, None, None]) -> object:
        """Runs beside the screen."""
        ...

    def tell(self, text: str, error: bool = False) -> None:
        """Says something that passes."""
        ...

    def label(self) -> None:
        """What is attached, or the label of the next message, is another."""
        ...


class Attach:
    """Watches the composer; every look at the disk happens in a thread, one at a time."""

    def __init__(
        self,
        face: Face,
        disk: "Attaching",
        settings: Callable[[], Settings],
    ) -> None:
        """`settings` gives those of the moment."""
        self._face = face
        self._disk = disk
        self._settings = settings
        self._composer = face.composer
        self._choice = PathChoice()
        self._wanted: str | None = None
        self._busy = False
        self._left: str | None = None
        self._offered = ""
        self._standing: tuple[Attachment, ...] = ()
        self._composer.choosing = self.key

    # What is shown.

    def typed(self) -> None:
        """Another text stands in the composer, or the cursor elsewhere."""
        if (standing := self._composer.attachments) != self._standing:
            self._standing = standing
            self._face.label()
        word = self._word()
        if word is None or self._left is None or not word.startswith(self._left):
            self._left = None
        if word is None or self._left is not None:
            self._wanted = None
            self._choice.hide()
        elif word != self._wanted:
            self._wanted = word
            if not self._busy:
                self._face.run_worker(self._list())

    def pasted(self, text: str) -> None:
        """A text was pasted: where it is a path alone, what lies there is offered."""
        path = path_of(text)
        if path:
            self._face.run_worker(self._offer(path, text))

    def begin(self) -> None:
        """Types the @ for the person."""
        before = self._before()
        self._composer.insert("@" if not before or before[-1].isspace() else " @")
        self._composer.focus()

    async def _list(self) -> None:
        """The names for what is wanted last; what was wanted meanwhile is not looked for."""
        self._busy, word = True, None
        try:
            while self._wanted is not None and word != self._wanted:
                word = self._wanted
                found = await asyncio.to_thread(self._disk.names, _path(word))
                if word == self._wanted:
                    await self._show(found)
        finally:
            self._busy = False

    async def _offer(self, path: str, text: str) -> None:
        try:
            amount = await asyncio.to_thread(self._disk.amount, path)
        except AttachmentError:
            return
        size = None if amount.folder else amount.size_bytes
        slash = "/" if amount.folder and not path.endswith("/") else ""
        if self._before().endswith(text):
            self._offered = text
            await self._show((Candidate(path + slash, size),), offer=True)

    async def _show(self, found: Sequence[Candidate], *, offer: bool = False) -> None:
        if not self._choice.is_attached:
            await self._composer.screen.query_one("#middle").mount(self._choice)
        self._choice.show(tuple(found), self._composer.outer_size.height, offer=offer)

    # What the person does.

    def key(self, key: str) -> bool:
        """Whether `key` is one for the choice that is shown; acts on it then. "" is no key: the person looks elsewhere."""
        choice = self._choice
        if choice.chosen is None or not key or (self._word() is None and not choice.offer):
            choice.hide()
            return False
        if choice.offer:
            return self._answered(key)
        if key in ("up", "down"):
            choice.step(-1 if key == "up" else 1)
        elif key == "escape":
            self._left, self._wanted = self._wanted, None
            choice.hide()
        elif key == "tab" and choice.chosen.folder:
            self._into(choice.chosen)
        elif key in ("enter", "tab"):
            self.pick(choice.at)
        else:
            return False
        return True

    def _answered(self, key: str) -> bool:
        """An offer is taken by tab; any other key keeps the text, and acts as it always does."""
        offered = self._choice.chosen
        self._choice.hide()
        if key == "tab" and offered is not None and self._before().endswith(self._offered):
            self._remove(len(self._offered))
            self._take(offered)
        return key in ("tab", "escape")

    def pick(self, number: int) -> None:
        """Attaches the candidate of that number, in the place of what was typed."""
        one = self._choice.candidates[number]
        word = self._word()
        self._choice.hide()
        self._wanted = None
        if word is not None:
            self._remove(len(word) + 1)
        self._take(one)

    def _into(self, folder: Candidate) -> None:
        """Goes on in a folder, where its name can be typed."""
        word = self._word()
        if word is not None and harmless(folder.path) == folder.path and '"' not in folder.path:
            quote = '"' if any(character.isspace() for character in folder.path) else ""
            self._remove(len(word))
            self._composer.insert(quote + folder.path)

    # Reading.

    def _take(self, one: Candidate) -> None:
        self._composer.reading += 1
        self._face.run_worker(self._read(one.path))

    async def _read(self, path: str) -> None:
        """Looks how much it is, asks where that is much, reads it and puts it into the composer."""
        chat = self._face.desk.chat
        try:
            amount = await asyncio.to_thread(self._disk.amount, path)
            if not await self._agreed(amount):
                return
            rules = self._settings().labels.folders
            taken = await asyncio.to_thread(self._disk.take, path, rules)
            self._put(chat, taken)
        except AssistantError as error:
            self._face.tell(str(error), error=True)
        finally:
            self._composer.reading -= 1

    async def _agreed(self, amount: "Amount") -> bool:
        much = amount.files > ASK_FILES or amount.size_bytes > ASK_BYTES
        if not amount.folder or not much:
            return True
        tokens = token_words(amount.size_bytes // 4)
        words = f"attach {amount.files:,} files · {size_words(amount.size_bytes)} · {tokens}"
        return await self._face.sheets.ask_yes(one_line(amount.path, 60), words)

    def _put(self, chat: "Chat", taken: "Taken") -> None:
        """Raises: AttachmentError where the message would be too large, or is not in view any more."""
        desk, one, composer = self._face.desk, taken.attachment, self._composer
        if desk.chat is not chat:
            raise AttachmentError(f"{one.name} was for another chat", "attach it again there")
        size = len(composer.full_text.encode("utf-8", "replace")) + one.size_bytes
        if size > MOST_MESSAGE_BYTES:
            most = size_words(MOST_MESSAGE_BYTES)
            raise AttachmentError(
                f"with {one.name} the message has more than {most}", "attach less"
            )
        # The label is there before the text is: what leaves is looked at with it.
        desk.labels.attached(chat, one, taken.label)
        composer.attach(one)
        self.typed()
        self._face.label()
        label = f"label {taken.label.value}" if taken.label else ""
        notes = (described(one), taken.said, label, self._face.attached)
        self._face.tell(" · ".join(note for note in notes if note))

    # The composer's text.

    def _before(self) -> str:
        row, column = self._composer.cursor_location
        return self._composer.document[row][:column]

    def _word(self) -> str | None:
        """What is typed behind the @ before the cursor; None where there is none."""
        found = _WORD.search(self._before()) if self._composer.selection.is_empty else None
        return found[1] if found else None

    def _remove(self, characters: int) -> None:
        row, column = self._composer.cursor_location
        self._composer.delete((row, column - characters), (row, column))


def path_of(text: str) -> str:
    """The path that `text` is, quoted or as a file:// address too; "" where it is anything else."""
    text = text.strip()
    if len(text) > _MOST_PATH or "\n" in text:
        return ""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    elif "\\ " in text:
        # Terminals escape the blanks of what is dropped on them.
        text = text.replace("\\ ", " ")
    if not _PATHLIKE.match(text):
        return ""
    if text.startswith("file:"):
        text = unquote(text.removeprefix("file://").removeprefix("localhost"))
        text = text.removeprefix("file:")
    return text if text.startswith(("/", "~/", "./", "../")) else ""


def _path(word: str) -> str:
    return word.removeprefix('"')

"""Keeps what is typed and not sent, so that a crash does not lose it."""

import asyncio
from collections.abc import Callable, Coroutine

from assistant.domain.errors import AssistantError
from assistant.domain.sensitivity import Label
from assistant.ports import Journal


class Drafts:
    """Saves the latest text of each conversation, at most once in `delay_s`, beside the screen's loop."""

    def __init__(
        self,
        journal: Journal,
        start: Callable[[Coroutine[None, None, None]], object],
        failed: Callable[[AssistantError], None],
        delay_s: float = 1.0,
    ) -> None:
        """`start` runs a coroutine beside the screen; `failed` is told when a text could not be saved."""
        self._journal = journal
        self._start = start
        self._failed = failed
        self._delay_s = delay_s
        self._texts: dict[str, tuple[str, Label]] = {}
        self._pending: set[str] = set()
        self._unread = {""}
        self._waiting = False
        self._writing = asyncio.Lock()

    def note(self, conversation: str, text: str, label: Label = Label.LOCAL_ONLY) -> None:
        """`text` is what stands unsent in `conversation` now ("" is the empty chat), and `label` how far it may travel."""
        self._texts[conversation] = text, label
        self._pending.add(conversation)
        if not self._waiting:
            self._waiting = True
            self._start(self._later())

    def latest(self, conversation: str) -> tuple[str, Label] | None:
        """What was noted last for `conversation`, on disk or not; None where nothing was: the journal has the latest."""
        return self._texts.get(conversation)

    async def take_up(self) -> tuple[str, Label] | None:
        """What was kept of the empty chat before this start, the first time. Until then nothing is saved over it. Raises: StorageError."""
        async with self._writing:
            if "" not in self._unread:
                return None
            text = await asyncio.to_thread(self._journal.draft, "")
            label = await asyncio.to_thread(self._journal.draft_label, "")
            self._unread.clear()
        # What is not known of an old draft is the strictest there is.
        return (text, label or Label.LOCAL_ONLY) if text else None

    async def flush(self) -> None:
        """Saves at once whatever waits; not what would take the place of a text that nobody took up yet."""
        async with self._writing:
            if not self._journal.writable:
                return
            while ready := self._pending - self._unread:
                conversation = ready.pop()
                self._pending.remove(conversation)
                text, label = self._texts[conversation]
                try:
                    await asyncio.to_thread(self._journal.save_draft, conversation, text, label)
                except AssistantError as error:
                    self._pending.add(conversation)
                    self._failed(error)
                    return

    async def _later(self) -> None:
        await asyncio.sleep(self._delay_s)
        self._waiting = False
        await self.flush()

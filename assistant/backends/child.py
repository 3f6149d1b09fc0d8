"""A model's own process as the client sees it: frames in, frames out, one on a line, and how it died."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Self, TypeVar, cast

_LOG_LIMIT_BYTES = 1_000_000
_TAIL_BYTES = 4_000
_TAIL_LINES = 3
_ASKED_TO_END = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Death:
    """How a child ended: `crashed` by a signal that its own code raised, or `killed` by a person or the system."""

    what: str
    tail: str
    crashed: bool = False
    killed: bool = False

    def said(self) -> str:
        """What happened; with the last lines of its log, unless it was killed and had nothing to do with it."""
        return f"{self.what} ({self.tail})" if self.tail and not self.killed else self.what


class ChildDiedError(Exception):
    """The child is gone."""

    def __init__(self, death: Death) -> None:
        """`death` says how."""
        super().__init__(death.what)
        self.death = death


class ChildSilentError(Exception):
    """The child runs and has said nothing for longer than it may."""


Said = TypeVar("Said")
"""The frames that go to a child."""
Heard = TypeVar("Heard")
"""The frames that come from it."""


@dataclass(frozen=True, slots=True)
class Speech(Generic[Said, Heard]):
    """How frames become lines and back.

    `decode` gives the number of the question that a frame answers, too; it raises ValueError for what is no frame.
    """

    encode: Callable[[Said], bytes]
    decode: Callable[[bytes], tuple[int, Heard]]


class Child(asyncio.SubprocessProtocol, Generic[Said, Heard]):
    """A running child. Answers go to whoever asked, by the number of the question."""

    def __init__(self, speech: Speech[Said, Heard], log_path: Path, log_start: int) -> None:
        """Use `spawn`; the child's log begins at `log_start` of its file."""
        self._speech = speech
        self._log_path = log_path
        self._log_start = log_start
        self._buffer = b""
        self._heard_s = 0.0
        self._mailboxes: dict[int, asyncio.Queue[Heard | Death]] = {}
        self._ended = asyncio.Event()
        self._broken = ""
        self.death: Death | None = None

    @classmethod
    async def spawn(
        cls,
        speech: Speech[Said, Heard],
        command: Sequence[str],
        environment: Mapping[str, str],
        log_path: Path,
    ) -> Self:
        """Starts a child in a process group of its own, so that Ctrl+C in the terminal is not for it. Raises: OSError.

        What it writes to stderr goes to `log_path`.
        """
        log = _open_log(log_path)
        try:
            start = os.fstat(log).st_size
            _, child = await asyncio.get_running_loop().subprocess_exec(
                lambda: cls(speech, log_path, start),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment,
                process_group=0,
            )
        finally:
            os.close(log)
        return child

    @property
    def pid(self) -> int:
        """The process id."""
        return self._transport.get_pid()

    def send(self, frame: Said) -> None:
        """Hands a frame over; nothing happens where the child is gone."""
        pipe = self._transport.get_pipe_transport(0)
        if self.death is None and pipe is not None:
            cast("asyncio.WriteTransport", pipe).write(self._speech.encode(frame))

    async def ask(
        self, number: int, frame: Said, patience_s: float | None = None
    ) -> AsyncGenerator[Heard, None]:
        """Sends a frame and yields the answers that carry its `number`, without end.

        Raises: ChildDiedError; ChildSilentError where the child says nothing, to anybody, for `patience_s`.
        """
        with self._mailbox(number) as answers:
            self.send(frame)
            while True:
                answer = await self._next(answers, patience_s)
                if isinstance(answer, Death):
                    raise ChildDiedError(answer)
                yield answer

    def answer(self, number: int, frame: Heard) -> None:
        """Gives `frame` to whoever asked question `number`, as if the child had said it."""
        mailbox = self._mailboxes.get(number)
        if mailbox is not None:
            mailbox.put_nowait(frame)

    def overtake(self, number: int, frame: Heard) -> None:
        """Gives `frame` to whoever asked question `number`, before the child's death and in the place of all else not taken yet."""
        mailbox = self._mailboxes.get(number)
        if mailbox is None:
            return
        while not mailbox.empty():
            mailbox.get_nowait()
        mailbox.put_nowait(frame)
        if self.death is not None:
            mailbox.put_nowait(self.death)

    async def end(self, patience_s: float) -> None:
        """Waits until the child has ended, and ends it where that takes too long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), patience_s)
        if self.death is None:
            self.kill()
            await self._ended.wait()

    def terminate(self) -> None:
        """Asks the child to put its things in order and end."""
        with suppress(ProcessLookupError):
            self._transport.terminate()

    def kill(self) -> None:
        """Ends the child at once."""
        with suppress(ProcessLookupError):
            self._transport.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the process runs."""
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """asyncio: bytes from the child."""
        self._heard_s = asyncio.get_running_loop().time()
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            try:
                number, frame = self._speech.decode(line)
            except ValueError as error:
                self._broken = str(error)
                self.kill()
                return
            self.answer(number, frame)

    def connection_lost(self, _exc: Exception | None) -> None:
        """asyncio: the process has ended and its pipes are closed."""
        self._transport.close()
        code = self._transport.get_returncode() or 0
        name = signal.Signals(-code).name if -code in set(signal.Signals) else ""
        what = self._broken or (f"died of {name}" if name else f"ended with code {code}")
        killed = -code in _ASKED_TO_END
        self.death = Death(what, self._tail(), code < 0 and not killed, killed)
        for mailbox in self._mailboxes.values():
            mailbox.put_nowait(self.death)
        self._ended.set()

    @contextmanager
    def _mailbox(self, number: int) -> Iterator[asyncio.Queue[Heard | Death]]:
        answers = asyncio.Queue[Heard | Death]()
        if self.death is not None:
            answers.put_nowait(self.death)
        self._mailboxes[number] = answers
        try:
            yield answers
        finally:
            del self._mailboxes[number]

    async def _next(
        self, answers: asyncio.Queue[Heard | Death], patience_s: float | None
    ) -> Heard | Death:
        if patience_s is None:
            return await answers.get()
        now_s = asyncio.get_running_loop().time
        since_s = now_s()
        while True:
            left_s = max(since_s, self._heard_s) + patience_s - now_s()
            if left_s <= 0 and answers.empty():
                raise ChildSilentError
            with suppress(TimeoutError):
                return await asyncio.wait_for(answers.get(), max(0, left_s))

    def _tail(self) -> str:
        """The last lines that the child wrote to its log."""
        try:
            with self._log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - _TAIL_BYTES))
                text = log.read(_TAIL_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(lines[-_TAIL_LINES:])


def _open_log(path: Path) -> int:
    """The log to append to, begun anew where it is long; where it cannot be written the child runs without."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.fstat(log).st_size > _LOG_LIMIT_BYTES:
            os.ftruncate(log, 0)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    return log

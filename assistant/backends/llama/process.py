"""The worker's process as the client sees it: frames in, frames out, and how it died."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from assistant.backends.llama.protocol import (
    Answer,
    Load,
    Loaded,
    ProtocolError,
    ToWorker,
    decode_to_client,
    encode,
)

_LOG_LIMIT_BYTES = 1_000_000
_TAIL_BYTES = 4_000
_TAIL_LINES = 3
_ASKED_TO_END = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended: `crashed` by a signal that its own code raised, or `killed` by a person or the system."""

    what: str
    tail: str
    crashed: bool = False
    killed: bool = False


class WorkerDiedError(Exception):
    """The worker is gone."""

    def __init__(self, death: Death) -> None:
        """`death` says how."""
        super().__init__(death.what)
        self.death = death


_Mailbox = asyncio.Queue[Answer | Loaded | Death]


class WorkerProcess(asyncio.SubprocessProtocol):
    """A running worker. Answers go to whoever asked, by the number of the question."""

    def __init__(self, log_path: Path, log_start: int) -> None:
        """Use `spawn`; the worker's log begins at `log_start` of its file."""
        self._log_path = log_path
        self._log_start = log_start
        self._buffer = b""
        self._mailboxes: dict[int, _Mailbox] = {}
        self._ended = asyncio.Event()
        self._broken = ""
        self.death: Death | None = None

    @classmethod
    async def spawn(cls, command: Sequence[str], log_path: Path) -> "WorkerProcess":
        """Starts a worker in a process group of its own, so that Ctrl+C in the terminal is not for it. Raises: OSError."""
        log = _open_log(log_path)
        try:
            start = os.fstat(log).st_size
            _, process = await asyncio.get_running_loop().subprocess_exec(
                lambda: cls(log_path, start),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_environment(),
                process_group=0,
            )
        finally:
            os.close(log)
        return process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._transport.get_pid()

    def send(self, frame: ToWorker) -> None:
        """Hands a frame over; nothing happens where the worker is gone."""
        pipe = self._transport.get_pipe_transport(0)
        if self.death is None and pipe is not None:
            cast("asyncio.WriteTransport", pipe).write(encode(frame))

    async def load(self, frame: Load) -> Answer | Loaded:
        """Sends the first frame and returns what comes of it. Raises: WorkerDiedError."""
        with self._mailbox(0) as answers:
            self.send(frame)
            return _alive(await answers.get())

    async def ask(self, number: int, frame: ToWorker) -> AsyncGenerator[Answer, None]:
        """Sends a frame and yields the answers that carry its `number`, without end. Raises: WorkerDiedError."""
        with self._mailbox(number) as answers:
            self.send(frame)
            while True:
                answer = _alive(await answers.get())
                if not isinstance(answer, Loaded):
                    yield answer

    async def end(self, patience_s: float) -> None:
        """Waits until the worker has ended, and ends it where that takes too long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), patience_s)
        if self.death is None:
            self.kill()
            await self._ended.wait()

    def kill(self) -> None:
        """Ends the worker at once."""
        with suppress(ProcessLookupError):
            self._transport.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the process runs."""
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """asyncio: bytes from the worker."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            try:
                frame = decode_to_client(line)
            except ProtocolError as error:
                self._broken = str(error)
                self.kill()
                return
            mailbox = self._mailboxes.get(0 if isinstance(frame, Loaded) else frame.id)
            if mailbox is not None:
                mailbox.put_nowait(frame)

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
    def _mailbox(self, number: int) -> Iterator[_Mailbox]:
        answers = _Mailbox()
        if self.death is not None:
            answers.put_nowait(self.death)
        self._mailboxes[number] = answers
        try:
            yield answers
        finally:
            del self._mailboxes[number]

    def _tail(self) -> str:
        """The last lines that the worker wrote to its log."""
        try:
            with self._log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - _TAIL_BYTES))
                text = log.read(_TAIL_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(lines[-_TAIL_LINES:])


def _alive(answer: Answer | Loaded | Death) -> Answer | Loaded:
    if isinstance(answer, Death):
        raise WorkerDiedError(answer)
    return answer


def _open_log(path: Path) -> int:
    """The log to append to, begun anew where it is long; where it cannot be written the engine runs without."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.fstat(log).st_size > _LOG_LIMIT_BYTES:
            os.ftruncate(log, 0)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    return log


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[3])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    # GGML_NO_BACKTRACE: a failed assertion would start a debugger, which takes seconds and says less than the log.
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "GGML_NO_BACKTRACE": "1"}

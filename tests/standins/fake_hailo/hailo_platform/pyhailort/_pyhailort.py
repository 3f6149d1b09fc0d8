"""The native part: it keeps Python's lock while it waits, so that no other thread of the process runs."""
# ruff: noqa: TID252 - the package runs as `hailo_platform` too, where no `tests` is

import ctypes
import enum
import fcntl
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .._plan import Plan, family_of
from .._words import END, Message, count, garbage, parse, token_ids

PLAN = Plan.read()
__version__ = PLAN.native
STATUS = {
    2: "HAILO_INVALID_ARGUMENT",
    4: "HAILO_TIMEOUT",
    6: "HAILO_INVALID_OPERATION",
    13: "HAILO_OPEN_FILE_FAILURE",
    26: "HAILO_INVALID_HEF",
    36: "HAILO_DRIVER_OPERATION_FAILED",
    41: "HAILO_UNSUPPORTED_OPCODE",
    74: "HAILO_OUT_OF_PHYSICAL_DEVICES",
    76: "HAILO_INVALID_DRIVER_VERSION",
}
_HOLDING = ctypes.PyDLL(None)


class HailoRTStatusException(Exception):  # noqa: N818 - its name is the library's
    """A status number, as text."""


class LLMGeneratorCompletionStatus(enum.Enum):
    """Where a generation stands."""

    GENERATING = 0
    MAX_TOKENS_REACHED = 1
    LOGICAL_END_OF_GENERATION = 2
    ABORTED = 3


def fail(status: int) -> HailoRTStatusException:
    """The exception for a status."""
    return HailoRTStatusException(str(status))


def get_status_message(status: int) -> str:
    """The name of a status; "" where there is none."""
    return STATUS.get(status, "")


def hold(seconds: float) -> None:
    """Waits as native code does that never gives the lock back: PyDLL calls keep it."""
    if seconds > 0:
        _HOLDING.usleep(int(seconds * 1e6))


def mask_resize() -> None:
    """What `Control.__init__` does to the calling thread."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})


def write_log() -> None:
    """HailoRT leaves a log where it runs, unless it is told where, or NONE."""
    place = os.environ.get("HAILORT_LOGGER_PATH", ".")
    if place != "NONE":
        (Path(place) / "hailort.log").write_text("[HailoRT] [info] stand-in\n")


class Seat:
    """The device, which one process may hold; the system gives it back when the process dies."""

    def __init__(self) -> None:
        write_log()
        if PLAN.due("busy"):
            raise fail(74)
        if PLAN.due("mismatch"):
            raise fail(76)
        self._file: int | None = None
        if PLAN.lock_file:
            self._file = os.open(PLAN.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self.release()
                raise fail(74) from None

    def release(self) -> None:
        """Gives the device back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Completion:
    """A running generation; tokens come on a schedule that was fixed when it began."""

    def __init__(
        self, llm: "LLMWrapper", pieces: Sequence[str], new_tokens: int, *, whole: bool
    ) -> None:
        self._llm = llm
        self._pieces = [*pieces, END]
        self._whole = whole
        first_s = -(-new_tokens // 96) * PLAN.ttft_s * PLAN.time_scale
        self._first_at = time.monotonic() + first_s
        self._read = 0
        self.status = LLMGeneratorCompletionStatus.GENERATING

    def read(self, timeout_ms: int) -> str:
        """The next token's text; the last is the end token, or the recovery sequence. Keeps the lock all the while."""
        if self.status is not LLMGeneratorCompletionStatus.GENERATING:
            raise fail(6)
        if PLAN.due("die", self._read):
            os.kill(os.getpid(), signal.SIGSEGV)
        if PLAN.due("hang", self._read):
            hold(3600)
        limit_s = timeout_ms / 1000 * PLAN.time_scale
        due_in_s = self._first_at + self._read * PLAN.time_scale / PLAN.tps - time.monotonic()
        if due_in_s > limit_s or PLAN.due("stall", self._read):
            hold(limit_s)
            raise fail(4)
        hold(due_in_s)
        piece = self._pieces[self._read]
        self._read += 1
        self._llm.text += piece
        if self._read == len(self._pieces):
            ends = LLMGeneratorCompletionStatus
            self._end(ends.LOGICAL_END_OF_GENERATION if self._whole else ends.MAX_TOKENS_REACHED)
        return piece

    def release(self) -> None:
        """Aborts what is still generating: the device ends its token and takes the recovery sequence."""
        if self.status is LLMGeneratorCompletionStatus.GENERATING:
            hold((1 / PLAN.tps + PLAN.recovery_s) * PLAN.time_scale)
            self._llm.text += END
            self._end(LLMGeneratorCompletionStatus.ABORTED)
        self._llm.completion = None

    def _end(self, status: LLMGeneratorCompletionStatus) -> None:
        self.status = status
        self._llm.roll_back()
        PLAN.trace("end", status=status.name, tokens=self._read, text=self._llm.text)


class LLMWrapper:
    """A model on the device and the text that its KV cache holds."""

    def __init__(self, hef: bytes) -> None:
        self.family = family_of(hef)
        self.text = ""
        self.stops = [END, "<|endoftext|>"]
        self.recovery = END
        self.completion: Completion | None = None
        self._opened_at = 0

    @classmethod
    def create(cls, path: str) -> "LLMWrapper":
        """Loads for seconds, keeping the lock."""
        for fault, status in (("llm-74", 74), ("llm-36", 36)):
            if PLAN.due(fault):
                raise fail(status)
        try:
            hef = Path(path).read_bytes()
        except OSError:
            raise fail(13) from None
        if not hef.startswith(b"\x01HEF"):
            raise fail(26)
        begun = time.monotonic()
        hold(PLAN.load_s * PLAN.time_scale)
        PLAN.trace("load", path=path, seconds=time.monotonic() - begun)
        return cls(hef)

    def generate(
        self, prompt: str | list[Message], options: dict[str, float | None], *, tools: bool
    ) -> Completion:
        """Uploads what is new; a system message or tools only into an empty context."""
        if self.completion is not None:
            raise fail(6)
        _check(options)
        new, question = self._prompt(prompt, tools=tools)
        self._opened_at = len(self.text)
        self.text += new
        seed = options.get("seed")
        pieces = PLAN.answer.pieces(question, self.family, None if seed is None else int(seed))
        if self.usage() > PLAN.context_tokens:
            pieces = garbage(len(pieces))
        limit = options.get("max_generated_tokens")
        shown = pieces[: int(1024 if limit is None else limit)]
        PLAN.trace(
            "generate",
            seen=[] if self.usage() > PLAN.context_tokens else self.seen(),
            new_tokens=count(new),
            tokens=self.usage(),
            options=options,
        )
        self.completion = Completion(self, shown, count(new), whole=len(shown) == len(pieces))
        return self.completion

    def usage(self) -> int:
        """Tokens in the context; may exceed the capacity."""
        return count(self.text)

    def seen(self) -> list[Message]:
        """The conversation that the device holds."""
        held = parse(self.text)
        return self.family.normal(held[:-1]) if held else []

    def clear(self) -> None:
        """An empty context."""
        self.text = ""
        PLAN.trace("clear")

    def roll_back(self) -> None:
        """The thoughts of a reasoning model leave the context after its reply."""
        if self.family.thinks:
            prompt, reply = self.text[: self._opened_at], self.text[self._opened_at :]
            head, mark, said = reply.rpartition("</think>")
            if mark:
                opening = head.rpartition("<|im_start|>assistant\n")
                reply = "".join(opening[:2]) + said.lstrip("\n")
            self.text = prompt + reply

    def _prompt(self, prompt: str | list[Message], *, tools: bool) -> tuple[str, str]:
        if isinstance(prompt, str):
            return prompt, prompt
        if self.text and (tools or any(each["role"] == "system" for each in prompt)):
            raise fail(6)
        opening = "\n" if self.text else ""
        question = next((m["content"] for m in reversed(prompt) if m["role"] == "user"), "")
        return opening + self.family.render(prompt, fresh=not self.text), question


def tokenize(text: str) -> list[int]:
    """Ids of the tokens of `text`."""
    return token_ids(text)


def _check(options: dict[str, float | None]) -> None:
    """What HailoRT refuses."""
    unsound: dict[str, Callable[[float], bool]] = {
        "temperature": lambda value: value <= 0,
        "top_p": lambda value: not 0 <= value <= 1,
        "top_k": lambda value: value < 1,
        "frequency_penalty": lambda value: value == 0,
    }
    for name, refuses in unsound.items():
        value = options.get(name)
        if value is not None and refuses(value):
            raise fail(2)

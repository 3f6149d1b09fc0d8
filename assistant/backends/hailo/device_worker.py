"""The HAT's worker: runs a model by `hailo_platform` under the system's own Python, and talks to its parent over pipes.

This file stands alone: `/usr/bin/python3 -P FILE`, Python 3.11 or later, nothing but the standard library and Hailo's
package, nothing of `assistant`. One JSON object a line comes in on stdin and goes out on stdout; stderr is its log. What is
known of Hailo's library was read in its sources, releases 5.1.0 to 5.2.0.

There is one thread on purpose. The library keeps Python's lock while it loads and while it waits for a token, so a second
thread would stand still just then; between two tokens this one looks at stdin by itself.
"""

import codecs
import contextlib
import ctypes
import faulthandler
import json
import os
import re
import select
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from enum import Enum
from types import FrameType
from typing import Protocol, Required, TypedDict, TypeVar

READ_TIMEOUT_MS = 60_000
"""For one token, the first of a long prompt too. The library's own 10 s, which its iterator uses, are too few for that."""
USUAL_WINDOW_TOKENS = 2048
"""The window of every published model, for a release that does not tell it (before 5.1.1)."""
OPENING, CLOSING = "<think>", "</think>"
OPENS_THOUGHT = re.compile(OPENING + r"(?:\\n|\n)?['\"]\s*-?}}")
"""The end of a chat template that begins the model's thought itself, so that the reply holds no opening tag."""
FINISHES = {"LOGICAL_END_OF_GENERATION": "stop", "MAX_TOKENS_REACHED": "length"}
MOST_SAID = 400
"""Characters of an exception's text that are passed on."""
_PR_SET_PDEATHSIG = 1


class Message(TypedDict):
    """One message as the library takes it."""

    role: str
    content: str


class Frame(TypedDict, total=False):
    """What the parent asks: `frame` is Load, Count, Generate, Forget, Stop or Close, and has the fields that it needs.

    `id` is 0 for Load; `messages` is a whole conversation, and the reply ends before any of `stops`.
    """

    frame: Required[str]
    id: Required[int]
    hef: str
    name: str
    texts: list[str]
    messages: list[Message]
    options: dict[str, float]
    stops: list[str]


Send = Callable[[dict[str, object]], None]
_T = TypeVar("_T")


class Completion(Protocol):
    """One running generation of the library; leaving its `with` block gives the device back, and aborts what still runs."""

    @property
    def generation_status(self) -> Enum:
        """GENERATING, LOGICAL_END_OF_GENERATION, MAX_TOKENS_REACHED or ABORTED; its type lies in a private module."""

    def read(self, timeout_ms: int) -> str:
        """Waits for the next token's text."""


class Llm(Protocol):
    """What all releases of the library's LLM have."""

    def generate(
        self, *, prompt: Sequence[Message], **options: float
    ) -> AbstractContextManager[Completion]:
        """Gives the messages to the device. By keywords only: `tools` came second in 5.2.0."""

    def tokenize(self, text: str) -> list[int]:
        """Ids of the tokens."""

    def clear_context(self) -> None:
        """Empties the device's context."""


class ReplyText:
    """The text of one reply as it grows, without the marks that end it.

    The library delivers the end token as text, and after a reply that was cut the recovery sequence too. They may come in
    pieces, so what could be the beginning of a mark is held back. A mark is stripped at the end only: elsewhere it is text.
    """

    def __init__(self, marks: Sequence[str], stops: Sequence[str], opening: str) -> None:
        """The reply ends before any of `stops`; `opening` is put before its first text unless it begins so by itself."""
        self._marks = [mark for mark in marks if mark]
        self._stops = [stop for stop in stops if stop]
        self._opening = opening
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._held = ""
        self._read = 0
        self._given = 0
        self._starts: list[int] = []
        self.text = ""
        self.stopped = False

    def feed(self, token: bytes) -> tuple[str, int]:
        """What may be shown now that `token` came, and how many tokens that is."""
        self._starts.append(self._read)
        self._take(self._decode(token))
        found = [(at + len(stop), at) for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            # The one that ends first wins, so that it does not matter how the text was cut into tokens.
            self.stopped = True
            return self._give(min(found)[1])
        return self._give(len(self._held) - _ending(self._held, [*self._marks, *self._stops]))

    def end(self) -> tuple[str, int]:
        """What was held back and turned out to be text."""
        self._take(self._decode(b"", True))
        kept = self._held
        while mark := next((mark for mark in self._marks if kept.endswith(mark)), ""):
            kept = kept[: -len(mark)]
        return self._give(len(kept))

    def _take(self, text: str) -> None:
        self._held += text
        self._read += len(text)

    def _give(self, size: int) -> tuple[str, int]:
        """A token counts once any of its text is given; one without text counts with the next."""
        text, self._held = self._held[:size], self._held[size:]
        self._given += size
        tokens = sum(start < self._given for start in self._starts)
        del self._starts[:tokens]
        if text and self._opening:
            text = text if text.lstrip().startswith(OPENING) else self._opening + text
            self._opening = ""
        self.text += text
        return text, tokens


def _ending(text: str, marks: Sequence[str]) -> int:
    """How many of the last characters of `text` are whole marks, and perhaps the beginning of another."""

    def ends(tail: str) -> bool:
        return any(
            m.startswith(tail) or (tail.startswith(m) and ends(tail[len(m) :])) for m in marks
        )

    return next((len(text) - at for at in range(len(text)) if ends(text[at:])), 0)


class Commands:
    """What the parent asks, in order."""

    def __init__(self, descriptor: int) -> None:
        """Reads from `descriptor`."""
        self._descriptor = descriptor
        self._rest = b""
        self._waiting: deque[Frame] = deque()
        self._stopped: set[int] = set()
        self._over = False

    def take(self) -> Frame | None:
        """The next job, however long it takes; None once the parent closes or is gone."""
        while not self._waiting and not self._over:
            self._read()
        return None if self._over else self._waiting.popleft()

    def stopped(self, number: int) -> bool:
        """Whether generation `number` is to end; looks, and does not wait."""
        while not self._over and select.select([self._descriptor], [], [], 0)[0]:
            self._read()
        return self._over or number in self._stopped

    def _read(self) -> None:
        data = os.read(self._descriptor, 65536)
        self._over = self._over or not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            frame: Frame = json.loads(line)
            if frame["frame"] == "Stop":
                self._stopped.add(frame["id"])
            elif frame["frame"] == "Close":
                self._over = True
            else:
                self._waiting.append(frame)


class Session:
    """A model on the device, and what its context holds.

    The device keeps the context between calls and takes only what is new. It is built on where it holds exactly the
    beginning of the conversation that is asked about; in all other cases it is emptied and given everything, which is
    slower and always right. Not known to be exact is a context after:
    - a reply that was broken off: the device had gone on past the last token that was read;
    - an error;
    - a reply of a reasoning model: the thought is rolled back, and the answer comes before the next prompt as text of the
      library's own making.
    """

    def __init__(self, llm: Llm, name: str, commands: Commands, send: Send) -> None:
        """`llm` was just loaded: its context is empty."""
        self._llm = llm
        self._commands = commands
        self._send = send
        stops = _told(llm, "get_stop_tokens", list[str]())
        self._marks = [*stops, _told(llm, "get_generation_recovery_sequence", "")]
        template = _told(llm, "prompt_template", "")
        opens = re.search("deepseek.?r1", name, re.IGNORECASE) or OPENS_THOUGHT.search(template)
        self._opening = f"{OPENING}\n" if opens else ""
        self._reasons = bool(opens) or CLOSING in template
        self._held: list[Message] | None = []
        self._used = self._usage()
        self.window_tokens = _told(llm, "max_context_capacity", USUAL_WINDOW_TOKENS)

    def count(self, job: Frame) -> None:
        """Answers how many tokens each text is."""
        tokens = [len(self._llm.tokenize(text)) if text else 0 for text in job["texts"]]
        self._send({"frame": "Counted", "id": job["id"], "tokens": tokens})

    def generate(self, job: Frame) -> None:
        """Streams a reply. Raises: whatever the library raises before the first token."""
        number, messages = job["id"], job["messages"]
        if self._commands.stopped(number):
            self._send({"frame": "Finished", "id": number, "finish": "cancelled"})
            return
        new = self._new(messages)
        self._held = None
        self._send({"frame": "Begun", "id": number, "reused": len(messages) - len(new)})
        reply = ReplyText(self._marks, job["stops"], self._opening)
        with self._llm.generate(prompt=new, **job["options"]) as completion:
            whole = self._tell(number, completion, reply)
        self._used = self._usage()
        overflowed = self._used is not None and self._used > self.window_tokens
        if whole and not overflowed and not self._reasons and "think>" not in reply.text:
            self._held = [*messages, {"role": "assistant", "content": reply.text}]

    def forget(self, job: Frame) -> None:
        """Empties the context."""
        self._clear()
        self._send({"frame": "Ended", "id": job["id"]})

    def _new(self, messages: list[Message]) -> list[Message]:
        """What of `messages` the device is to be given: what it does not hold, or all of it, into an empty context.

        A system message is taken by an empty context only.
        """
        held = self._held
        if held and messages[: len(held)] == held and self._usage() == self._used:
            new = messages[len(held) :]
            if new and all(message["role"] != "system" for message in new):
                return new
        self._clear()
        return messages

    def _clear(self) -> None:
        if self._held != []:
            self._llm.clear_context()
        self._held, self._used = [], self._usage()

    def _tell(self, number: int, completion: Completion, reply: ReplyText) -> bool:
        """Passes a reply on; says whether the device holds just that. Giving the device back may hang, so it comes after."""
        try:
            finish = self._read(number, completion, reply)
        except Exception as error:  # noqa: BLE001 - the library raises many things, and its parent must hear of all
            self._send(failure(number, error))
            return False
        self._send({"frame": "Finished", "id": number, "finish": finish})
        return finish != "cancelled" and not reply.stopped

    def _read(self, number: int, completion: Completion, reply: ReplyText) -> str:
        while (status := completion.generation_status.name) == "GENERATING":
            if self._commands.stopped(number):
                return "cancelled"
            self._say(number, reply.feed(_token(completion)))
            if reply.stopped:
                return "stop"
        self._say(number, reply.end())
        if status not in FINISHES:
            raise RuntimeError(f"the device ended the reply as {status}")
        return FINISHES[status]

    def _say(self, number: int, piece: tuple[str, int]) -> None:
        text, tokens = piece
        if text:
            self._send({"frame": "Piece", "id": number, "text": text, "tokens": tokens})

    def _usage(self) -> int | None:
        """Tokens in the device's context; None before 5.1.1, which cannot tell."""
        return _told(self._llm, "get_context_usage_size", None)


def _told(llm: Llm, method: str, otherwise: _T) -> _T:
    """What `method` says; `otherwise` where this release has none of that name."""
    if not hasattr(llm, method):
        return otherwise
    said: _T = getattr(llm, method)()
    return said


def _token(completion: Completion) -> bytes:
    """The next token's text; part of a character where the library did not hold it back until it was whole."""
    try:
        return completion.read(timeout_ms=READ_TIMEOUT_MS).encode("utf-8", "replace")
    except UnicodeDecodeError as error:
        return error.object


FAULTS = {
    "4": "timeout", "26": "model", "36": "driver", "74": "busy", "76": "mismatch",
    "HailoRTTimeout": "timeout", "HailoRTDriverOperationFailedException": "driver",
    "HailoRTInvalidHEFException": "model", "HailoRTHEFNotCompatibleWithDevice": "model",
    "ModuleNotFoundError": "runtime", "ImportError": "mismatch",
}  # fmt: skip
"""By HailoRT's status or by the exception's name; an ImportError that names no module says that versions differ."""


def failure(number: int, error: Exception) -> dict[str, object]:
    """The frame for what frame `number` (0: Load) could not do; the log gets all of it."""
    traceback.print_exception(error)
    name, text = type(error).__name__, str(error)
    # Making a model raises the bare number; elsewhere it stands in the text, or the exception has a name for it.
    status = re.search(r"^\d+$|(?<=failed with error: )\d+", text)
    fault = FAULTS.get(name) or FAULTS.get(status[0] if status else "", "other")
    return {"frame": "Failed", "id": number, "fault": fault, "text": f"{name}: {text}"[:MOST_SAID]}


class TerminatedError(BaseException):
    """SIGTERM: whatever runs ends, and the device is given back."""


def main() -> None:
    """Serves one parent until it says Close, or is gone."""
    pipe = os.dup(1)
    # Whatever else in this process prints goes to the log, not between the frames.
    os.dup2(2, 1)
    _settle()

    def send(frame: dict[str, object]) -> None:
        left = memoryview(json.dumps(frame).encode("ascii") + b"\n")
        while left:
            left = left[os.write(pipe, left) :]

    try:
        with contextlib.suppress(BrokenPipeError), ExitStack() as stack:
            _serve(stack, Commands(0), send)
    except TerminatedError:
        os.kill(os.getpid(), signal.SIGTERM)


def _serve(stack: ExitStack, commands: Commands, send: Send) -> None:
    """Does one job after the other; the model, then the device, are given back when `stack` is left."""
    do: dict[str, Callable[[Frame], None]] = {}
    while (job := commands.take()) is not None:
        try:
            if job["frame"] == "Load":
                made = _load(job, stack, commands, send)
                do = {"Count": made.count, "Generate": made.generate, "Forget": made.forget}
            else:
                do[job["frame"]](job)
        except Exception as error:  # noqa: BLE001 - the library raises many things, and its parent must hear of all
            send(failure(job["id"], error))


def _load(job: Frame, stack: ExitStack, commands: Commands, send: Send) -> Session:
    from hailo_platform import VDevice  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from hailo_platform.genai import LLM  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fmt: skip

    llm = stack.enter_context(LLM(stack.enter_context(VDevice()), job["hef"]))
    session = Session(llm, job["name"], commands, send)
    send({"frame": "Loaded", "window_tokens": session.window_tokens})
    return session


def _settle() -> None:
    os.umask(0o077)
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _terminate)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    # A second one ends the process at once.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise TerminatedError


if __name__ == "__main__":
    main()

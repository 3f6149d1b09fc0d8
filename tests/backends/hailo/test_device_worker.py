"""The HAT's worker from inside: what is shown of a reply, and what the device is given; with a scripted model."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.hailo import device_worker as worker
from assistant.backends.hailo.device_worker import Commands, Frame, Message, ReplyText, Session

MARKS = ["<|im_end|>", "<|endoftext|>", "<|im_end|>\n"]
Frames = list[dict[str, object]]


def told(pieces: Sequence[str], stops: Sequence[str] = (), opening: str = "") -> tuple[str, int]:
    """What is shown of a reply that comes in these pieces, and the tokens that were counted."""
    reply = ReplyText(MARKS, stops, opening)
    shown, tokens = "", 0
    for piece in pieces:
        text, more = reply.feed(piece.encode())
        shown, tokens = shown + text, tokens + more
        if reply.stopped:
            return shown, tokens
    text, more = reply.end()
    assert reply.text == shown + text
    return shown + text, tokens + more


def cut(text: str, places: Sequence[int]) -> list[str]:
    """`text` in pieces."""
    at = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(at)]


@given(
    st.lists(st.sampled_from(["a", "<", "|", "<|", "im_end", "<|im_end|>", "\n", "<|im_"])),
    st.sampled_from(["", *MARKS, MARKS[0] * 2, MARKS[1] + MARKS[2]]),
    st.lists(st.integers(0, 100)),
)
def test_marks_leave_the_end_however_they_are_cut(
    words: list[str], marks: str, places: list[int]
) -> None:
    said = "".join(words) + "."
    assert told(cut(said + marks, places))[0] == said


@given(st.text(max_size=30), st.lists(st.integers(0, 100)))
def test_nothing_but_marks_is_lost(text: str, places: list[int]) -> None:
    shown, _ = told(cut(text, places))
    assert text.startswith(shown)
    assert not text[len(shown) :].replace("<|im_end|>", "").replace("<|endoftext|>", "").strip()


def test_text_is_given_as_soon_as_it_cannot_be_a_mark() -> None:
    reply = ReplyText(MARKS, (), "")
    fed = [reply.feed(piece.encode()) for piece in ("Hi ", "<", "|im", "age|>", "<|im_end|>", "")]
    assert fed == [("Hi ", 1), ("", 0), ("", 0), ("<|image|>", 3), ("", 0), ("", 0)]
    assert reply.end() == ("", 0)


def test_a_mark_in_the_middle_is_text() -> None:
    assert told(["write <|im_end|>", " like so", "<|im_end|>"]) == ("write <|im_end|> like so", 2)


def test_end_tokens_are_not_counted_and_empty_ones_with_the_next() -> None:
    assert told(["a", "", "b", "<|im_", "end|>", ""]) == ("ab", 3)


@given(st.text(st.sampled_from("aäß→😀"), max_size=12), st.lists(st.integers(0, 60)))
def test_characters_may_come_in_pieces(text: str, places: list[int]) -> None:
    raw = text.encode()
    at = sorted({place % (len(raw) + 1) for place in places} | {0, len(raw)})
    reply = ReplyText(MARKS, (), "")
    shown = "".join(reply.feed(raw[a:b])[0] for a, b in pairwise(at))
    assert shown + reply.end()[0] == text


@given(st.lists(st.integers(0, 60)))
def test_a_stop_text_ends_it_however_it_is_cut(places: list[int]) -> None:
    assert told(cut("one two END three ENDE", places), ["END", "ENDE", " thr"])[0] == "one two "


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["so", "</think>"], "<think>\nso</think>"),
        (["<think>", "so"], "<think>so"),
        (["", "\n<think>"], "\n<think>"),
        (["<|im_end|>"], ""),
    ],
)
def test_a_thought_that_the_template_opened_gets_its_tag_back(
    pieces: list[str], shown: str
) -> None:
    assert told(pieces, opening="<think>\n")[0] == shown


@pytest.mark.parametrize(
    ("template", "opens"),
    [
        ("{% if add_generation_prompt %}{{'<|Assistant|><think>\\n'}}{% endif %}", True),
        ("{{- '<|im_start|>assistant\n<think>\n' }}", True),
        ('{{ "<think>" -}}', True),
        ("{{- '<think>\\n\\n</think>\\n\\n' }}", False),
        ("{{- '\\n<think>\\n' + reasoning + '\\n</think>' }}", False),
        ("{{- '<|im_start|>assistant\\n' }}", False),
    ],
)
def test_a_template_shows_whether_it_opens_a_thought(template: str, opens: bool) -> None:
    assert bool(worker.OPENS_THOUGHT.search(template)) is opens


class Status(Enum):
    GENERATING = 0
    MAX_TOKENS_REACHED = 1
    LOGICAL_END_OF_GENERATION = 2
    ABORTED = 3


@dataclass
class Script:
    """A generation that follows its steps: text, bytes that are no whole character, an error."""

    steps: list[str | bytes | Exception]
    ends: Status = Status.LOGICAL_END_OF_GENERATION
    said: Frames = field(default_factory=list)
    told_before_release: bool = False

    @property
    def generation_status(self) -> Enum:
        return Status.GENERATING if self.steps else self.ends

    def read(self, timeout_ms: int) -> str:
        assert timeout_ms == 60_000
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, bytes):
            raise UnicodeDecodeError("utf-8", step, 0, 1, "unexpected end of data")
        return step

    def __enter__(self) -> "Script":
        return self

    def __exit__(self, *_: object) -> None:
        self.told_before_release = self.said[-1]["frame"] in ("Finished", "Failed")


@dataclass
class Model:
    """An LLM of the oldest release, which does as its scripts say."""

    scripts: list[Script]
    prompts: list[list[Message]] = field(default_factory=list)
    clears: int = 0

    def generate(self, *, prompt: Sequence[Message], **_options: float) -> Script:
        self.prompts.append(list(prompt))
        return self.scripts.pop(0)

    def tokenize(self, text: str) -> list[int]:
        return [0] * len(text)

    def clear_context(self) -> None:
        self.clears += 1


@contextmanager
def pipe() -> Iterator[tuple[Commands, int]]:
    """The worker's ear, and where to talk to it."""
    ear, mouth = os.pipe()
    try:
        yield Commands(ear), mouth
    finally:
        os.close(ear)
        os.close(mouth)


def job(number: int, *texts: str) -> Frame:
    roles = ("user", "assistant")
    messages: list[Message] = [
        {"role": roles[index % 2], "content": text} for index, text in enumerate(texts)
    ]
    return {"frame": "Generate", "id": number, "messages": messages, "options": {}, "stops": []}


QUIET, _ = os.pipe()
"""Nobody ever writes to it."""


def run(*scripts: Script) -> tuple[Model, Session, Frames]:
    """A session with a model of these scripts; the frames grow as it works."""
    said: Frames = []
    for script in scripts:
        script.said = said
    model = Model(list(scripts))
    return model, Session(model, "qwen2:1.5b", Commands(QUIET), said.append), said


def spoken(said: Frames) -> str:
    return "".join(str(frame["text"]) for frame in said if frame["frame"] == "Piece")


def test_characters_that_the_library_cut_are_put_together() -> None:
    _, session, said = run(Script(["a", b"\xf0\x9f", b"\x98\x80", "b", b"\xe2", "c"]))
    session.generate(job(1, "hi"))
    assert spoken(said) == "a😀b\ufffdc"


def test_what_follows_a_reply_is_given_as_news() -> None:
    model, session, said = run(Script(["Yes"]), Script(["No"]))
    session.generate(job(1, "hi"))
    session.generate(job(2, "hi", "Yes", "and?"))
    assert [len(prompt) for prompt in model.prompts] == [1, 1]
    assert [frame["reused"] for frame in said if frame["frame"] == "Begun"] == [0, 2]
    assert model.clears == 0


@pytest.mark.parametrize(
    ("script", "finish"),
    [
        (Script(["Yes"], Status.ABORTED), "Failed"),
        (Script([RuntimeError("lost")]), "Failed"),
        (Script(["<think>", "</think>", "Yes"]), "Finished"),
    ],
)
def test_a_context_that_is_not_exact_is_given_up(script: Script, finish: str) -> None:
    model, session, said = run(script, Script(["No"]))
    session.generate(job(1, "hi"))
    assert said[-1]["frame"] == finish
    assert script.told_before_release, "giving the device back may hang"
    session.generate(job(2, "hi", spoken(said), "and?"))
    assert [len(prompt) for prompt in model.prompts] == [1, 3]
    assert model.clears == 1


def test_an_abort_of_the_device_s_own_is_no_ending() -> None:
    _, session, said = run(Script(["Yes"], Status.ABORTED))
    session.generate(job(1, "hi"))
    assert said[-1]["fault"] == "other"
    assert "ABORTED" in str(said[-1]["text"])


def test_a_stop_that_came_early_keeps_the_device_out_of_it() -> None:
    said: Frames = []
    model = Model([])
    with pipe() as (commands, mouth):
        os.write(mouth, b'{"frame":"Stop","id":4}\n')
        Session(model, "qwen2:1.5b", commands, said.append).generate(job(4, "hi"))
    assert said == [{"frame": "Finished", "id": 4, "finish": "cancelled"}]
    assert not model.prompts


def test_commands_come_in_any_pieces_and_end_with_close() -> None:
    lines = (
        b'{"frame":"Count","id":1,"texts":[]}\n{"frame":"Stop","id":9}\n{"frame":"Close","id":0}\n'
    )
    with pipe() as (commands, mouth):
        os.write(mouth, lines[:20])
        assert not commands.stopped(9)
        os.write(mouth, lines[20:60])
        first = commands.take()
        assert first is not None
        assert first["frame"] == "Count"
        os.write(mouth, lines[60:])
        assert commands.stopped(9)
        assert commands.take() is None
        assert commands.stopped(1), "everything ends with the parent"


class HailoRTStatusException(Exception):  # noqa: N818 - the library's name
    pass


class HailoRTException(Exception):  # noqa: N818 - the library's name
    pass


class HailoRTTimeout(HailoRTException):
    pass


class HailoRTInvalidHEFException(HailoRTException):
    pass


class HailoRTInvalidOperationException(HailoRTException):
    pass


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (HailoRTStatusException("74"), "busy"),
        (HailoRTException("libhailort failed with error: 74 (HAILO_OUT_OF_X)"), "busy"),
        (HailoRTStatusException(76), "mismatch"),
        (ImportError("_pyhailort version (5.3.0) does not match"), "mismatch"),
        (HailoRTStatusException("36"), "driver"),
        (HailoRTTimeout("Received a timeout"), "timeout"),
        (HailoRTInvalidHEFException("Invalid HEF. See hailort.log"), "model"),
        (HailoRTStatusException("26"), "model"),
        (ModuleNotFoundError("No module named 'hailo_platform'"), "runtime"),
        (HailoRTInvalidOperationException("Invalid operation"), "other"),
        (HailoRTStatusException("745"), "other"),
        (HailoRTException(""), "other"),
    ],
    ids=repr,
)
def test_what_the_library_raises_is_told_by_kind(error: Exception, fault: str) -> None:
    frame = worker.failure(3, error)
    assert (frame["id"], frame["fault"]) == (3, fault)
    assert str(frame["text"]).startswith(type(error).__name__)


def test_it_asks_only_what_the_release_has() -> None:
    newer = SimpleNamespace(get_context_usage_size=lambda: 7)
    assert worker._told(newer, "get_context_usage_size", None) == 7
    assert worker._told(newer, "max_context_capacity", 2048) == 2048


def test_it_needs_nothing_of_this_program() -> None:
    """Run as it is run: by path, without the folders of this program, and with no folder of its own to import from."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*sys.modules)"
    path = str(Path(worker.__file__))
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", code, path],
        cwd="/",
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded <= {*sys.stdlib_module_names, "__main__"}
    done = subprocess.run(
        [sys.executable, "-S", "-P", path], input="", env={}, text=True, check=True, cwd="/"
    )
    assert json.dumps(done.returncode) == "0", "a parent that is gone is a reason to end"

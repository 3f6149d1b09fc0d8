"""A child process, its frames and its death: with real processes of a few lines."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant.backends.child import Child, ChildDiedError, ChildSilentError, Death, Speech

Line = tuple[int, str]
"""In these tests a frame is `NUMBER TEXT`."""


def encode(frame: Line) -> bytes:
    return f"{frame[0]} {frame[1]}\n".encode()


def decode(line: bytes) -> tuple[int, Line]:
    number, _, text = line.decode().partition(" ")
    return int(number), (int(number), text)


ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
SILENT = "import sys, time\nfor line in sys.stdin: pass"
DEAF = "import signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('0 ready', flush=True)\nsys.stdin.read()"
Spawn = Callable[[str], Awaitable[Child[Line, Line]]]


@pytest.fixture
async def spawn(tmp_path: Path) -> AsyncIterator[Spawn]:
    """Starts a child that runs this code; all are ended afterwards."""
    made: list[Child[Line, Line]] = []

    async def start(code: str) -> Child[Line, Line]:
        command = (sys.executable, "-S", "-c", code)
        speech = Speech(encode, decode)
        made.append(await Child[Line, Line].spawn(speech, command, os.environ, tmp_path / "log"))
        return made[-1]

    yield start
    for child in made:
        child.kill()
        await child.end(10)


async def first(child: Child[Line, Line], frame: Line, patience_s: float | None = None) -> str:
    async with aclosing(child.ask(frame[0], frame, patience_s)) as answers:
        return (await anext(answers))[1]


async def test_answers_go_to_whoever_asked(spawn: Spawn) -> None:
    child = await spawn(ECHO)
    said = await asyncio.gather(*(first(child, (number, f"no {number}")) for number in range(20)))
    assert said == [f"no {number}" for number in range(20)]


async def test_what_nobody_asked_for_is_dropped(spawn: Spawn) -> None:
    child = await spawn(ECHO)
    child.send((7, "nobody waits"))
    assert await first(child, (8, "this one")) == "this one"
    child.answer(9, (9, "neither"))


async def test_an_answer_may_be_given_in_the_child_s_place(spawn: Spawn) -> None:
    child = await spawn(SILENT)
    waiting = asyncio.create_task(first(child, (3, "?")))
    await asyncio.sleep(0)
    child.answer(3, (3, "enough"))
    assert await waiting == "enough"


async def test_an_answer_may_overtake_those_that_nobody_has_taken_yet(spawn: Spawn) -> None:
    child = await spawn(SILENT)
    async with aclosing(child.ask(3, (3, "?"))) as answers:
        waiting = asyncio.ensure_future(anext(answers))
        await asyncio.sleep(0)
        child.answer(3, (3, "first"))
        assert (await waiting)[1] == "first"
        child.answer(3, (3, "late"))
        child.overtake(3, (3, "enough"))
        assert (await anext(answers))[1] == "enough"
        child.kill()
        with pytest.raises(ChildDiedError):
            await anext(answers)
    child.overtake(3, (3, "nobody waits any more"))


async def test_a_child_that_says_nothing_is_told_from_a_slow_one(spawn: Spawn) -> None:
    child = await spawn(SILENT)
    with pytest.raises(ChildSilentError):
        await first(child, (1, "?"), 0.05)
    assert child.death is None


async def test_a_child_is_not_silent_while_it_talks_to_somebody_else(spawn: Spawn) -> None:
    code = """
import sys, time
asked = sys.stdin.readline()
for _ in range(12):
    time.sleep(0.05)
    print("1 still at it", flush=True)
print("2 at last", flush=True)
sys.stdin.read()
"""
    child = await spawn(code)
    assert await first(child, (2, "?"), 0.4) == "at last"


async def test_a_death_reaches_everybody_with_the_log_s_last_lines(spawn: Spawn) -> None:
    code = "import sys\nsys.stdin.readline(); sys.stderr.write('one\\ntwo\\nthree\\nfour\\n'); sys.exit(3)"
    child = await spawn(code)
    asked = [asyncio.create_task(first(child, (number, "?"))) for number in (1, 2)]
    for each in asked:
        with pytest.raises(ChildDiedError) as caught:
            await each
        assert caught.value.death == Death("ended with code 3", "two | three | four")
    with pytest.raises(ChildDiedError):
        await first(child, (3, "too late"))


async def test_a_crash_is_told_from_a_killing(spawn: Spawn, tmp_path: Path) -> None:
    for name, crashed in (("SIGSEGV", True), ("SIGKILL", False)):
        child = await spawn(f"import os, signal\nos.kill(os.getpid(), signal.{name})")
        await child.end(10)
        assert child.death is not None
        assert child.death.what == f"died of {name}"
        assert (child.death.crashed, child.death.killed) == (crashed, not crashed)


def test_a_death_is_told_with_the_log_unless_it_came_from_outside() -> None:
    assert Death("ended with code 1", "oh no").said() == "ended with code 1 (oh no)"
    assert Death("died of SIGKILL", "oh no", killed=True).said() == "died of SIGKILL"


async def test_nonsense_is_the_end(spawn: Spawn) -> None:
    child = await spawn("print('no number', flush=True)\nimport sys\nsys.stdin.read()")
    await child.end(10)
    assert child.death is not None
    assert "invalid literal" in child.death.what


async def test_an_end_that_is_asked_for_and_one_that_is_not(spawn: Spawn) -> None:
    polite = await spawn(SILENT)
    polite.terminate()
    await polite.end(10)
    deaf = await spawn(DEAF)
    assert await first(deaf, (0, "?")) == "ready"
    deaf.terminate()
    await deaf.end(0.1)
    ends = [child.death.what for child in (polite, deaf) if child.death]
    assert ends == ["died of SIGTERM", "died of SIGKILL"]
    polite.terminate()
    deaf.kill()


async def test_ctrl_c_in_the_terminal_is_not_for_it(spawn: Spawn) -> None:
    child = await spawn(SILENT)
    assert os.getpgid(child.pid) != os.getpgid(0)


async def test_a_log_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.touch()
    speech = Speech(encode, decode)
    command = (sys.executable, "-S", "-c", "import sys; sys.exit('why')")
    child = await Child[Line, Line].spawn(speech, command, os.environ, nowhere / "log")
    await child.end(10)
    assert child.death == Death("ended with code 1", "")


async def test_a_long_log_is_begun_anew(spawn: Spawn, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 1_000_001)
    child = await spawn("import sys; sys.exit('why')")
    await child.end(10)
    assert log.read_bytes() == b"why\n"
    assert child.death is not None
    assert child.death.tail == "why"

"""The real program on a real terminal, without a model: pastes, signals, colours, sizes."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant.domain.attachments import parted
from assistant.storage.instances import Instance
from assistant.storage.journal import open_journal
from tests.e2e.program import Program
from tests.e2e.terminal import Terminal


@contextmanager
def chat(home: Path, columns: int = 80, rows: int = 24, **more: str) -> Iterator[Terminal]:
    """The chat, past the offer of a model."""
    program = Program(home)
    environment = {**program.environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **more}
    terminal = Terminal(program.command(), environment, columns, rows)
    try:
        terminal.wait_for_text("Not now")
        terminal.send("\x1b")
        terminal.wait_for(lambda text: "Not now" not in text)
        yield terminal
    finally:
        terminal.close()


def draft(home: Path) -> str:
    """What the journal kept of the empty chat."""
    data = home / ".local" / "share" / "assistant"
    instance = Instance(data / "instances", "reader")
    journal = open_journal(data / "journal.db", instance, 0).journal
    try:
        return journal.draft("")
    finally:
        journal.close()
        instance.release()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_lost_terminal_loses_nothing_that_was_typed(tmp_path: Path, sign: signal.Signals) -> None:
    with chat(tmp_path) as terminal:
        terminal.send("half a thought")
        terminal.wait_for_text("half a thought")
        os.kill(terminal.pid, sign)
        assert terminal.wait_for_exit() == 0
    assert draft(tmp_path) == "half a thought"


def test_a_terminal_that_is_gone_ends_the_program_with_all_kept(tmp_path: Path) -> None:
    """A connection that breaks takes the pty away: whatever is still written has nowhere to go, and nobody waits for it."""
    with chat(tmp_path) as terminal:
        terminal.send("half a thought")
        terminal.wait_for_text("half a thought")
        terminal.hang_up()
        assert terminal.wait_for_exit() == 0
    assert draft(tmp_path) == "half a thought"


def test_a_paste_of_100_kb_is_folded_and_kept(tmp_path: Path) -> None:
    text = ("lorem ipsum dolor sit amet " * 4000)[:100_000]
    with chat(tmp_path) as terminal:
        for at in range(0, len(text), 1000):
            terminal.send(("\x1b[200~" if at == 0 else "") + text[at : at + 1000])
            terminal.pump(0)
        terminal.send("\x1b[201~ and this")
        terminal.wait_for_text("⟦pasted text · 100 kB · ~25,000 tokens⟧", timeout_s=5)
        terminal.wait_for_text("and this", timeout_s=5)
        terminal.send("\x11")
        assert terminal.wait_for_exit() == 0
    own, (pasted,) = parted(draft(tmp_path))
    assert (own, pasted.text) == ("and this", text)


def test_no_color_means_none(tmp_path: Path) -> None:
    with chat(tmp_path, NO_COLOR="1", COLORTERM="truecolor") as terminal:
        terminal.send("\x11")
        assert terminal.wait_for_exit() == 0
        codes = [part.split(b"m", 1)[0] for part in bytes(terminal.raw).split(b"\x1b[")[1:]]
    coloured = [code for code in codes if code.startswith((b"38;2;", b"48;2;"))]
    # Shades of grey are no colour: the three channels are equal.
    assert all(len(set(code.split(b";")[2:5])) == 1 for code in coloured)


@pytest.mark.parametrize("term", ["linux", "vt100", "screen"])
def test_plain_terminals_show_the_chat(tmp_path: Path, term: str) -> None:
    with chat(tmp_path, TERM=term) as terminal:
        terminal.wait_for_text("LOCAL ONLY")
        terminal.send("\x11")
        assert terminal.wait_for_exit() == 0


def test_a_window_may_shrink_to_20x5_and_grow_again(tmp_path: Path) -> None:
    with chat(tmp_path, 120, 40) as terminal:
        terminal.send("still here")
        terminal.wait_for_text("still here")
        terminal.resize(20, 5)
        terminal.wait_for(lambda text: "still here" in text and "LOCAL" not in text)
        terminal.resize(120, 40)
        terminal.wait_for_text("LOCAL ONLY")
        terminal.wait_for_text("still here")

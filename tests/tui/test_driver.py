"""What is written to a terminal that is gone."""

import io
import os
from pathlib import Path

from assistant.tui.driver import Writer


class Terminal(io.TextIOWrapper):
    """A file whose every write fails once it is `gone`, as a pty's does without its other end."""

    gone = False

    def write(self, text: str) -> int:
        if self.gone:
            raise OSError(5, "Input/output error")
        return super().write(text)


def test_what_is_written_arrives_in_order_and_whole(tmp_path: Path) -> None:
    with Terminal((tmp_path / "tty").open("wb"), encoding="utf-8") as terminal:
        writer = Writer(terminal)
        writer.start()
        for number in range(200):
            writer.write(f"{number} ")
        writer.stop()
    assert (tmp_path / "tty").read_text() == "".join(f"{number} " for number in range(200))


def test_nobody_waits_for_a_terminal_that_is_gone(tmp_path: Path) -> None:
    with Terminal((tmp_path / "tty").open("wb"), encoding="utf-8") as terminal:
        writer = Writer(terminal)
        writer.start()
        writer.write("seen")
        terminal.gone = True
        for _ in range(200):
            writer.write("lost")
        writer.stop()
        assert not writer.is_alive()
        # What the interpreter flushes at its end goes nowhere, too.
        assert os.fstat(terminal.fileno()).st_rdev == Path(os.devnull).stat().st_rdev

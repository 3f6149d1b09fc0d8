"""The terminal's driver, for a terminal that may go away: what is written to one that is gone goes nowhere, and nobody waits for it."""

import os
from typing import IO

from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver


class Writer(WriterThread):
    """Textual's own dies with the first write that fails; whoever writes after that waits for it for ever, and the program never ends."""

    def __init__(self, file: IO[str]) -> None:
        """`file` is the terminal."""
        super().__init__(file)
        self._terminal = file

    def run(self) -> None:
        """Writes until it is stopped; from a failure on, to nowhere."""
        while (text := self._queue.get()) is not None:
            self._put(text)
        self._put("")

    def _put(self, text: str) -> None:
        try:
            self._terminal.write(text)
            if self._queue.empty():
                self._terminal.flush()
        except OSError:
            # The terminal is gone. What is still in the buffer, and what the interpreter writes at its end, must not fail either.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._terminal.fileno())
            os.close(nowhere)


class TerminalDriver(LinuxDriver):
    """Textual's, with that writer."""

    def start_application_mode(self) -> None:
        """Begins, or goes on after the program was stopped, which a terminal that goes away looks like."""
        before = self._writer_thread
        super().start_application_mode()  # type: ignore[no-untyped-call]
        begun = self._writer_thread
        if begun is None or begun is before:
            return
        for thread in (before, begun):
            if thread is not None:
                # What it has not written by then is lost with the terminal.
                thread.stop()
        assert self._file is not None, "it was written to above"
        self._writer_thread = Writer(self._file)
        self._writer_thread.start()

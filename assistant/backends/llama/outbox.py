"""What the worker says: frames on a pipe, and the text of a reply gathered so that the reader is woken rarely."""

import os
import time

from assistant.backends.llama.protocol import Piece, ToClient, encode

GATHER_S = 0.05
"""Text that follows sooner than this waits for more, so that at most 20 frames a second wake the screen."""


class Outbox:
    """The worker's end of the pipe."""

    def __init__(self, descriptor: int) -> None:
        """Writes to `descriptor` and blocks while the reader is behind."""
        self._descriptor = descriptor

    def send(self, frame: ToClient) -> None:
        """Writes one frame. Raises: OSError where nobody reads."""
        left = memoryview(encode(frame))
        while left:
            left = left[os.write(self._descriptor, left) :]


class Stream:
    """The text of one reply on its way out: the first at once, the rest at most every GATHER_S."""

    def __init__(self, outbox: Outbox, request: int) -> None:
        """`request` is the id of the frame that asked."""
        self._outbox = outbox
        self._request = request
        self._text: list[str] = []
        self._tokens = 0
        self._due = 0.0

    def add(self, text: str) -> None:
        """Takes in what one token gave, be it nothing."""
        self._tokens += 1
        if text:
            self._text.append(text)
        if self._text and time.monotonic() >= self._due:
            self.flush()

    def end(self, text: str) -> None:
        """Sends everything that waits, and `text`."""
        if text:
            self._text.append(text)
        if self._text:
            self.flush()

    def flush(self) -> None:
        """Sends what waits."""
        self._outbox.send(Piece(self._request, "".join(self._text), self._tokens))
        self._text.clear()
        self._tokens = 0
        self._due = time.monotonic() + GATHER_S

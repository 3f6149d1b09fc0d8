"""Server-sent events as chat servers send them: bytes in, the payload of each `data:` line out."""

MOST_LINE_BYTES = 1_000_000
"""No line is longer; the largest real ones have a few kB."""

_BOM = b"\xef\xbb\xbf"
_NAMES = (b"data", b"error")
_FIRST = tuple(name[:1] for name in _NAMES)


class WireError(ValueError):
    """What came is not what the wire allows; the message says what."""


class Lines:
    """Cuts a stream into lines, wherever its pieces end.

    Each `data:` line is given at once and by itself: no chat server spreads a payload over several lines, and some
    leave out the empty line between events. A line `error: …` counts as well, which older llama-servers send.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._rest = bytearray()
        self._begun = False

    def feed(self, chunk: bytes) -> list[str]:
        """The payloads of the lines that `chunk` completes. Raises: WireError for a line without end."""
        searched = len(self._rest)
        self._rest += chunk
        end = self._rest.rfind(b"\n", searched)
        found: list[str] = []
        if end >= 0:
            whole = bytes(self._rest[:end])
            del self._rest[: end + 1]
            for line in whole.split(b"\n"):
                # Most lines of a server that means it ill say nothing: they should cost little.
                if not self._begun or line[:1] in _FIRST or len(line) > MOST_LINE_BYTES:
                    found += self._payload(line)
        if len(self._rest) > MOST_LINE_BYTES:
            raise WireError(f"a line of more than {MOST_LINE_BYTES:,} bytes")
        return found

    def end(self) -> list[str]:
        """The payload of a last line that no line end follows."""
        rest, self._rest = bytes(self._rest), bytearray()
        return self._payload(rest)

    def _payload(self, line: bytes) -> list[str]:
        if len(line) > MOST_LINE_BYTES:
            raise WireError(f"a line of more than {MOST_LINE_BYTES:,} bytes")
        if not self._begun:
            self._begun, line = True, line.removeprefix(_BOM)
        name, _, value = line.rstrip(b"\r").partition(b":")
        if name not in _NAMES:
            return []
        payload = value.strip().decode("utf-8", "replace")
        return [f'{{"error":{payload}}}' if name == b"error" else payload]

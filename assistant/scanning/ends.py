"""Where a secret ends that a pattern began to find: never before what may still belong to it."""

from collections.abc import Iterator

from assistant.scanning.rules import Hit, Span

_QUOTES = b"\"'`"
_OPENS_AFTER = b" \t([{=:,;\\bBrRuU"
"""What stands before a quote that opens; before an apostrophe stands a letter."""
_CLOSES_BEFORE = b".,;:!?)]}>&|\\"
"""What may stand after the quote that closes; anything else goes on with the value."""
_AFTER_SENTENCE = b".,;:!?)]}>\"'`\\"
"""Signs at the end of a word that are none of it, as far as a person can tell."""
_NEAR_BYTES = 500
_MOST_BYTES = 4096


def whole_value(hit: Hit) -> Iterator[Span]:
    """The value that was found to begin here: to its closing quote, or to the next blank."""
    data, start = hit.data, hit.start
    if start and _is_one(data[start - 1 : start], _QUOTES):
        end = _closing(data, start - 1, hit.end)
        if end is not None:
            after = data[end + 1 : end + 2]
            goes_on = bool(after.strip()) and not _is_one(after, _CLOSES_BEFORE)
            yield start, _run(data, end) if goes_on else end
            return
    yield start, max(hit.end, _end_of_word(data, start, hit.end))


def _is_one(sign: bytes, of: bytes) -> bool:
    return bool(sign) and sign in of


def _closing(data: bytes, opening: int, at: int) -> int | None:
    """Where the quote that stands at `opening` is closed, from `at` on and on the same line."""
    quote = data[opening : opening + 1]
    escaped = opening > 0 and data[opening - 1 : opening] == b"\\"
    line_end = data.find(b"\n", at)
    line_end = len(data) if line_end < 0 else line_end
    while (found := data.find(quote, at, min(line_end, at + _NEAR_BYTES))) >= 0:
        if (data[found - 1 : found] == b"\\") == escaped:
            return found
        at = found + 1
    return None


def _end_of_word(data: bytes, start: int, end: int) -> int:
    """To the next blank, or to the quote that closes what was opened further ahead; without the signs of a sentence."""
    stop = _run(data, end)
    line = data[max(0, start - _NEAR_BYTES) : start].rpartition(b"\n")[2]
    place = max(line.rfind(bytes((quote,))) for quote in _QUOTES)
    before = line[place - 1 : place] if place > 0 else b" "
    if place >= 0 and _is_one(before, _OPENS_AFTER):
        closing = data.find(line[place : place + 1], end, stop)
        stop = closing if closing >= 0 else stop
    return end + len(data[end:stop].rstrip(_AFTER_SENTENCE))


def _run(data: bytes, at: int) -> int:
    """Where the signs without a blank between them end that go on at `at`."""
    word = data[at : at + _MOST_BYTES].split(maxsplit=1)
    if not word or data[at : at + 1].isspace():
        return at
    return at + len(word[0])

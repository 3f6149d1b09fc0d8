"""What the near end said in each TCP connection, put together from the packets."""

from collections.abc import Iterable

from assistant.proof.frames import Frame

Ends = tuple[str, int, str, int]


def streams(seen: Iterable[Frame]) -> dict[Ends, bytes]:
    """The bytes of each connection in order; what was sent twice counts once, a gap is closed."""
    pieces: dict[Ends, dict[int, bytes]] = {}
    first: dict[Ends, int] = {}
    for frame in seen:
        if frame.kind == "tcp":
            ends = (frame.source, frame.source_port, frame.to, frame.port)
            start = first.setdefault(ends, frame.sequence)
            place = (frame.sequence - start) % 2**32
            kept = pieces.setdefault(ends, {})
            kept[place] = max(kept.get(place, b""), frame.payload, key=len)
    return {ends: _joined(kept) for ends, kept in pieces.items()}


def _joined(kept: dict[int, bytes]) -> bytes:
    text, end = b"", 0
    for place in sorted(kept):
        text += kept[place][max(0, end - place) :]
        end = max(end, place + len(kept[place]))
    return text

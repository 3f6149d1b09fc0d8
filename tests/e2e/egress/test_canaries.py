"""The search proves itself: each form that is planted is found, wherever it is cut, and nothing is found where nothing is."""

import base64
import gzip
import json
import random
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest

from assistant.proof.frames import Frame
from tests.e2e.egress.canaries import WINDOW, traces
from tests.e2e.egress.streams import streams

CANARY = 'canary "blue heron/7741" über & under'
OTHER = "magenta-otter-90210-elsewhere"


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def bare(data: bytes) -> bytes:
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    return made.compress(data) + made.flush()


def split(size: int) -> Callable[[bytes], bytes]:
    """Text in base64, broken into lines as mail does."""
    return lambda data: b"\r\n".join(
        base64.b64encode(data)[i : i + size] for i in range(0, len(data) * 2, size)
    )


BEFORE = "what stands before it: "
PLANTED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "as it is": ("raw", lambda data: data),
    "backwards": ("reversed", lambda data: data[::-1]),
    "hex": ("hex", lambda data: data.hex().encode()),
    "HEX": ("hex", lambda data: data.hex().upper().encode()),
    "URL": ("URL", lambda data: quote(data).encode()),
    "URL, all": ("URL, every byte", lambda data: "".join(f"%{b:02x}" for b in data).encode()),
    "JSON": ("JSON", lambda data: json.dumps({"content": data.decode()}).encode()),
    "JSON, all": (
        "JSON, every character",
        lambda data: "".join(f"\\u{ord(c):04x}" for c in data.decode()).encode(),
    ),
    "UTF-16": ("UTF-16", lambda data: data.decode().encode("utf-16")),
    "base64": ("base64", base64.b64encode),
    "base64 for URLs": ("base64", base64.urlsafe_b64encode),
    "base64 in lines": ("base64", split(40)),
    "gzip": ("gzip: raw", gzip.compress),
    "zlib": ("zlib: raw", zlib.compress),
    "deflate": ("deflate: raw", bare),
    "gzip, cut off": ("gzip: raw", lambda data: gzip.compress(data)[:-9]),
    "gzip of JSON": ("gzip: JSON", lambda data: gzip.compress(json.dumps(data.decode()).encode())),
    "gzip of base64": ("gzip: base64", lambda data: gzip.compress(base64.b64encode(data))),
}


@pytest.mark.parametrize("offset", range(3))
@pytest.mark.parametrize("name", PLANTED)
def test_each_form_is_found_at_each_offset(name: str, offset: int) -> None:
    form, put = PLANTED[name]
    planted = put((BEFORE + "x" * offset + CANARY + " and what follows").encode())
    found = traces(CANARY, noise(3_000) + planted + noise(3_000, 2))
    assert any(trace.startswith(form) for trace in found), found


def test_cut_anywhere_it_is_found() -> None:
    raw = CANARY.encode()
    for cut in range(len(raw) + 1):
        between = noise(60, cut)
        assert traces(CANARY, raw[:cut] + between + raw[cut:]), cut


def test_every_piece_of_it_is_it() -> None:
    for start in range(len(CANARY) - WINDOW + 1):
        assert traces(CANARY, noise(100) + CANARY[start : start + WINDOW].encode()), start


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_in_noise_or_in_another_text(seed: int) -> None:
    assert not traces(CANARY, noise(50_000, seed))
    assert not traces(CANARY, gzip.compress(OTHER.encode() * 100) + OTHER.encode())
    assert not traces(CANARY, CANARY[: WINDOW - 1].encode())


def test_a_text_too_short_for_the_search_is_refused() -> None:
    with pytest.raises(AssertionError, match="too short"):
        traces("x" * (WINDOW - 1), b"")


def test_packets_are_put_together_in_order_and_once() -> None:
    ends = ("192.0.2.2", 4001, "192.0.2.1", 443)
    near_the_end = 2**32 - 4

    def packet(place: int, payload: bytes) -> Frame:
        return Frame(0, 0, "tcp", *ends, (near_the_end + place) % 2**32, payload=payload)

    seen = [packet(0, b""), packet(6, b"ghi"), packet(0, b"abcdef"), packet(3, b"defg"), packet(6, b"ghi")]  # fmt: skip
    assert streams([*seen, Frame(0, 0, "udp", *ends, payload=b"no")]) == {ends: b"abcdefghi"}

"""Anthropic's wire, pure: a stream cut anywhere says the same, and nothing that comes raises anything but a WireError."""

import json
import tracemalloc
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.remote.wire.anthropic import MessageReader, cloud_body
from assistant.backends.remote.wire.pieces import Counts, Piece, Told, read_object
from assistant.backends.remote.wire.sse import Lines, WireError
from assistant.domain.prompt import ChatMessage, Role, Sampling
from tests.standins.cloud_dialects import Said, events

PLAIN = Said("anthropic", "claude", ["On", "ce ä🦊", " upon"], 31, "Hm.", "length", 24)
STREAM = "".join(events(PLAIN)).encode()


def read(chunks: list[bytes]) -> list[Piece]:
    """All pieces of a stream that comes in `chunks`."""
    lines, reader = Lines(), MessageReader()
    payloads = [payload for chunk in chunks for payload in lines.feed(chunk)] + lines.end()
    return [reader.piece_of(read_object(payload)) for payload in payloads if payload]


def piece(event: object) -> Piece:
    """What one event says, when it comes first."""
    return MessageReader().piece_of(read_object(json.dumps(event)))


def test_a_stream_is_text_thought_counts_and_an_end() -> None:
    pieces = read([STREAM])
    assert "".join(piece.text for piece in pieces) == "Once ä🦊 upon"
    assert "".join(piece.thought for piece in pieces) == "Hm."
    assert [piece.finish for piece in pieces if piece.finish] == ["max_tokens"]
    assert [piece.counts for piece in pieces if piece.counts] == [
        Counts(31, 24, None, 0),
        Counts(31, 24, 4, 0),
    ]
    assert pieces[-1] == Piece(last=True)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_cut_anywhere_says_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read([STREAM[a:b] for a, b in pairwise(edges)]) == read([STREAM])


def test_byte_by_byte_says_the_same() -> None:
    assert read([bytes([byte]) for byte in STREAM]) == read([STREAM])


KEYS = """type message content_block delta usage text thinking error stop_reason stop_details explanation input_tokens
output_tokens cache_read_input_tokens cache_creation_input_tokens content index""".split()  # noqa: SIM905 - a list of names reads best so
KINDS = """message_start content_block_start content_block_delta content_block_stop message_delta message_stop ping error message
text text_delta thinking thinking_delta""".split()  # noqa: SIM905 - as above
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(KINDS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=6,
)
EVENTS = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4).flatmap(
    lambda rest: st.sampled_from(KINDS).map(lambda kind: {**rest, "type": kind})
)


@given(st.lists(EVENTS, max_size=4))
def test_any_events_are_pieces_or_a_wire_error(found: list[dict[str, object]]) -> None:
    reader = MessageReader()
    with suppress(WireError):
        for event in found:
            piece = reader.piece_of(read_object(json.dumps(event)))
            (piece.text + piece.thought).encode()
            counts = piece.counts or Counts()
            for count in (counts.input_tokens, counts.cached_tokens, counts.output_tokens):
                assert count is None or 0 <= count <= 3 * 2**40


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_are_pieces_or_a_wire_error(chunks: list[bytes]) -> None:
    with suppress(WireError):
        read(chunks)


@given(st.integers(0, len(STREAM)), st.binary(min_size=1, max_size=8))
def test_a_stream_with_bytes_in_it_that_do_not_belong_is_read_or_refused(
    at: int, odd: bytes
) -> None:
    with suppress(WireError):
        read([STREAM[:at], odd, STREAM[at:]])


def test_a_long_reply_costs_no_more_memory_than_a_short_one() -> None:
    reader, payload = MessageReader(), '{"type":"content_block_delta","delta":{"type":"text_delta","text":"xxxxxxxx"}}'  # fmt: skip
    tracemalloc.start()
    try:
        for _ in range(5_000):
            reader.piece_of(read_object(payload))
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 20_000


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({}, "no type"),
        ({"type": 3}, "type is not a text"),
        ({"type": "message_start", "message": []}, "message is not an object"),
        ({"type": "content_block_delta", "delta": "x"}, "delta is not an object"),
        ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": 3}}, "text is not a text"),
        ({"type": "message", "content": "x"}, "content is not a list"),
        ({"type": "message", "content": ["x"]}, "content is not a list of objects"),
    ],
)  # fmt: skip
def test_what_is_not_on_the_wire_is_refused(event: dict[str, object], says: str) -> None:
    with pytest.raises(WireError, match=says):
        piece(event)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "ping"},
        {"type": "something_new", "delta": 3},
        {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "x"}},
        {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{"}},
        {"type": "content_block_start", "content_block": {"type": "redacted_thinking", "data": "x"}},
        {"type": "content_block_stop", "index": 0},
    ],
)  # fmt: skip
def test_what_says_nothing_to_a_person_is_an_empty_piece(event: dict[str, object]) -> None:
    assert piece(event) == Piece()


def test_a_block_that_begins_with_text_says_it() -> None:
    block = {"type": "content_block_start", "content_block": {"type": "text", "text": "Once"}}
    assert piece(block).text == "Once"


def test_the_input_is_the_sum_of_its_three_parts() -> None:
    reader = MessageReader()
    parts = {"input_tokens": 3, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100}
    start = {"type": "message_start", "message": {"usage": {**parts, "output_tokens": 1}}}
    assert reader.piece_of(dict(start)).counts == Counts(123, 100, None, 20)
    ending = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 9}}
    assert reader.piece_of(dict(ending)).counts == Counts(123, 100, 9, 20)


def test_an_unknown_count_is_unknown_and_not_nothing() -> None:
    start = {"type": "message_start", "message": {"usage": {"cache_read_input_tokens": 5}}}
    assert piece(start).counts == Counts(None, 5, None)
    assert piece({"type": "message_start", "message": {}}).counts is None


def test_a_refusal_says_why() -> None:
    delta = {"stop_reason": "refusal", "stop_details": {"category": "cyber", "explanation": None}}
    ending = piece({"type": "message_delta", "delta": delta})
    assert (ending.finish, ending.why) == ("refusal", "cyber")


def test_an_error_is_told() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert piece(error).error == Told("Overloaded", ("overloaded_error",))


roles = st.sampled_from(list(Role))
words = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.lists(st.builds(ChatMessage, roles, words), max_size=8))
def test_roles_always_take_turns_and_no_word_is_lost(messages: list[ChatMessage]) -> None:
    body = cloud_body("m", messages, Sampling())
    turns = body["messages"]
    assert isinstance(turns, list)
    said = [turn["role"] for turn in turns]
    assert said == ["user" if n % 2 == 0 else "assistant" for n in range(len(said))]
    assert all(turn["content"].strip() for turn in turns)
    everything = "".join(turn["content"] for turn in turns) + str(body.get("system", ""))
    assert all(m.text in everything for m in messages if m.text.strip())


def test_a_stop_text_of_blanks_is_left_out() -> None:
    body = cloud_body("m", [], Sampling(stop=("\n", "END", " ")))
    assert body["stop_sequences"] == ["END"]
    assert "stop_sequences" not in cloud_body("m", [], Sampling(stop=("\n",)))

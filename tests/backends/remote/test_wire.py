"""The wire, pure: a stream cut anywhere says the same, and nothing that comes can raise anything but a WireError."""

import json
import math
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.remote.wire.openai import Kind, names_remote, read_piece, request_body
from assistant.backends.remote.wire.pieces import Piece, read_object, said
from assistant.backends.remote.wire.sse import MOST_LINE_BYTES, Lines, WireError
from assistant.domain.prompt import ChatMessage, Role, Sampling
from assistant.ports import PromptProgress

STREAM = (
    b"\xef\xbb\xbfdata: {\"a\": \"\xc3\xa4\xf0\x9f\xa6\x8a\"}\r\n\r\n: a comment\n\nevent: x\nid: 3\ndata:{}\n"
    b"data: two\n\nretry: 9\ndata:\n\ndata: [DONE]\r\n\r\ndata: last"
)  # fmt: skip
PAYLOADS = ['{"a": "ä🦊"}', "{}", "two", "", "[DONE]", "last"]


def lines(chunks: list[bytes]) -> list[str]:
    reader = Lines()
    found = [payload for chunk in chunks for payload in reader.feed(chunk)]
    return found + reader.end()


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_cut_anywhere_says_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert lines([STREAM[a:b] for a, b in pairwise(edges)]) == PAYLOADS


def test_byte_by_byte_says_the_same() -> None:
    assert lines([bytes([byte]) for byte in STREAM]) == PAYLOADS


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_are_lines_or_none(chunks: list[bytes]) -> None:
    assert lines(chunks) == lines([b"".join(chunks)])


@pytest.mark.parametrize("tail", [b"", b"\n"])
def test_a_line_too_long_is_refused_whole_or_open(tail: bytes) -> None:
    with pytest.raises(WireError, match="more than 1,000,000 bytes"):
        Lines().feed(b"x" * (MOST_LINE_BYTES + 1) + tail)
    assert Lines().feed(b"data:" + b"x" * (MOST_LINE_BYTES - 5) + b"\n")


WORDS = """
error choices delta message content refusal reasoning finish_reason usage timings prompt_tokens completion_tokens
prompt_tokens_details cached_tokens cache_n prompt_progress processed total cache remote_host detail
"""
KEYS = WORDS.split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_a_piece_or_a_wire_error(value: object) -> None:
    with suppress(WireError):
        piece = read_piece(json.dumps(value))
        piece.text.encode()
        piece.thought.encode()
        for count in (
            (piece.counts.input_tokens, piece.counts.output_tokens) if piece.counts else ()
        ):
            assert count is None or 0 <= count <= 2**40


@given(st.text() | st.binary())
def test_any_text_is_a_piece_or_a_wire_error(payload: str | bytes) -> None:
    with suppress(WireError):
        read_piece(payload)


def test_deep_and_long_things_are_wire_errors() -> None:
    for payload in ("[" * 10**6, '{"a":' * 10**5, "1" * 10**5):
        with pytest.raises(WireError, match="not JSON"):
            read_object(payload)


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
def test_a_prompt_arrives_as_it_was_written(texts: list[str]) -> None:
    messages = [ChatMessage(Role.USER, text) for text in texts]
    sent = json.loads(request_body("m", messages, Sampling(), Kind.OTHER))
    assert [message["content"] for message in sent["messages"]] == texts


def test_half_characters_in_a_prompt_do_not_stop_it() -> None:
    body = request_body("m", [ChatMessage(Role.USER, "a\ud83d")], Sampling(), Kind.OTHER)
    assert json.loads(body)["messages"][0]["content"] == "a?"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Kind.OTHER, set()),
        (Kind.OLLAMA, set()),
        (Kind.VLLM, {"top_k", "min_p", "repetition_penalty"}),
        (Kind.LLAMA_CPP_PYTHON, {"top_k", "min_p", "repeat_penalty"}),
        (Kind.LLAMA_SERVER, {"top_k", "min_p", "repeat_penalty", "return_progress"}),
    ],
)
def test_what_is_beyond_the_wire_goes_only_to_those_who_know_it(
    kind: Kind, names: set[str]
) -> None:
    plain = {"model", "messages", "stream", "stream_options", "temperature", "top_p"}
    assert set(json.loads(request_body("m", (), Sampling(), kind))) == plain | names


def test_progress_never_exceeds_its_total() -> None:
    odd = {"prompt_progress": {"processed": 9, "total": 5, "cache": 7}}
    assert read_piece(json.dumps(odd)).progress == PromptProgress(5, 5, 5)


@pytest.mark.parametrize("wrong", [-1, True, "3", 2.5, math.inf, 2**41, None])
def test_a_count_that_cannot_be_one_is_not_said(wrong: object) -> None:
    usage = {"prompt_tokens": wrong, "completion_tokens": 3}
    counts = read_piece(json.dumps({"usage": usage})).counts
    assert counts is not None
    assert (counts.input_tokens, counts.output_tokens) == (None, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"error": "a"}, "a"),
        ({"error": {"message": "a", "type": "b", "code": 3}}, "a b 3"),
        ({"error": {}, "message": "c"}, "c"),
        ({"detail": [1]}, "[1]"),
        ({"error": 3}, "an error without a message"),
    ],
)
def test_the_words_of_an_error(data: dict[str, object], words: str) -> None:
    assert said(data) == words


def test_a_place_elsewhere_is_seen_wherever_it_stands() -> None:
    assert names_remote({"remote_host": "", "remote_model": "x"}) == "x"
    for payload in (
        {"remote_host": "h"},
        {"choices": [{"remote_host": "h"}]},
        {"choices": [{"delta": {"remote_host": "h"}}]},
        {"choices": [{"message": {"remote_host": "h"}}]},
        {"error": "x", "remote_host": "h"},
    ):
        assert read_piece(json.dumps(payload)).remote == "h"


def test_an_empty_object_is_an_empty_piece() -> None:
    assert read_piece("{}") == Piece()

"""One reply: the same text wherever its bytes were cut, whole characters only, an end that was said."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.hailo.reading import Reading, opening
from assistant.backends.hailo.wire import ComplaintError
from assistant.domain.errors import ServerError, ServerFault
from assistant.domain.prompt import Finish
from tests.standins.hailo_http import encode


def body(pieces: Sequence[str], reason: str = "stop") -> bytes:
    """The stream for `pieces`, as the server writes it."""
    lines: list[object] = [{"message": {"content": piece}, "done": False} for piece in pieces]
    lines.append({"message": {"content": ""}, "done": True, "done_reason": reason})
    return b"".join(encode(line).encode() + b"\r\n" for line in lines)


def read(reading: Reading, data: bytes, cuts: Sequence[int] = ()) -> str:
    text = ""
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        text += "".join(piece.text for piece in reading.feed(data[start:end]))
    if reading.finish is None:
        text += "".join(piece.text for piece in reading.end())
    return text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.data())
def test_any_cut_gives_the_same_text(pieces: list[str], data: st.DataObject) -> None:
    stream = body(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    reading = Reading()
    assert read(reading, stream, cuts) == "".join(pieces) == reading.raw
    assert reading.finish is Finish.STOP
    assert reading.tokens == sum(piece != "" for piece in pieces)


def test_a_character_in_two_halves_comes_whole() -> None:
    high, low = json.dumps("😀").strip('"')[:6], json.dumps("😀").strip('"')[6:]
    lines = [f'{{"message":{{"content":"{half}"}},"done":false}}\r\n' for half in (high, low)]
    reading = Reading()
    assert [[t.text for t in reading.feed(line.encode())] for line in lines] == [[], ["😀"]]
    assert reading.tokens == 2


def test_half_a_character_at_the_end_is_marked() -> None:
    data = b'{"message":{"content":"a\\ud83d"},"done":true,"done_reason":"stop"}\r\n'
    assert read(Reading(), data) == "a\N{REPLACEMENT CHARACTER}"


def test_the_last_line_needs_no_end_and_may_hold_text() -> None:
    whole = body(["one"], "length").rstrip()
    reading = Reading()
    assert read(reading, whole) == "one"
    assert reading.finish is Finish.LENGTH
    assert read(Reading(), b'{"message":{"content":"all"},"done":true}') == "all"


def test_a_reply_without_an_end_is_cut() -> None:
    reading = Reading()
    assert [t.text for t in reading.feed(body(["a", "b"])[:60])] == ["a"]
    with pytest.raises(ServerError) as caught:
        list(reading.end())
    assert caught.value.fault is ServerFault.CUT
    with pytest.raises(ServerError) as caught:
        list(Reading().end())
    assert caught.value.fault is ServerFault.CUT


def test_an_error_with_status_200_is_an_error() -> None:
    reading = Reading()
    assert list(reading.feed(b'{"error":"model \'x\' not found"}')) == []
    with pytest.raises(ComplaintError, match="not found"):
        list(reading.end())


def test_a_stop_text_ends_the_reply() -> None:
    reading = Reading(stops=["END"])
    assert read(reading, body(["one E", "ND two"])) == "one "
    assert (reading.cut, reading.finish) == (True, Finish.STOP)
    reading = Reading(stops=["END"])
    assert read(reading, body(["one E", "N"])) == "one EN"
    assert not reading.cut


def test_deepseek_begins_inside_its_thoughts() -> None:
    for name in ("deepseek_r1_distill_qwen:1.5b", "deepseek-r1:1.5b", "DeepSeek_R1:1.5b"):
        assert opening(name) == "<think>\n"
    assert opening("qwen3:1.7b") == ""
    stream = body(["hm", "</think>", "yes"])
    assert read(Reading("<think>\n"), stream) == "<think>\nhm</think>yes"
    told = list(Reading("<think>\n").feed(stream))
    assert told[0].text == "<think>\nhm"
    assert read(Reading("<think>\n"), body(["<think>", "hm"])) == "<think>hm"

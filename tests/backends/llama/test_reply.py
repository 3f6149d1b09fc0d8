"""Text of a reply: characters stay whole, stop strings never show, however the tokens cut it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.llama.reply import ReplyText


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(i % (len(data) + 1) for i in at)})
    return [data[a:b] for a, b in pairwise(edges)]


def read(pieces: list[bytes], stops: tuple[str, ...] = ()) -> tuple[list[str], bool]:
    reply = ReplyText(stops)
    shown = [reply.feed(piece) for piece in pieces]
    return [*shown, reply.end()], reply.stopped


cuts = st.lists(st.integers(0, 200), max_size=12)
letters = st.text("ab\n€😀", max_size=30)
stop_strings = st.lists(st.text("ab\n€", min_size=1, max_size=4), max_size=3).map(tuple)


@given(st.text(max_size=40), cuts)
def test_every_cut_gives_the_same_text(text: str, at: list[int]) -> None:
    data = text.encode("utf-8", "replace")
    shown, _ = read(cut(data, at))
    assert "".join(shown) == data.decode()


@given(st.binary(max_size=40), cuts)
def test_bytes_that_are_no_text_are_replaced(data: bytes, at: list[int]) -> None:
    shown, _ = read(cut(data, at))
    assert "".join(shown) == data.decode("utf-8", "replace")


@given(letters, cuts, stop_strings)
def test_a_stop_string_ends_the_reply_wherever_the_tokens_cut(
    text: str, at: list[int], stops: tuple[str, ...]
) -> None:
    data = text.encode()
    shown, stopped = read(cut(data, at), stops)
    ends = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    assert stopped is bool(ends)
    assert "".join(shown) == (text[: min(ends)[1]] if ends else text)


@given(letters, cuts, stop_strings)
def test_what_was_shown_is_never_taken_back(
    text: str, at: list[int], stops: tuple[str, ...]
) -> None:
    reply = ReplyText(stops)
    shown = ""
    for piece in cut(text.encode(), at):
        shown += reply.feed(piece)
        assert not any(stop in shown for stop in stops)
    assert text.startswith(shown)


@pytest.mark.parametrize("stops", [(), ("zz",)])
def test_a_character_cut_off_by_the_end_becomes_a_replacement(stops: tuple[str, ...]) -> None:
    shown, _ = read(["€".encode()[:2]], stops)
    assert "".join(shown) == "\ufffd"


def test_text_is_held_back_only_as_long_as_it_may_be_a_stop_string() -> None:
    reply = ReplyText(("STOP",))
    assert reply.feed(b"one ST") == "one "
    assert reply.feed(b"A") == "STA"
    assert reply.feed(b"STOP and more") == ""
    assert reply.stopped
    assert reply.feed(b"still more") == ""
    assert reply.end() == ""


def test_an_empty_stop_string_is_none() -> None:
    assert read([b"abc"], ("",)) == (["abc", ""], False)

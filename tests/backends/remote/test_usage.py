"""What a turn used, as every wire tells it: one shape, parts inside their wholes, and no number that a server makes up goes further."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.remote.tally import Tally
from assistant.backends.remote.wire.anthropic import MessageReader
from assistant.backends.remote.wire.openai import read_piece
from assistant.backends.remote.wire.pieces import Counts, Json, Piece, origin_of
from assistant.domain.estimates import came, text_size
from assistant.domain.pricing import Tokens
from assistant.domain.prompt import Finish
from assistant.domain.turns import Usage
from assistant.ports import PromptProgress
from tests.backends.remote.cloud_rig import backend, said
from tests.standins.cloud import Cloud

MOST = 3 * 2**40
ANY = st.integers(-10, 2**42) | st.booleans() | st.none() | st.text(max_size=3) | st.floats()
COUNT = st.none() | st.integers(0, 2**40)


def tokens(usage: Usage) -> Tokens:
    """Refuses what cannot be, as pricing does."""
    return Tokens(
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )


def told(*pieces: Piece, finish: str | None = "stop") -> Usage:
    """What a reply adds up to that says `pieces` and ends."""
    tally = Tally("a server", 30, 4096)
    for piece in (*pieces, Piece(finish=finish)):
        list(tally.take(piece))
    return tally.usage()


def openai(usage: object) -> Piece:
    return read_piece(json.dumps({"choices": [], "usage": usage}))


def anthropic(*usages: object) -> list[Piece]:
    """The first is that of the start, the others those of later events."""
    reader = MessageReader()
    start: Json = {"type": "message_start", "message": {"model": "claude", "usage": usages[0]}}
    later: list[Json] = [{"type": "message_delta", "delta": {}, "usage": u} for u in usages[1:]]
    return [reader.piece_of(event) for event in (start, *later)]


def test_openais_usage() -> None:
    usage = {
        "prompt_tokens": 1200,
        "completion_tokens": 900,
        "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 150},
        "completion_tokens_details": {"reasoning_tokens": 800},
    }
    assert told(openai(usage)) == Usage(1200, 1000, 900, False, 2100, 4096, 150, 800)


def test_anthropics_input_is_without_its_cache() -> None:
    """5 fresh + 4735 written + 100 read = 4840 that went in."""
    usage = {
        "input_tokens": 5,
        "cache_creation_input_tokens": 4735,
        "cache_read_input_tokens": 100,
        "output_tokens": 1,
    }
    found = told(*anthropic(usage, {"output_tokens": 255}))
    assert found == Usage(4840, 100, 255, False, 5095, 4096, 4735, None)


def test_googles_thoughts_stand_in_the_total_alone() -> None:
    """14 in all less 9 in = 5 out, of which 1 was said: 4 were thought."""
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 14}
    found = told(openai(usage))
    assert (found.output_tokens, found.reasoning_tokens) == (5, 4)


def test_what_nobody_told_is_unknown_and_not_none() -> None:
    found = told(openai({"prompt_tokens": 9, "completion_tokens": 5}))
    parts = (found.cached_input_tokens, found.cache_write_tokens, found.reasoning_tokens)
    assert parts == (None, None, None)
    assert not found.estimated


@pytest.mark.parametrize(
    ("counts", "sound"),
    [
        (Counts(9, 99, 5, 99, 99), Counts(9, 9, 5, 0, 5)),
        (Counts(9, 4, 5, 99, 5), Counts(9, 4, 5, 5, 5)),
        (Counts(None, 99, None, 7, 8), Counts(None, 99, None, 7, 8)),
        (Counts(9, None, 5, 10, None), Counts(9, None, 5, 9, None)),
        (Counts(0, 1, 0, 1, 1), Counts(0, 0, 0, 0, 0)),
    ],
)
def test_a_part_is_never_more_than_its_whole(counts: Counts, sound: Counts) -> None:
    assert counts.sound == sound


@given(COUNT, COUNT, COUNT, COUNT, COUNT)
def test_sound_counts_stay_as_they_are(
    into: int | None, cached: int | None, out: int | None, written: int | None, thought: int | None
) -> None:
    once = Counts(into, cached, out, written, thought).sound
    assert once.sound == once
    assert (once.input_tokens, once.output_tokens) == (into, out)
    Tokens(into, out, once.cached_tokens, once.cache_write_tokens, once.reasoning_tokens)


KEYS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_cache_hit_tokens",
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
)
DETAILS = st.dictionaries(
    st.sampled_from(("cached_tokens", "cache_write_tokens", "reasoning_tokens")), ANY
)
USAGES = st.dictionaries(st.sampled_from(KEYS), ANY).flatmap(
    lambda plain: st.fixed_dictionaries(
        {"prompt_tokens_details": DETAILS | ANY, "completion_tokens_details": DETAILS | ANY}
    ).map(lambda details: {**plain, **details})
)


@given(st.lists(USAGES, min_size=1, max_size=4), st.sampled_from(["stop", None]), st.booleans())
def test_whatever_a_server_says_of_its_usage_is_bounded_and_one_shape(
    usages: list[object], finish: str | None, progress: bool
) -> None:
    more = [Piece(progress=PromptProgress(50, 50, 40))] if progress else []
    for pieces in ([openai(usage) for usage in usages], anthropic(*usages)):
        found = told(*more, *pieces, finish=finish)
        tokens(found)
        assert found.input_tokens is not None
        assert found.output_tokens is not None
        assert 0 <= found.input_tokens <= MOST
        assert 0 <= found.output_tokens <= MOST
        assert found.estimated or finish is not None


def test_a_reply_without_counts_is_estimated_and_marked() -> None:
    found = told(Piece(text="One "), Piece(text="two"))
    assert (found.input_tokens, found.output_tokens, found.estimated) == (30, 2, True)


def test_zeros_for_what_was_there_are_no_count() -> None:
    """An end point that counts nothing would cost nothing, and its limit would never be reached."""
    zeros = openai({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})
    text = Piece(text="word " * 5)
    usage = told(*(text for _ in range(400)), zeros)
    assert (usage.input_tokens, usage.estimated) == (30, True)
    assert usage.output_tokens == came(400, 400 * text_size("word " * 5))
    nothing = told(openai({"prompt_tokens": 12, "completion_tokens": 0}))
    assert (nothing.output_tokens, nothing.estimated) == (0, False)


def test_long_pieces_hold_many_tokens() -> None:
    """400 letters in one piece are about 100 tokens, not one; two pieces of a token each are two."""
    assert told(Piece(text="abcd" * 100)).output_tokens == 100
    assert came(1, text_size("abcd" * 100)) == 100
    assert came(2, text_size("a token" * 2)) == 2


def test_a_broken_off_reply_is_at_least_what_came() -> None:
    start, *_ = anthropic({"input_tokens": 5, "output_tokens": 1}, {"output_tokens": 1})
    found = told(start, *(Piece(text="word ") for _ in range(9)), finish=None)
    assert (found.input_tokens, found.output_tokens, found.estimated) == (5, 9, True)


@pytest.mark.parametrize("dialect", ["openai", "azure", "mistral", "google", "anthropic"])
async def test_every_dialect_tells_its_parts_and_its_model(dialect: str) -> None:
    async with Cloud(dialect=dialect, tale="Once upon a time") as cloud:
        cloud.fault("cached:4*1", "thought*1")
        cached = await said(backend(cloud), [])
        assert cached.finish is Finish.STOP
        assert cached.usage.cached_input_tokens == 4
        assert not cached.usage.estimated
        assert cached.model in ("some-model", "claude-sonnet-4-5")
        thought = await said(backend(cloud), [])
        assert thought.usage.output_tokens == 5
        assert thought.usage.reasoning_tokens == (None if dialect == "anthropic" else 1)


async def test_a_model_of_another_name_is_told_as_it_was_said() -> None:
    async with Cloud(tale="Once") as cloud:
        cloud.fault("model:other\u202e-1")
        assert (await said(backend(cloud), [])).model == "other⟨U+202E⟩-1"


@pytest.mark.parametrize("wrong", [None, 3, ["m"], {"a": 1}])
def test_a_model_that_is_no_name_is_not_said(wrong: object) -> None:
    assert origin_of([{"choices": [], "model": wrong}]).model == ""
    assert len(origin_of([{"choices": [], "model": "m" * 9_999}]).model) <= 200

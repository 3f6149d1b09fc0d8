"""The small pure parts of the cloud's wires: names of models, pins, waits, and what an error means."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.remote.failures import Provider, Trouble, failure, trouble_of
from assistant.backends.remote.wire.models import reasons, sampled
from assistant.backends.remote.wire.openai import read_piece
from assistant.backends.remote.wire.pieces import Counts, Told, read_told
from assistant.backends.remote.wire.pins import contradiction, pinned
from assistant.backends.remote.wire.waits import in_words, wait_s
from assistant.domain.errors import UsageError
from assistant.domain.hygiene import harmless
from assistant.domain.prompt import Sampling
from tests.fakes import NOW_MS

NAMES_THAT_REASON = """o1 o3 o3-mini o4-mini-2025-04-16 gpt-5 gpt-5-mini gpt-5.6-luna gpt-6 gpt-10 openai/gpt-5 openai.gpt-5.1
GPT-5 azure/o3"""
NAMES_THAT_DO_NOT = """gpt-4o gpt-4.1 gpt-35-turbo gpt-3.5-turbo gpt-oss-120b openai.gpt-oss-120b-1:0 o10x mistral-large
claude-opus-5 gpt-50x foo1 llama-3o1 my-gpt-5ish"""


def test_names_of_models_that_reason() -> None:
    assert [name for name in NAMES_THAT_REASON.split() if not reasons(name)] == []
    assert [name for name in NAMES_THAT_DO_NOT.split() if reasons(name)] == []


OLD_CLAUDES = """claude-instant-1.2 claude-v2:1 claude-2.1 claude-3-opus-20240229 claude-3-5-sonnet-20241022 claude-3-7-sonnet-latest
claude-opus-4-20250514 claude-opus-4-1-20250805 claude-sonnet-4-5 claude-haiku-4-5-20251001 claude-opus-4-6 anthropic/claude-opus-4.5
eu.anthropic.claude-sonnet-4-5-20250929-v1:0 claude-opus-4@20250514"""
NEW_CLAUDES = """claude-opus-4-7 claude-opus-4-8 claude-opus-5 claude-opus-5-5 claude-sonnet-5 claude-haiku-5-5 claude-fable-5
claude-mythos-preview anthropic/claude-opus-4.7 global.anthropic.claude-opus-5-v1 claude-sonnet-10 claude-new"""


def test_claude_takes_a_temperature_alone_up_to_a_version_and_later_nothing() -> None:
    hot = Sampling(temperature=1.5)
    assert [n for n in OLD_CLAUDES.split() if sampled(n, hot) != {"temperature": 1.0}] == []
    assert [n for n in NEW_CLAUDES.split() if sampled(n, hot) != {}] == []


def test_all_other_models_take_both() -> None:
    both = {"temperature": 0.7, "top_p": 0.95}
    assert sampled("mistral-large", Sampling()) == both
    assert sampled("my-claude-like-llama", Sampling()) == both
    assert sampled("east-1", Sampling(), own_name=True) == {}
    assert sampled("gpt-4o-east", Sampling(), own_name=True) == both


def test_pins_are_put_at_their_places_and_what_was_given_stays() -> None:
    body: dict[str, object] = {"a": {"b": 1}, "c": 2}
    made = pinned(body, (("a.x.y", True), ("c", "new"), ("d", "z"), ("a.b", "2")))
    assert made == {"a": {"b": "2", "x": {"y": True}}, "c": "new", "d": "z"}
    assert body == {"a": {"b": 1}, "c": 2}
    with pytest.raises(UsageError, match="no object"):
        pinned(body, (("c.x", "y"),))
    with pytest.raises(UsageError, match="pinned below"):
        pinned(body, (("a", "y"),))


@pytest.mark.parametrize(
    ("said", "contradicts"),
    [
        ({}, False),
        ({"usage": {}}, False),
        ({"usage": None}, False),
        ({"usage": "x"}, False),
        ({"usage": {"geo": None}}, False),
        ({"usage": {"geo": "us"}}, False),
        ({"usage": {"geo": "US"}}, True),
        ({"usage": {"geo": "global"}}, True),
        ({"usage": {"geo": ["us"]}}, True),
        ({"usage": {"geo": ""}}, True),
        ({"usage": {"geo": 1}}, True),
    ],
)
def test_what_contradicts_a_pin(said: dict[str, object], contradicts: bool) -> None:
    pin = ("usage.geo", "us")
    assert (contradiction([{}, said], [pin]) is not None) is contradicts


def test_a_number_is_not_yes() -> None:
    assert contradiction([{"zdr": 1}], [("zdr", True)]) == (("zdr", True), 1)
    assert contradiction([{"zdr": True}], [("zdr", True)]) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7.5 "}, 7.5),
        ({"retry-after": "-7"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 13}, None),
        ({"retry-after": "99999999"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Mon, 24 Nov 2025 16:01:00 GMT"}, 60),
        ({"retry-after": "Mon, 24 Nov 2025 15:00:00 GMT"}, 0),
        ({"retry-after": "Mon, 24 Nov 2025 16:01:00"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6m0s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "40"}, 40),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2x"}, None),
        (
            {
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2025-11-24T16:00:42Z",
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2025-11-24T16:00:05Z",
            },
            42,
        ),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_s(headers, NOW_MS) == seconds


def test_the_body_may_say_how_long_but_the_head_goes_first() -> None:
    assert wait_s({}, NOW_MS, "32s") == 32
    assert wait_s({"retry-after": "5"}, NOW_MS, "32s") == 5


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text()), st.text())
def test_any_words_are_a_wait_or_none(headers: dict[str, str], written: str) -> None:
    found = wait_s(headers, NOW_MS, written)
    assert found is None or 0 <= found <= 31 * 86_400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 s"), (1.2, "2 s"), (119, "119 s"), (121, "3 min"), (7200, "2 h"), (200_000, "3 days")],
)
def test_a_wait_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def told(value: object) -> Told:
    found = read_told(json.dumps(value))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("status", "body", "trouble", "words"),
    [
        (401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, Trouble.KEY, "Incorrect API key"),
        (401, {"statusCode": 401, "message": "Access denied"}, Trouble.KEY, "Access denied"),
        (400, [{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}], Trouble.KEY, "API key not valid."),
        (403, {"Message": "not authorized"}, Trouble.FORBIDDEN, "not authorized"),
        (429, {"error": {"message": "x", "code": "insufficient_quota"}}, Trouble.FUNDS, "x"),
        (429, {"error": {"message": "x", "type": "rate_limit_error", "details": {"error_code": "enforced_spend_limit_reached"}}}, Trouble.FUNDS, "x"),
        (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}, Trouble.FUNDS, "Your credit balance is too low"),
        (400, {"error": {"message": "filtered", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, Trouble.FILTERED, "filtered"),
        (400, {"object": "error", "message": "top_p must be 1", "type": "invalid_request_error", "code": "3051"}, Trouble.ODD, "top_p must be 1"),
        (422, {"message": {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}}, Trouble.ODD, "body.seed: Extra inputs are not permitted"),
        (404, {"error": {"code": "DeploymentNotFound", "message": "no"}}, Trouble.MISSING, "no"),
        (400, {"message": "Input is too long for requested model."}, Trouble.LONG, "Input is too long for requested model."),
        (413, {"error": {"type": "request_too_large", "message": "big"}}, Trouble.LARGE, "big"),
        (503, {"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}, Trouble.OVERLOADED, "x"),
        (500, {"error": "the context window broke"}, Trouble.BROKEN, "the context window broke"),
        (200, {"error": {"code": 502, "message": "x", "metadata": {"raw": "upstream", "provider_name": "P"}}}, Trouble.BROKEN, "x (upstream)"),
        (None, {"error": {"code": 502, "message": "x"}}, Trouble.OVERLOADED, "x"),
        (None, {"error": {"message": "x"}}, Trouble.BROKEN, "x"),
        (None, {"error": {"message": "prompt is too long: 5 tokens > 4 maximum"}}, Trouble.LONG, "prompt is too long: 5 tokens > 4 maximum"),
        (204, {}, Trouble.ODD, "an error without a message"),
    ],
)  # fmt: skip
def test_what_an_error_means(
    status: int | None, body: object, trouble: Trouble, words: str
) -> None:
    found = told(body)
    if status == 200:
        # A router answers at once, and says in the body how it ended.
        assert (found.words, found.provider) == (words, "P")
        return
    assert (trouble_of(status, found), found.words) == (trouble, words)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "detail", "details", "code", "type", "status", "metadata",
                 "raw", "provider_name", "retryDelay", "loc", "msg", "innererror", "reason"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)  # fmt: skip


@given(st.none() | st.integers(100, 599), json_values)
def test_any_error_is_one_short_harmless_line(status: int | None, body: object) -> None:
    found = read_told(json.dumps(body)) or Told("")
    error = failure(Provider("host", "route"), status, found, 3)
    assert harmless(str(error)) == str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 500


@pytest.mark.parametrize("raw", [b"", b"<h1>", b"[]", b'["x"]', b"3", b"\xff", b"[" * 10_000])
def test_a_body_that_is_no_object_says_nothing(raw: bytes) -> None:
    assert read_told(raw) is None


def test_thoughts_are_inside_the_output_whoever_counts() -> None:
    openai = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "completion_tokens_details": {"reasoning_tokens": 4}}  # fmt: skip
    google = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 14}
    deepseek = {"prompt_tokens": 9, "completion_tokens": 5, "prompt_cache_hit_tokens": 4}
    odd = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 99}}  # fmt: skip
    counts = [read_piece(json.dumps({"usage": u})).counts for u in (openai, google, deepseek, odd)]
    assert counts == [
        Counts(9, None, 5, None, 4),
        Counts(9, None, 5, None, 4),
        Counts(9, 4, 5),
        Counts(9, 9, 5),
    ]


@given(json_values)
def test_parts_of_a_content_are_read_or_refused(content: object) -> None:
    from assistant.backends.remote.wire.sse import WireError

    with suppress(WireError):
        piece = read_piece(json.dumps({"choices": [{"delta": {"content": [content]}}]}))
        (piece.text + piece.thought).encode()

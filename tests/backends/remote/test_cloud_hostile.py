"""Providers that fail, or mean it ill: each ends in one clear error, with what had come kept, memory bounded, and nothing sent twice."""

import asyncio
import tracemalloc

import pytest

from assistant.backends.remote import streaming
from assistant.domain.errors import AssistantError, RefusedError, ServerError, ServerFault
from assistant.ports import Patience
from tests.backends.remote.cloud_rig import HASTY, backend, said
from tests.standins.cloud import Cloud
from tests.standins.cloud_dialects import DIALECTS, MISSING

BOTH = ("openai", "anthropic")
CALM = Patience(connect_s=2, head_s=20, first_s=20, silence_s=20)
MEGABYTE = 1_000_000


async def failed(
    dialect: str,
    fault: str,
    *,
    model: str = "",
    patience: Patience = CALM,
    silence_s: float = 20,
    key: str | None = None,
) -> tuple[AssistantError, str]:
    """The error that a send ends with, and the text that came before it; the provider was asked once."""
    kept: list[str] = []
    async with Cloud(dialect=dialect, key=key) as cloud:
        cloud.fault(*([fault] if fault else []))
        made = backend(cloud, model=model, patience=patience, silence_s=silence_s)
        with pytest.raises(AssistantError) as caught:
            await asyncio.wait_for(said(made, kept), 30)
        await asyncio.wait_for(cloud.ended(), 10)
        assert len(cloud.got) == 1
    return caught.value, "".join(kept)


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    ("fault", "says", "hint"),
    [
        ("401", "does not take the key", "assistant routes key good"),
        ("403", "does not allow this with this key", "assistant routes key good"),
        ("402", "credit or limit is used up", "billing"),
        ("404", "has no such model or address", "assistant routes list"),
        ("408", "gave up waiting", "send again"),
        ("413", "takes no request of this size", "shorten"),
        ("418", "does not take this request", "another model"),
        ("429", "takes no more requests for now", "in a while"),
        ("429:7", "takes no more requests for now", "try again in 7 s"),
        ("429:0.3", "takes no more requests for now", "try again in 1 s"),
        ("429:600", "takes no more requests for now", "try again in 10 min"),
        ("429:soon", "takes no more requests for now", "in a while"),
        ("500", "failed", "send again"),
        ("502", "is overloaded", "in a while"),
        ("503:30", "is overloaded", "try again in 30 s"),
        ("504", "gave up waiting", "send again"),
        ("529", "is overloaded", "in a while"),
        ("529:12", "is overloaded", "try again in 12 s"),
        ("quota", "credit or limit is used up", "billing"),
        ("filter-prompt", "refused the prompt: its content filter", "ask otherwise"),
    ],
)
async def test_a_refused_request_is_one_clear_error(
    dialect: str, fault: str, says: str, hint: str
) -> None:
    error, text = await failed(dialect, fault)
    assert isinstance(error, ServerError)
    assert says in error.message
    assert hint in error.hint
    assert "127.0.0.1:" in error.message
    assert text == ""


async def test_a_date_to_wait_for_becomes_a_time_to_wait() -> None:
    error, _ = await failed("openai", "429:date")
    assert error.hint in [f"try again in {seconds} s" for seconds in range(55, 62)]


async def test_google_says_in_the_body_how_long() -> None:
    error, _ = await failed("google", "429")
    assert error.hint == "try again in 32 s"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_dialect_says_its_words_once(dialect: str) -> None:
    for fault in ("500", "429"):
        error, _ = await failed(dialect, fault)
        assert error.message.count("was asked for") == 1
        assert error.message.endswith(f"(status {fault})")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_wrong_key_is_said_to_be_one(dialect: str) -> None:
    error, _ = await failed(dialect, "", key="sk-canary")
    assert "does not take the key" in error.message
    assert "sk-canary" not in str(error)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_model_that_it_does_not_have(dialect: str) -> None:
    error, _ = await failed(dialect, "", model=MISSING)
    assert "has no such model" in error.message


async def test_a_router_names_whom_it_asked() -> None:
    error, _ = await failed("openrouter", "500")
    assert "through Upstream" in error.message


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_error_in_the_stream_keeps_what_came(dialect: str) -> None:
    error, text = await failed(dialect, "stream-error")
    assert isinstance(error, ServerError)
    assert "Overloaded" in error.message
    assert text == "Once "


@pytest.mark.parametrize(
    ("dialect", "code", "says"),
    [
        ("anthropic", "overloaded_error", "is overloaded"),
        ("anthropic", "rate_limit_error", "takes no more requests"),
        ("anthropic", "authentication_error", "does not take the key"),
        ("anthropic", "a_new_error", "failed"),
        ("openai", "insufficient_quota", "used up"),
        ("openrouter", "", "is overloaded"),
        ("google", "", "is overloaded"),
    ],
)
async def test_an_error_in_the_stream_is_known_by_its_code(
    dialect: str, code: str, says: str
) -> None:
    error, _ = await failed(dialect, f"stream-error:{code}")
    assert says in error.message


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    ("fault", "says", "came"),
    [
        ("wrong-json", "is not JSON", "Once "),
        ("cut", "was cut", "Once upon "),
        ("unfinished", "ended the reply before its end", "Once upon "),
        ("filter", "", "Once upon "),
        ("page", "a web page", ""),
        ("nonsense", "was cut", ""),
        ("drop", "was cut", ""),
    ],
)
async def test_a_broken_reply_keeps_what_came(
    dialect: str, fault: str, says: str, came: str
) -> None:
    error, text = await failed(dialect, fault)
    assert isinstance(error, ServerError)
    assert says in error.message
    assert text == came


async def test_a_refusal_is_text_on_one_wire_and_an_error_on_the_other() -> None:
    error, text = await failed("anthropic", "refusal")
    assert (error.message.partition(" ")[2], error.hint) == ("declined to answer: not this", "ask otherwise")  # fmt: skip
    assert text == "I will not."
    kept: list[str] = []
    async with Cloud() as cloud:
        cloud.fault("refusal")
        await said(backend(cloud), kept)
    assert "".join(kept) == "I will not."


async def test_a_content_filter_is_an_error_with_what_came() -> None:
    error, text = await failed("azure", "filter")
    assert "withheld the rest: its content filter" in error.message
    assert text == "Once upon "


@pytest.mark.parametrize("dialect", BOTH)
async def test_a_redirect_is_refused_and_not_followed(dialect: str) -> None:
    async with Cloud() as elsewhere:
        there = f"redirect:http://127.0.0.1:{elsewhere.port}/v1/chat/completions"
        error, _ = await failed(dialect, there)
        assert isinstance(error, RefusedError)
        assert str(elsewhere.port) in error.message
        assert (elsewhere.got, elsewhere.wire_bytes) == ([], 0)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_control_characters_of_an_error_are_marks_and_it_is_short(dialect: str) -> None:
    for fault in ("ansi", "ansi:429", "ansi:400"):
        error, _ = await failed(dialect, fault)
        assert not {"\x1b", "\x07", "\u202e"} & set(str(error))
        assert len(str(error)) < 500


@pytest.mark.parametrize("dialect", BOTH)
async def test_control_characters_of_a_reply_are_text(dialect: str) -> None:
    kept: list[str] = []
    async with Cloud(dialect=dialect) as cloud:
        cloud.fault("ansi-reply")
        await said(backend(cloud), kept)
    assert "".join(kept).startswith("\x1b]0;owned")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("endless-line", "a line of more than"),
        ("gigabyte", "is not JSON"),
        ("gigabyte:500", "failed (status 500)"),
        ("gigabyte-stream", "more than the 64,000,000 bytes"),
    ],
)
@pytest.mark.parametrize("dialect", BOTH)
async def test_a_gigabyte_costs_no_memory(dialect: str, fault: str, says: str) -> None:
    tracemalloc.start()
    try:
        error, _ = await failed(dialect, fault)
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert says in error.message
    assert most_bytes < 40 * MEGABYTE


@pytest.mark.parametrize("fault", ["slow-head", "silent"])
@pytest.mark.parametrize("dialect", BOTH)
async def test_a_head_that_never_ends_is_given_up(dialect: str, fault: str) -> None:
    error, _ = await failed(dialect, fault, patience=HASTY)
    assert isinstance(error, ServerError)
    assert error.fault is ServerFault.SILENT


@pytest.mark.parametrize("dialect", BOTH)
async def test_a_drip_without_a_word_is_given_up(dialect: str) -> None:
    error, _ = await failed(dialect, "slow-body", silence_s=0.3)
    assert isinstance(error, ServerError)
    assert error.fault is ServerFault.SILENT


async def test_the_words_of_an_error_are_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streaming, "ERROR_SECONDS", 0.3)
    error, _ = await failed("openai", "slow-error")
    assert error.message.endswith("failed (status 500)")


@pytest.mark.parametrize("dialect", BOTH)
async def test_where_nobody_listens_that_is_said(dialect: str) -> None:
    async with Cloud(dialect=dialect) as cloud:
        pass
    with pytest.raises(ServerError, match="cannot be reached") as caught:
        await said(backend(cloud), [])
    assert caught.value.fault is ServerFault.UNREACHABLE

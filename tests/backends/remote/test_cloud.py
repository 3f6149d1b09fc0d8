"""Cloud backends over the stand-in on both wires: what they give away, what they make of a reply, and what breaks it off."""

import asyncio
import json
from dataclasses import replace

import pytest

from assistant.backends.remote.cloud import CloudBackend
from assistant.domain.cloud_routes import Dialect, Pin, Wire
from assistant.domain.cloud_setup import WINDOW_TOKENS, CloudSetup
from assistant.domain.errors import PromptTooLongError, PromptTooSlowError, RefusedError, UsageError
from assistant.domain.events import Stage
from assistant.domain.permit import Origin
from assistant.domain.places import Address
from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling
from assistant.domain.secret import Auth
from assistant.domain.thinking import split
from assistant.machine.clock import SystemClock
from assistant.ports import Done, Generation, Said, Text, Waiting
from tests.backends.remote.cloud_rig import NearDoor, backend, events, request, row, said
from tests.fakes import generate, leave
from tests.standins.cloud import Cloud
from tests.standins.cloud_dialects import DIALECTS

BOTH = ("openai", "anthropic")
ALL = Sampling(0.3, 0.9, 40, 0.05, 1.1, 7, 99, ("END",))
MESSAGES = [{"role": "user", "content": "Tell me of a fox."}]


def composed(dialect: str, model: str, sampling: Sampling = ALL, *pins: Pin) -> dict[str, object]:
    """The body that would leave."""
    setup = CloudSetup(row(Address("127.0.0.1", 9), dialect, pins), model)
    made = CloudBackend(setup, NearDoor(), SystemClock())
    found = json.loads(made.compose(request(sampling=sampling)).body)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_dialect_takes_the_request_and_gives_a_reply(dialect: str) -> None:
    kept: list[str] = []
    async with Cloud(dialect=dialect) as cloud:
        done = await said(backend(cloud), kept, request(sampling=replace(ALL, max_tokens=6)))
        assert [one.status for one in cloud.got] == [200]
    assert "".join(kept) == "Once upon a time there was "
    assert done.finish is Finish.LENGTH
    usage = done.usage
    assert (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens) == (15, 0, 6)
    assert (usage.estimated, usage.context_tokens, usage.context_window) == (False, 21, 8_000)


@pytest.mark.parametrize("dialect", BOTH)
async def test_a_reply_is_connect_prefill_text_done(dialect: str) -> None:
    async with Cloud(dialect=dialect, tale="Yes. No.") as cloud:
        found = await events(backend(cloud))
    assert found[:2] == [Waiting(Stage.CONNECT), Waiting(Stage.PREFILL)]
    said = (
        Origin("some-model") if dialect == "openai" else Origin("claude-sonnet-4-5", geo="global")
    )
    assert found[2:5] == [Said(said), Text("Yes. ", 1), Text("No.", 1)]
    [done] = found[5:]
    assert isinstance(done, Done)
    assert done.finish is Finish.STOP


@pytest.mark.parametrize("dialect", BOTH)
async def test_the_bytes_on_the_wire_are_those_of_the_permit(dialect: str) -> None:
    async with Cloud(dialect=dialect) as cloud:
        made = backend(cloud)
        outgoing = made.compose(request())
        assert outgoing == made.compose(request())
        await events(made)
        [got] = cloud.got
    assert (got.target, got.body, got.more) == (outgoing.target, outgoing.body, b"")
    assert dict(outgoing.headers).items() <= got.headers.items()
    allowed = {"host", "accept-encoding", "user-agent", "connection", "content-type", "content-length"}  # fmt: skip
    assert set(got.headers) == allowed | {name for name, _ in outgoing.headers}
    assert outgoing.auth is Auth.NONE


async def test_nothing_is_asked_without_a_permit() -> None:
    async with Cloud() as cloud:
        made = backend(cloud)
        assert await made.load() == made.window_tokens == 8_000
        assert await made.count(request().messages) == made.estimate(request().messages)
        await made.prefill(request())
        await made.forget("c1")
        await made.stop("t1")
        await made.close()
        assert made.prompt_limit is None
        other = replace(leave(made, request()), digest="0" * 64)
        with pytest.raises(RefusedError):
            assert [event async for event in made.generate(request(), other)]
        assert (cloud.got, cloud.wire_bytes) == ([], 0)


async def test_an_unsaid_window_is_the_usual_one() -> None:
    setup = CloudSetup(row(Address("127.0.0.1", 9)), "m")
    assert CloudBackend(setup, NearDoor(), SystemClock()).window_tokens == WINDOW_TOKENS


def test_the_plain_body_on_openais_wire() -> None:
    system = {"role": "system", "content": "Be brief."}
    assert composed("bedrock", "mistral.large") == {
        "model": "mistral.large",
        "messages": [system, *MESSAGES],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.3,
        "top_p": 0.9,
        "seed": 7,
        "max_tokens": 99,
        "stop": ["END"],
    }


def test_the_body_on_anthropics_wire() -> None:
    assert composed("anthropic", "claude-sonnet-4-5") == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 99,
        "messages": MESSAGES,
        "stream": True,
        "system": "Be brief.",
        "temperature": 0.3,
        "stop_sequences": ["END"],
    }


@pytest.mark.parametrize(
    ("dialect", "model", "has", "lacks"),
    [
        ("openai", "gpt-4o", {"max_completion_tokens", "temperature", "stop"}, {"max_tokens"}),
        ("openai", "gpt-5-mini", {"max_completion_tokens"}, {"max_tokens", "temperature", "top_p", "stop"}),
        ("openai", "o3", {"max_completion_tokens"}, {"max_tokens", "temperature", "top_p", "stop"}),
        ("openrouter", "openai/gpt-5.1", {"max_completion_tokens"}, {"max_tokens", "temperature"}),
        ("openrouter", "anthropic/claude-opus-5", {"max_tokens"}, {"temperature", "top_p"}),
        ("azure", "prod-east", {"max_completion_tokens"}, {"max_tokens", "temperature", "top_p"}),
        ("azure", "my-gpt-4o", {"max_completion_tokens", "temperature", "top_p"}, {"max_tokens"}),
        ("mistral", "mistral-small", {"max_tokens", "random_seed", "top_p"}, {"seed", "stream_options"}),
        ("anthropic", "claude-opus-5", {"max_tokens"}, {"temperature", "top_p", "seed"}),
    ],
)  # fmt: skip
def test_a_model_is_asked_for_nothing_that_it_refuses(
    dialect: str, model: str, has: set[str], lacks: set[str]
) -> None:
    names = set(composed(dialect, model))
    assert has <= names
    assert not lacks & names


@pytest.mark.parametrize(
    ("dialect", "model"),
    [
        ("openai", "gpt-5"),
        ("openai", "o1"),
        ("openai", "gpt-4.1"),
        ("azure", "o4-mini"),
        ("mistral", "mistral-medium"),
        ("anthropic", "claude-opus-4-7"),
        ("anthropic", "claude-3-5-haiku-20241022"),
        ("anthropic", "claude-haiku-4-5-20251001"),
        ("anthropic", "claude-fable-5"),
    ],
)
async def test_a_provider_as_strict_as_the_real_one_takes_it(dialect: str, model: str) -> None:
    async with Cloud(dialect=dialect) as cloud:
        for sampling in (Sampling(max_tokens=9), ALL, Sampling(temperature=0, max_tokens=5)):
            await said(backend(cloud, model=model), [], request(sampling=sampling))
        assert [one.status for one in cloud.got] == [200] * 3


def test_a_route_on_anthropics_wire_always_says_how_long_a_reply_may_be() -> None:
    assert composed("anthropic", "claude-x", Sampling())["max_tokens"] == 4096


async def test_pins_are_in_every_request() -> None:
    pins: tuple[Pin, ...] = (
        ("provider.zdr", True),
        ("provider.data_collection", "deny"),
        ("store", False),
    )
    async with Cloud(dialect="openrouter") as cloud:
        made = backend(cloud, body=pins)
        await events(made)
        await events(made)
        for number in (0, 1):
            body = cloud.body(number)
            assert body["provider"] == {"zdr": True, "data_collection": "deny"}
            assert body["store"] is False


@pytest.mark.parametrize("path", ["messages", "model", "system", "a..b", "", "stream.x", "a.b.c"])
def test_a_pin_that_cannot_be_set_is_refused_at_once(path: str) -> None:
    pins = (("a.b", "x"), (path, "y"))
    with pytest.raises(UsageError, match="cannot pin"):
        CloudBackend(
            CloudSetup(row(Address("127.0.0.1", 9), body=pins), "m"), NearDoor(), SystemClock()
        )


@pytest.mark.parametrize(
    "change",
    [{"base_url": None}, {"auth": Auth.OTHER}, {"asks": ("deployment",)}],
)
def test_a_row_that_cannot_be_spoken_to_makes_no_backend(change: dict[str, object]) -> None:
    wrong = replace(row(Address("127.0.0.1", 9)), **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        CloudBackend(CloudSetup(wrong, "m"), NearDoor(), SystemClock())


async def test_a_reply_that_confirms_the_pins_passes() -> None:
    pins: tuple[Pin, ...] = (("inference_geo", "us"),)
    reply: tuple[Pin, ...] = (("usage.inference_geo", "us"), ("model", "claude-sonnet-4-6"))
    async with Cloud(dialect="anthropic") as cloud:
        made = backend(cloud, model="claude-sonnet-4-6", body=pins, reply=reply)
        kept: list[str] = []
        assert (await said(made, kept)).finish is Finish.LENGTH
        assert cloud.body()["inference_geo"] == "us"
    assert kept


@pytest.mark.parametrize("how", ["elsewhere:global", "model:claude-other"])
async def test_a_reply_that_contradicts_a_pin_shows_nothing_of_it(how: str) -> None:
    reply: tuple[Pin, ...] = (("usage.inference_geo", "us"), ("model", "claude-sonnet-4-5"))
    kept: list[str] = []
    async with Cloud(dialect="anthropic", geo="us") as cloud:
        cloud.fault(how)
        with pytest.raises(
            RefusedError, match=r"says that .* is (global|claude-other), not"
        ) as caught:
            await said(backend(cloud, reply=reply), kept)
    assert kept == []
    assert "broken off" in caught.value.message


async def test_a_contradiction_in_the_middle_keeps_what_came() -> None:
    from tests.backends.remote.scripted import CHAT, Scripted, delta, stream

    script = stream(delta("Once", provider="Mistral"), delta(" upon", provider="Other"))
    kept: list[str] = []
    async with Scripted({CHAT: script}) as server:
        setup = CloudSetup(
            row(Address("127.0.0.1", server.port), reply=(("provider", "Mistral"),)), "m"
        )
        with pytest.raises(RefusedError, match="provider is Other, not Mistral"):
            await said(CloudBackend(setup, NearDoor(), SystemClock()), kept)
    assert kept == ["Once"]


async def test_a_reply_from_elsewhere_still_says_where_it_comes_from() -> None:
    reply: tuple[Pin, ...] = (("usage.inference_geo", "us"),)
    heard: list[object] = []
    async with Cloud(dialect="anthropic", geo="us") as cloud:
        cloud.fault("elsewhere:global")
        with pytest.raises(RefusedError, match="is global, not us"):
            async for event in generate(backend(cloud, reply=reply), request()):
                heard.append(event)  # noqa: PERF401 - what came before the error counts
    assert heard[2:] == [Said(Origin("claude-sonnet-4-5", geo="global"))]


async def test_what_a_reply_says_of_itself_is_told_as_it_comes() -> None:
    from tests.backends.remote.scripted import CHAT, Scripted, delta, stream

    odd = delta(" a", provider=["Mistral"], model=7)
    script = stream(
        delta("Once", model="m-1"), delta(" upon", provider="Mistral"), odd, delta(finish="stop")
    )
    async with Scripted({CHAT: script}) as server:
        setup = CloudSetup(row(Address("127.0.0.1", server.port)), "m")
        found = await events(CloudBackend(setup, NearDoor(), SystemClock()))
    told = [event.origin for event in found if isinstance(event, Said)]
    assert told == [Origin("m-1"), Origin("m-1", "Mistral")]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_thoughts_are_marked_and_counted(dialect: str) -> None:
    kept: list[str] = []
    async with Cloud(dialect=dialect, tale="Yes. No.") as cloud:
        cloud.fault("thought:Hm, well.")
        done = await said(backend(cloud), kept)
    parts = split("".join(kept))
    assert (parts.thought, parts.answer, parts.thinking) == ("Hm, well.", "Yes. No.", False)
    assert (done.usage.output_tokens, done.usage.estimated) == (3, False)


@pytest.mark.parametrize("dialect", BOTH)
async def test_cached_tokens_are_part_of_the_input(dialect: str) -> None:
    async with Cloud(dialect=dialect) as cloud:
        cloud.fault("cached:4")
        usage = (await said(backend(cloud), [])).usage
    assert (usage.input_tokens, usage.cached_input_tokens) == (15, 4)


@pytest.mark.parametrize("dialect", ["openai", "mistral", "anthropic"])
async def test_without_counts_they_are_estimates(dialect: str) -> None:
    async with Cloud(dialect=dialect, tale="Yes. No.") as cloud:
        cloud.fault("no-usage")
        made = backend(cloud)
        usage = (await said(made, [])).usage
    assert (usage.estimated, usage.output_tokens) == (True, 2)
    # Anthropic counts the prompt at the start, the reply at the end.
    counted = 15 if dialect == "anthropic" else made.estimate(request().messages)
    assert usage.input_tokens == counted


@pytest.mark.parametrize("dialect", BOTH)
async def test_the_estimate_learns(dialect: str) -> None:
    async with Cloud(dialect=dialect) as cloud:
        made = backend(cloud)
        before = made.estimate(request().messages)
        await said(made, [])
        assert before != 15
        assert made.estimate(request().messages) == await made.count(request().messages) == 15
        assert made.estimates


@pytest.mark.parametrize("dialect", BOTH)
async def test_a_whole_reply_is_taken_too(dialect: str) -> None:
    kept: list[str] = []
    async with Cloud(dialect=dialect, tale="Yes. No.") as cloud:
        cloud.fault("whole")
        done = await said(backend(cloud), kept)
    assert ("".join(kept), done.finish, done.usage.input_tokens) == ("Yes. No.", Finish.STOP, 15)


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("how", ["stop", "close", "leave"])
async def test_a_stop_closes_the_connection(dialect: str, how: str) -> None:
    async with Cloud(dialect=dialect) as cloud:
        cloud.fault("hang*1")
        made = backend(cloud)
        stream = generate(made, request())
        async for event in stream:
            if isinstance(event, Text):
                if how == "leave":
                    break
                await (made.stop("t1") if how == "stop" else made.close())
        if how == "leave":
            await stream.aclose()
        else:
            assert isinstance(event, Done)
            assert (event.finish, event.usage.output_tokens) == (Finish.CANCELLED, 1)
            assert event.usage.estimated
        got = await asyncio.wait_for(cloud.ended(), 10)
        assert got.left
        assert (await said(made, [])).finish is Finish.LENGTH


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_prompt_too_long_is_said_once_and_not_sent_again(dialect: str) -> None:
    async with Cloud(dialect=dialect) as cloud:
        cloud.fault("too-long")
        made = backend(cloud)
        with pytest.raises(PromptTooLongError, match="calls the prompt too long") as caught:
            await said(made, [])
        assert not isinstance(caught.value, PromptTooSlowError)
        assert made.prompt_limit is None
        assert len(cloud.got) == 1


def test_roles_take_turns_on_anthropics_wire() -> None:
    user, reply = Role.USER, Role.ASSISTANT
    spoken = [(Role.SYSTEM, "A"), (reply, "first"), (user, "one"), (user, "two"), (reply, " "), (user, "three")]  # fmt: skip
    messages = tuple(ChatMessage(role, text) for role, text in spoken)
    setup = CloudSetup(row(Address("127.0.0.1", 9), "anthropic"), "claude-x")
    made = CloudBackend(setup, NearDoor(), SystemClock())
    body = json.loads(made.compose(Generation("t", "c", messages, Sampling())).body)
    assert body["messages"] == [
        {"role": "user", "content": "(not shown)"},
        {"role": "assistant", "content": "first"},
        {"role": "user", "content": "one\n\ntwo\n\nthree"},
    ]
    assert body["system"] == "A"


def test_a_name_is_the_host_alone_on_the_usual_port() -> None:
    made = replace(row(Address("127.0.0.1", 9)), base_url="https://api.example.eu/v1")
    setup = CloudSetup(replace(made, wire=Wire.OPENAI, dialect=Dialect.PLAIN), "m")
    assert CloudBackend(setup, NearDoor(), SystemClock())._provider.name == "api.example.eu"

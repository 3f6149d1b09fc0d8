"""What the stand-in's device holds between turns, and how it goes stale as the real one does (facts §1.9, §1.10, §1.0)."""

import random

import pytest

from tests.standins.fake_hailo.hailo_platform._words import Message
from tests.standins.hailo_facts import PROFILES
from tests.standins.hailo_http import Entry
from tests.standins.hailo_ollama import HailoOllama
from tests.standins.talk import ask, asking

MODEL, OTHER = "qwen2.5-coder:1.5b", "qwen2:1.5b"
SYSTEM = {"role": "system", "content": "Be brief."}
DIRTY = {"role": "system", "content": "Please be brief."}
ALIKE = pytest.mark.parametrize("profile", tuple(PROFILES))
LATER = pytest.mark.parametrize("profile", ["5.3.0", "5.4.0"])


def server_of(profile: str) -> HailoOllama:
    """Replies are plain words, so that only the memory is at stake."""
    text = "one two three four five six"
    return HailoOllama(
        profile=profile, time_scale=0.003, load_s=0.1, reply=text, installed=(MODEL, OTHER)
    )


def user(text: str) -> Message:
    return {"role": "user", "content": text}


async def say(
    server: HailoOllama, messages: list[Message], model: str = MODEL
) -> tuple[Entry, list[Message]]:
    """One whole turn; the conversation with its reply."""
    body = {"model": model, "messages": messages}
    heard = await ask(server.port, "POST", "/api/chat", body)
    return server.log[-1], [*messages, {"role": "assistant", "content": heard.text}]


async def cancel(server: HailoOllama, messages: list[Message]) -> list[Message]:
    """A turn that is left after its second word; the conversation with the partial reply."""
    server.faults.add("until-left", 2)
    body = {"model": MODEL, "messages": messages}
    async with asking(server.port, "POST", "/api/chat", body) as line:
        heard = await line.head()
        await line.chunk(heard)
        await line.chunk(heard)
    async with server.chat.lock:
        assert server.log[-1].outcome == "left"
    return [*messages, {"role": "assistant", "content": heard.text}]


@pytest.mark.parametrize(
    ("profile", "reuses"), [("5.1.1", True), ("5.3.0", True), ("5.4.0", False)]
)
async def test_a_second_turn_sends_what_is_new_except_on_5_4(profile: str, reuses: bool) -> None:
    """§1.0.4: 5.4.0 does not know its own reply again."""
    async with server_of(profile) as server:
        first, talk = await say(server, [SYSTEM, user("a question")])
        assert first.new_tokens == first.prompt_tokens
        second, _ = await say(server, [*talk, user("another")])
        assert second.in_step
        assert (second.new_tokens < second.prompt_tokens) == reuses


@ALIKE
async def test_another_beginning_clears_the_context(profile: str) -> None:
    async with server_of(profile) as server:
        _, talk = await say(server, [SYSTEM, user("a question")])
        entry, _ = await say(server, [DIRTY, *talk[1:], user("another")])
        assert entry.in_step
        assert entry.new_tokens == entry.prompt_tokens


@ALIKE
async def test_the_same_question_again_is_a_full_prefill(profile: str) -> None:
    async with server_of(profile) as server:
        await say(server, [SYSTEM, user("a question")])
        entry, _ = await say(server, [SYSTEM, user("a question")])
        assert entry.in_step
        assert entry.new_tokens == entry.prompt_tokens


@ALIKE
async def test_a_partial_reply_that_is_sent_back_is_in_the_context_twice(profile: str) -> None:
    async with server_of(profile) as server:
        talk = await cancel(server, [SYSTEM, user("a question")])
        entry, _ = await say(server, [*talk, user("another")])
        assert entry.in_step is False


@pytest.mark.parametrize(("profile", "fits"), [("5.1.1", True), ("5.3.0", False), ("5.4.0", False)])
async def test_a_partial_reply_that_is_left_out(profile: str, fits: bool) -> None:
    """§1.0.8: on 5.1.1 that helps, from 5.3 on it does not."""
    async with server_of(profile) as server:
        talk = await cancel(server, [SYSTEM, user("a question")])
        entry, _ = await say(server, [*talk[:-1], user("another")])
        assert entry.in_step is fits


@LATER
async def test_after_a_failed_start_the_model_forgets(profile: str) -> None:
    """The context was cleared, the history was not."""
    async with server_of(profile) as server:
        _, talk = await say(server, [SYSTEM, user("a question")])
        server.faults.add("500")
        failed, _ = await _fails(server, [DIRTY, user("something else")])
        assert failed == 500
        entry, _ = await say(server, [*talk, user("another")])
        assert (entry.in_step is False) == (profile == "5.3.0")


async def _fails(server: HailoOllama, messages: list[Message]) -> tuple[int, bytes]:
    body = {"model": MODEL, "messages": messages}
    heard = await ask(server.port, "POST", "/api/chat", body)
    return heard.status, heard.body


@ALIKE
async def test_another_model_goes_on_with_half_the_conversation(profile: str) -> None:
    """5.3.0 keeps its history over a switch; an unload before it helps everywhere."""
    async with server_of(profile) as server:
        messages = [SYSTEM, user("a question")]
        await cancel(server, messages)
        entry, _ = await say(server, [*messages, user("go on")], OTHER)
        assert entry.in_step is (profile == "5.1.1")
        await cancel(server, messages)
        await ask(server.port, "POST", "/api/chat", {"model": MODEL, "keep_alive": 0})
        entry, _ = await say(server, [*messages, user("go on")], OTHER)
        assert entry.in_step


async def test_a_finished_turn_too_is_lost_by_the_switch_of_5_3() -> None:
    async with server_of("5.3.0") as server:
        _, talk = await say(server, [SYSTEM, user("a question")])
        entry, _ = await say(server, [*talk, user("another")], OTHER)
        assert entry.seen is not None
        assert entry.seen[-1] == user("another")
        assert not entry.in_step


@pytest.mark.parametrize(
    ("profile", "status", "escaped"),
    [("5.1.1", 200, 200), ("5.3.0", 500, 200), ("5.4.0", 200, 200)],
)
@pytest.mark.parametrize("text", ["two\nlines", "a\ttab", "C:\\dir", "bell\x07"])
async def test_only_5_3_needs_escaping(profile: str, status: int, escaped: int, text: str) -> None:
    async with server_of(profile) as server:
        found, body = await _fails(server, [user(text)])
        assert found == status
        assert (b"  - Failed to generate\n" in body) == (status == 500)
        doubled = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
        doubled = doubled.replace("\x07", "\\u0007")
        found, _ = await _fails(server, [user(doubled)])
        assert found == escaped
        seen = server.generations()[-1].seen
        assert seen is not None
        assert seen[-1]["content"] == (text if profile == "5.3.0" else doubled)


@ALIKE
async def test_quotes_need_nothing_anywhere(profile: str) -> None:
    async with server_of(profile) as server:
        entry, talk = await say(server, [SYSTEM, user('say "this"')])
        assert entry.in_step
        entry, _ = await say(server, [*talk, user("more")])
        assert entry.in_step


@ALIKE
async def test_a_bare_prompt_becomes_one_message(profile: str) -> None:
    """§1.5: on 5.3.0 not even quotes are escaped; no prompt loads."""
    async with server_of(profile) as server:
        path, body = "/api/generate", {"model": MODEL, "prompt": "hello"}
        heard = await ask(server.port, "POST", path, body)
        assert heard.lines[0]["response"] == "one"
        assert server.generations()[-1].seen == server.generations()[-1].sent
        heard = await ask(server.port, "POST", path, {**body, "prompt": 'say "this"'})
        assert heard.status == (500 if profile == "5.3.0" else 200)
        heard = await ask(server.port, "POST", path, {"model": MODEL})
        assert heard.json["done_reason"] == "load"


@ALIKE
async def test_the_remedy_of_two_wordings_works(profile: str) -> None:
    """§1.9: thirty turns with cancels and switches; whoever toggles the first message when dirty stays in step."""
    chance = random.Random(5)
    async with server_of(profile) as server:
        wordings, dirty, model = [SYSTEM, DIRTY], False, MODEL
        talk: list[Message] = [SYSTEM]
        for turn in range(30):
            wanted = chance.choice([MODEL, MODEL, OTHER])
            dirty, model = dirty or wanted != model, wanted
            if dirty:
                wordings.reverse()
            talk = [wordings[0], *talk[1:], user(f"question {turn}")]
            dirty = model == MODEL and chance.random() < 0.4
            if dirty:
                talk = await cancel(server, talk)
            else:
                _, talk = await say(server, talk, model)
        assert len(server.generations()) == 30
        assert all(entry.in_step for entry in server.generations())

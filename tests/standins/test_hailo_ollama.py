"""The stand-in of hailo-ollama speaks as facts §1 say: paths, framing, types, codes, order of events."""

import asyncio
import json
import re
import time
from pathlib import Path

import pytest

from tests.standins.hailo_facts import PROFILES
from tests.standins.hailo_ollama import HailoOllama
from tests.standins.hailo_process import running
from tests.standins.talk import Heard, ask, asking

RELEASES = tuple(PROFILES)
MODEL = "qwen2.5-coder:1.5b"
ALIKE = pytest.mark.parametrize("profile", RELEASES)


def chat(text: str = "hello", **more: object) -> dict[str, object]:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    return {"model": MODEL, "messages": messages, **more}


def quick(profile: str = "5.1.1", **more: object) -> HailoOllama:
    return HailoOllama(profile=profile, time_scale=0.01, **more)  # type: ignore[arg-type]


@ALIKE
async def test_it_tells_who_it_is_by_the_body_alone(profile: str) -> None:
    """§1.2, §1.0.1: `/` has no content type, and the version is a constant."""
    async with quick(profile) as server:
        root = await ask(server.port, "GET", "/")
        assert (root.status, root.body) == (200, b"hailo-ollama is running")
        assert "content-type" not in root.headers
        assert (await ask(server.port, "GET", "/api/version")).json == {"version": "0.5.1"}


@ALIKE
@pytest.mark.parametrize("path", ["/v1/models", "/health", "/api/embed"])
async def test_other_paths_are_oatpp_s_error_page(profile: str, path: str) -> None:
    """§1.2, §1.8."""
    async with quick(profile) as server:
        heard = await ask(server.port, "GET", path)
        assert (heard.status, heard.headers["connection"]) == (404, "close")
        assert "content-type" not in heard.headers
        assert heard.body.startswith(b"server=oatpp/1.4.0\ncode=404\n")
        assert (await ask(server.port, "HEAD", "/")).status == 404


@ALIKE
async def test_models_are_those_of_the_release(profile: str) -> None:
    """§1.13, §1.6: everything that can be pulled, and what is on disk."""
    async with quick(profile, installed=(MODEL,)) as server:
        every = (await ask(server.port, "GET", "/hailo/v1/list")).json["models"]
        assert every == [model.name for model in PROFILES[profile].models]
        tags = await ask(server.port, "GET", "/api/tags")
        assert tags.headers["content-type"] == "application/json"
        found = json.loads(tags.body)["models"]
        assert [one["name"] for one in found] == [MODEL]
        assert list(found[0]) == ["name", "model", "modified_at", "size", "details"]


@ALIKE
async def test_a_reply_is_one_line_to_a_chunk(profile: str) -> None:
    """§1.4: CRLF, compact, fields in order, nulls left out, nothing about the prompt."""
    async with quick(profile) as server:
        heard = await ask(server.port, "POST", "/api/chat", chat())
        assert heard.headers["content-type"] == "application/x-ndjson"
        assert heard.whole
        assert all(c.endswith(b"\r\n") and c.count(b"\n") == 1 for c in heard.chunks)
        *said, last = heard.lines
        assert list(said[0]) == ["model", "created_at", "message", "done"]
        assert list(last) == [
            "model", "created_at", "message", "done", "done_reason", "total_duration", "eval_count",
        ]  # fmt: skip
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", str(last["created_at"]))
        assert (last["done_reason"], last["eval_count"], len(said)) == ("stop", 24, 24)
        assert b'": ' not in heard.chunks[0]
        assert server.log[-1].reply == heard.text
        raw = b"".join(heard.chunks)
        assert raw.isascii()
        assert "/" not in heard.text or b"\\/" in raw


async def test_odd_signs_are_escaped() -> None:
    """§1.0.6."""
    async with quick(reply="naïve and/or 😀") as server:
        heard = await ask(server.port, "POST", "/api/chat", chat())
        assert heard.text == "naïve and/or 😀"
        assert b"na\\u00efve" in heard.chunks[0]
        assert b"and\\/or" in heard.chunks[1]


@ALIKE
async def test_without_a_stream_one_object_holds_the_text(profile: str) -> None:
    async with quick(profile) as server:
        heard = await ask(server.port, "POST", "/api/chat", chat(stream=False))
        assert heard.headers["content-type"] == "application/json"
        assert heard.json["message"] == {"role": "assistant", "content": server.log[-1].reply}
        assert heard.json["eval_count"] == (24 if profile == "5.1.1" else 25)


@ALIKE
@pytest.mark.parametrize(
    "wrong",
    [
        {"keep_alive": "5m"},
        {"format": {"type": "object"}},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
        {"options": {"top_k": "many"}},
        {"options": {"frequency_penalty": 0}},
        {"stream": "yes"},
        {"messages": []},
        {"model": None},
    ],
    ids=str,
)
async def test_types_are_strict(profile: str, wrong: dict[str, object]) -> None:
    """§1.3: 500, as text, with a stack; the first line helps, the last is always the same (§1.0.2)."""
    async with quick(profile) as server:
        heard = await ask(server.port, "POST", "/api/chat", {**chat(), **wrong})
        assert heard.status == 500
        stack = heard.body.decode().partition("stacktrace:\n")[2].splitlines()
        assert len(stack) == 2
        assert stack[-1] == "  - Error processing request"


@ALIKE
async def test_what_is_unknown_is_ignored(profile: str) -> None:
    async with quick(profile) as server:
        more = {"think": True, "options": {"num_ctx": 9, "stop": ["x"], "min_p": 0.1}}
        assert (await ask(server.port, "POST", "/api/chat", {**chat(), **more})).status == 200


@ALIKE
async def test_bodies_that_are_none(profile: str) -> None:
    """§1.0.3: an empty body is 500, `null` 400, another content type 500; a head over 4 KiB gets no answer."""
    async with quick(profile) as server:
        assert (await ask(server.port, "POST", "/api/chat")).status == 500
        assert (await ask(server.port, "POST", "/api/chat", b"null")).status == 400
        wrong = await ask(server.port, "POST", "/api/chat", chat(), kind="text/plain")
        assert wrong.status == 500
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await ask(server.port, "GET", f"/{'x' * 5000}")


@pytest.mark.parametrize(
    ("profile", "plain", "tools"), [("5.1.1", 200, 500), ("5.3.0", 404, 500), ("5.4.0", 404, 404)]
)
async def test_releases_are_told_apart_by_an_unknown_model(
    profile: str, plain: int, tools: int
) -> None:
    """§1.12, §1.8."""
    probe = {"model": "__probe__:0", "messages": [{"role": "user", "content": "x"}]}
    async with quick(profile) as server:
        heard = await ask(server.port, "POST", "/api/chat", probe)
        assert (heard.status, heard.json) == (plain, {"error": "model '__probe__:0' not found"})
        heard = await ask(server.port, "POST", "/api/chat", {**probe, "tools": []})
        assert heard.status == tools
        assert not server.generations()


@ALIKE
async def test_loading_comes_before_the_headers_and_they_before_the_first_token(
    profile: str,
) -> None:
    """§1.4, §1.9: 5.1.1 sleeps two seconds more at every load."""
    async with HailoOllama(profile=profile, load_s=8, time_scale=0.02) as server:
        await ask(server.port, "POST", "/api/chat", chat())
        cold = server.log[-1]
        assert cold.headers_at is not None
        assert cold.first_byte_at is not None
        load_s = (cold.headers_at - cold.received) / 0.02
        assert load_s >= (10 if profile == "5.1.1" else 8)
        assert (cold.first_byte_at - cold.headers_at) / 0.02 >= 0.31
        await ask(server.port, "POST", "/api/chat", chat())
        warm = server.log[-1]
        assert warm.headers_at is not None
        assert (warm.headers_at - warm.received) / 0.02 < 2


@ALIKE
async def test_load_and_unload_carry_no_messages(profile: str) -> None:
    """§1.3."""
    async with quick(profile) as server:
        loaded = await ask(server.port, "POST", "/api/chat", {"model": MODEL})
        assert list(loaded.json) == ["model", "created_at", "message", "done", "done_reason"]
        assert loaded.json["done_reason"] == "load"
        assert server.context()["loaded"]
        gone = await ask(server.port, "POST", "/api/chat", {"model": MODEL, "keep_alive": 0})
        assert gone.json["done_reason"] == "unload"
        assert not server.context()["loaded"]


async def test_a_model_expires_unless_it_is_kept_for_ever() -> None:
    async with quick() as server:
        await ask(server.port, "POST", "/api/chat", chat(keep_alive=0))
        while server.context()["loaded"]:
            await asyncio.sleep(0.01)
        await ask(server.port, "POST", "/api/chat", {"model": MODEL, "keep_alive": -1})
        running_now = (await ask(server.port, "GET", "/api/ps")).body
        assert b'"expires_at":"1677' in running_now


@ALIKE
async def test_the_decode_rate_is_the_one_asked_for(profile: str) -> None:
    """Each line has its moment on a fixed schedule, so that a rate can be checked."""
    plan = {"tps": 6.0, "time_scale": 0.06, "reply_tokens": 60, "load_s": 0.0}
    async with HailoOllama(profile=profile, **plan) as server:  # type: ignore[arg-type]
        heard = await ask(server.port, "POST", "/api/chat", chat())
        assert server.log[-1].tokens_per_s == pytest.approx(100, rel=0.02)
        seen = (60 - 1) / (heard.moments[59] - heard.moments[0])
        assert seen == pytest.approx(100, rel=0.02)
        first = server.log[-1].first_byte_at
        assert first is not None
        assert abs(heard.moments[0] - first) < 0.015


@ALIKE
async def test_one_lock_for_loading_generating_and_ps(profile: str) -> None:
    """§1.9: the catalogue answers all the while."""
    async with quick(profile, reply_tokens=40) as server:
        async with asking(server.port, "POST", "/api/chat", chat()) as first:
            heard = await first.head()
            second = asyncio.create_task(ask(server.port, "POST", "/api/chat", chat("again")))
            status = asyncio.create_task(ask(server.port, "GET", "/api/ps"))
            assert (await ask(server.port, "GET", "/api/tags")).status == 200
            assert (await ask(server.port, "GET", "/")).status == 200
            assert not second.done()
            assert not status.done()
            await first.rest(heard)
        await asyncio.gather(second, status)
        one, two = server.generations()
        assert one.last_byte_at is not None
        assert two.headers_at is not None
        assert two.headers_at >= one.last_byte_at


@ALIKE
async def test_the_window_is_silent_and_the_prefill_is_not(profile: str) -> None:
    """§1.11: a little too long is garbage with 200, a lot too long runs into the 10 s read timeout."""
    async with quick(profile, prefill_tps=260, load_s=0) as server:
        heard = await ask(server.port, "POST", "/api/chat", chat("word " * 2100))
        assert heard.lines[-1]["done"]
        assert "的" in heard.text
        assert server.context()["overflowed"]
        too_long = chat("word " * 4000)
        heard = await ask(server.port, "POST", "/api/chat", {**too_long, "stream": False})
        assert (heard.status, b"  - read failed!\n" in heard.body) == (500, True)
        heard = await ask(server.port, "POST", "/api/chat", too_long)
        assert (heard.status, heard.chunks, heard.whole) == (200, [], False)


@ALIKE
@pytest.mark.parametrize(("limit", "said"), [(5, 5), (-1, 24)])
async def test_num_predict_limits_and_minus_one_wraps(profile: str, limit: int, said: int) -> None:
    """§1.0.6."""
    async with quick(profile) as server:
        heard = await ask(server.port, "POST", "/api/chat", chat(options={"num_predict": limit}))
        assert len(heard.lines) == said + 1
        assert heard.lines[-1]["done_reason"] == ("length" if said == 5 else "stop")


@ALIKE
async def test_the_completions_path(profile: str) -> None:
    """§1.7: no stream, no usage, nanoseconds."""
    path = "/v1/chat/completions"
    refused = 200 if profile == "5.1.1" else 400
    async with quick(profile) as server:
        heard = await ask(server.port, "POST", path, chat(stream=True))
        assert (heard.status, "Use /api/chat" in str(heard.json["error"])) == (refused, True)
        assert (await ask(server.port, "POST", path, chat(n=2))).status == refused
        heard = await ask(server.port, "POST", path, chat())
        assert "usage" not in heard.json
        assert abs(int(str(heard.json["created"])) - time.time_ns()) < 60e9


@pytest.mark.parametrize("profile", ["5.1.1", "5.3.0"])
async def test_show_differs(profile: str) -> None:
    """§1.6."""
    async with quick(profile) as server:
        heard = await ask(server.port, "POST", "/api/show", {"model": MODEL})
        old = profile == "5.1.1"
        assert ("template" in heard.json, bool(heard.json["parameters"])) == (old, old)
        assert heard.json["model_info"] == ""


@ALIKE
async def test_a_model_is_pulled_and_deleted(profile: str) -> None:
    """§1.6, §1.0.5: 5.1.1 leaves out the last chunk even after success."""
    async with quick(profile, installed=()) as server:
        heard = await ask(server.port, "POST", "/api/pull", {"model": MODEL})
        said = [line["status"] for line in heard.lines]
        assert (said[0], said[-1]) == ("pulling", "success")
        assert list(heard.lines[0]) == ["status", "digest", "total", "completed"]
        assert heard.whole == (profile != "5.1.1")
        assert ("resolved_version: 5.4.0" in said) == (profile == "5.4.0")
        assert (await ask(server.port, "POST", "/api/chat", chat())).text
        gone = await ask(server.port, "DELETE", "/api/delete", {"model": MODEL})
        assert (gone.status, gone.body) == (200, b"")
        missing = await ask(server.port, "DELETE", "/api/delete", {"model": MODEL})
        assert (missing.status, missing.json["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("profile", "model", "opens"),
    [
        ("5.1.1", "deepseek_r1_distill_qwen:1.5b", False),
        ("5.4.0", "deepseek_r1:1.5b", False),
        ("5.4.0", "qwen3:1.7b", True),
    ],
)
async def test_reasoning_comes_as_text(profile: str, model: str, opens: bool) -> None:
    """§1.4: DeepSeek's template has opened the thought already."""
    async with quick(profile, installed=(model,)) as server:
        heard = await ask(server.port, "POST", "/api/chat", {**chat(), "model": model})
        assert heard.text.startswith("<think>") == opens
        assert heard.text.count("</think>") == 1


async def test_tools_are_for_5_4_alone() -> None:
    """§1.4: a call comes with the last line; a model without tools refuses."""
    tools = [{"type": "function", "function": {"name": "look"}}]
    async with quick("5.4.0", reply="tool", installed=(MODEL, "deepseek_r1:1.5b")) as server:
        heard = await ask(server.port, "POST", "/api/chat", chat(tools=tools))
        (last,) = heard.lines
        assert last["done_reason"] == "stop"
        assert "tool_calls" in str(last["message"])
        refused = {**chat(tools=tools), "model": "deepseek_r1:1.5b"}
        assert (await ask(server.port, "POST", "/api/chat", refused)).status == 400


async def test_echo_says_the_question() -> None:
    async with quick(reply="echo") as server:
        assert (await ask(server.port, "POST", "/api/chat", chat("one two"))).text == "one two"


async def test_replies_are_the_same_every_time() -> None:
    def said(heard: Heard) -> str:
        return heard.text

    async with quick() as one, quick() as two:
        asked = chat(options={"seed": 7})
        first = said(await ask(one.port, "POST", "/api/chat", asked))
        assert first == said(await ask(two.port, "POST", "/api/chat", asked))
        other = await ask(one.port, "POST", "/api/chat", chat(options={"seed": 8}))
        assert first != said(other)


async def test_it_runs_as_a_program(tmp_path: Path) -> None:
    options = ["--profile", "5.3.0", "--time-scale", "0.01", "--installed", MODEL, "--tps", "8"]
    with running(*options, "--lock-file", str(tmp_path / "lock")) as server:
        await ask(server.port, "POST", "/api/chat", chat())
        assert server.context()["profile"] == "5.3.0"
        (entry,) = server.log()
        assert entry["in_step"]
        # A busy machine slows it down, and then it catches up.
        assert 400 < float(str(entry["tokens_per_s"])) < 1_600
        server.fault("crash", 3)
        heard = await ask(server.port, "POST", "/api/chat", chat())
        assert (len(heard.chunks), heard.whole) == (3, False)
        assert server.process.wait(10) == 139

"""The endpoints of the stand-in that load and generate: one at a time, behind one lock."""

import asyncio
import random
import time
from dataclasses import dataclass

from tests.standins.fake_hailo.hailo_platform._words import Message
from tests.standins.hailo_catalog import Catalog
from tests.standins.hailo_device import Completion, Context, DeviceError, Options
from tests.standins.hailo_dto import Json, MismatchError
from tests.standins.hailo_facts import Model, Plan
from tests.standins.hailo_faults import Faults
from tests.standins.hailo_http import LAST_LINE, Exchange, encode, now_text

TOOL_CALL = [{"function": {"name": "look", "arguments": {"where": "here"}}}]
REMOTE = {"remote_model": "big-cloud", "remote_host": "https://ollama.example:443"}


@dataclass
class Job:
    """One generation as it was asked for; `shape` is message, response or completion."""

    model: Model
    messages: list[Message]
    body: Json
    shape: str

    @property
    def wants_tools(self) -> bool:
        """Whether the request carried tools."""
        return bool(self.body.get("tools")) and isinstance(self.body["tools"], list)


class Chat:
    """`/api/chat`, `/api/generate`, `/v1/chat/completions` and `/api/ps`."""

    def __init__(self, plan: Plan, faults: Faults, catalog: Catalog) -> None:
        self.plan = plan
        self.faults = faults
        self.catalog = catalog
        self.context = Context(plan, faults)
        self.lock = asyncio.Lock()

    async def chat(self, exchange: Exchange, body: Json) -> None:
        """`POST /api/chat`: no messages loads or unloads."""
        await self._ask(exchange, body, _messages(body), "message")

    async def generate(self, exchange: Exchange, body: Json) -> None:
        """`POST /api/generate`: the prompt becomes one user message, on 5.3.0 without any escaping."""
        prompt = body.get("prompt")
        messages = None if prompt is None else [{"role": "user", "content": str(prompt)}]
        if messages and self.plan.release.escapes_by_hand and '"' in str(prompt):
            raise DeviceError("Failed to generate")
        await self._ask(exchange, body, messages, "response")

    async def completion(self, exchange: Exchange, body: Json) -> None:
        """`POST /v1/chat/completions`, never as a stream."""
        refusal = ""
        if "messages" not in body:
            refusal = "messages field is required"
        elif body.get("n", 1) != 1:
            refusal = "only n == 1 is supported"
        elif body.get("stream"):
            refusal = "streaming not supported on this endpoint. Use /api/chat endpoint instead."
        if refusal:
            exchange.entry.outcome = "refused"
            exchange.json({"error": refusal}, self.plan.release.refused)
            return
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        names = ("temperature", "seed", "top_p", "frequency_penalty")
        options = {name: body[name] for name in names if name in body}
        options |= {} if limit is None else {"num_predict": limit}
        asked: Json = {"model": body.get("model"), "options": options, "stream": False}
        await self._ask(exchange, asked, _messages(body), "completion")

    async def running(self, exchange: Exchange) -> None:
        """`GET /api/ps`, which waits for the lock."""
        async with self.lock:
            expires = self.context.expires_at
            ahead_s = None if expires is None else expires - time.monotonic()
            exchange.json(self.catalog.running(self.context, ahead_s))

    async def expire(self) -> None:
        """Unloads what was kept alive long enough; runs until cancelled."""
        while True:
            await asyncio.sleep(0.02)
            due = self.context.expires_at
            if due is not None and time.monotonic() >= due and not self.lock.locked():
                self.context.reset()

    async def _ask(
        self, exchange: Exchange, body: Json, messages: list[Message] | None, shape: str
    ) -> None:
        if body.get("model") is None:
            raise MismatchError("model is null")
        model = self.catalog.ready(body["model"])
        if model is None:
            self.catalog.unknown(exchange, body["model"])
        elif messages is None:
            await self._load(exchange, model, body, shape)
        else:
            async with self.lock:
                await self._run(exchange, Job(model, messages, body, shape))

    async def _load(self, exchange: Exchange, model: Model, body: Json, shape: str) -> None:
        async with self.lock:
            unload = body.get("keep_alive") == 0
            if unload:
                self.context.reset()
            else:
                await self.context.load(model, body.get("keep_alive"))
            said = _said(shape, "")
            reason = "unload" if unload else "load"
            stamp = {"model": model.name, "created_at": now_text()}
            exchange.json({**stamp, **said, "done": True, "done_reason": reason})

    async def _run(self, exchange: Exchange, job: Job) -> None:
        await self.context.load(job.model, job.body.get("keep_alive"))
        if job.wants_tools and not job.model.tools:
            exchange.entry.outcome = "refused"
            exchange.json({"error": f'"{job.model.name}" does not support tools'}, 400)
            return
        self.context.loaded()
        options = job.body.get("options", {})
        assert isinstance(options, dict)
        completion = self.context.begin(job.messages, Options.read(options, tools=job.wants_tools))
        self._note(exchange, job, completion)
        try:
            if job.body.get("stream", True):
                await self._stream(exchange, job, completion)
            else:
                await self._whole(exchange, job, completion)
        finally:
            await completion.release()

    def _note(self, exchange: Exchange, job: Job, completion: Completion) -> None:
        entry, family = exchange.entry, job.model.family
        entry.sent = self.context.meant(job.messages, family)
        entry.seen = self.context.seen(family)
        entry.prompt_tokens = completion.chip.tokens
        entry.new_tokens = completion.new_tokens

    async def _whole(self, exchange: Exchange, job: Job, completion: Completion) -> None:
        begun = time.monotonic_ns()
        entry = exchange.entry
        while (piece := await completion.read()) is not None:
            entry.reply += piece
            entry.lines += 1
        reads = entry.lines + (not self.plan.release.by_prompt)
        entry.outcome = "done"
        if job.shape == "completion":
            if not self.plan.release.by_prompt:
                self.context.remember(entry.reply, completion.reason)
            exchange.json(_openai(job.model.name, entry.reply, completion.reason))
            return
        self.context.remember(entry.reply, completion.reason)
        exchange.json(self._last(job, completion, entry.reply, reads, begun))

    async def _stream(self, exchange: Exchange, job: Job, completion: Completion) -> None:
        exchange.start()
        begun = time.monotonic_ns()
        entry = exchange.entry
        try:
            while (piece := await completion.read()) is not None:
                if self.faults.take("until-left", entry.lines):
                    await exchange.left()
                if exchange.gone:
                    entry.outcome = "left"
                    exchange.drop()
                    return
                if self._cut(exchange):
                    return
                await self._token(exchange, job, piece)
        except DeviceError:
            exchange.drop()
            return
        entry.outcome = "done"
        self.context.remember(entry.reply, completion.reason)
        await exchange.line(encode(self._last(job, completion, "", entry.lines, begun)))
        exchange.end()

    def _cut(self, exchange: Exchange) -> bool:
        lines = exchange.entry.lines
        dropped = self.faults.take("drop", lines) is not None
        ended = not dropped and self.faults.take("no-done", lines) is not None
        if dropped:
            exchange.drop()
        elif ended:
            exchange.entry.outcome = "dropped"
            exchange.end()
        return dropped or ended

    async def _token(self, exchange: Exchange, job: Job, piece: str) -> None:
        entry = exchange.entry
        remote = REMOTE if self.faults.take("remote-host") else {}
        entry.reply += piece
        if job.wants_tools and self.plan.reply == "tool":
            return
        said = _said(job.shape, piece)
        line: Json = {
            "model": job.model.name,
            **remote,
            "created_at": now_text(),
            **said,
            "done": False,
        }
        broken = self.faults.take("bad-line", entry.lines) is not None
        text = encode(line)
        pieces = 2 if self.faults.take("split") else 1
        await exchange.line(text[: len(text) // 2] if broken else text, pieces=pieces)
        entry.lines += 1
        entry.last_token_at = entry.last_byte_at

    def _last(self, job: Job, completion: Completion, text: str, count: int, begun: int) -> Json:
        """The line that says done; no figure of it tells of the prompt or of the loading."""
        calls: Json = {}
        if job.wants_tools and self.plan.reply == "tool":
            text, calls = "", {"tool_calls": TOOL_CALL}
        said = _said(job.shape, text, calls)
        return {
            "model": job.model.name,
            "created_at": now_text(),
            **said,
            "done": True,
            "done_reason": completion.reason,
            "total_duration": time.monotonic_ns() - begun,
            "eval_count": count,
        }


def failed(exchange: Exchange, error: DeviceError | MismatchError) -> None:
    """The page for what went wrong before the headers."""
    exchange.error(500, str(error), LAST_LINE)
    if isinstance(error, DeviceError):
        exchange.entry.outcome = "failed"


def _messages(body: Json) -> list[Message] | None:
    """The messages; None where the key is absent. Raises: MismatchError where one lacks its text."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return None
    if not messages:
        raise MismatchError("Failed to generate")
    for message in messages:
        if "role" not in message or "content" not in message:
            raise MismatchError("content is null")
    return [{"role": m["role"], "content": m["content"]} for m in messages]


def _said(shape: str, text: str, more: Json | None = None) -> Json:
    if shape == "response":
        return {"response": text}
    return {"message": {"role": "assistant", "content": text, **(more or {})}}


def _openai(model: str, text: str, reason: str) -> Json:
    """No usage, and `created` counts nanoseconds."""
    message = {"role": "assistant", "content": text}
    return {
        "id": f"chatcmpl-{random.randrange(2**31)}",
        "object": "chat.completion",
        "created": time.time_ns(),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }

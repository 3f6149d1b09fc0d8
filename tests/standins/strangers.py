"""Who else may answer on port 8000: real Ollama, StackFlow, a plain web server, one that is silent or talks nonsense."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Self

from tests.standins.fake_hailo.hailo_platform._words import QWEN, Answer, count
from tests.standins.hailo_dto import Json
from tests.standins.hailo_http import Request, read_request

NDJSON = "application/x-ndjson"
JSON = "application/json; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
REMOTE_HOST = "https://ollama.example:443"
LOCAL_MODEL, CLOUD_MODEL = "llama3.2:1b", "gpt-oss:120b-cloud"
STACKFLOW_MODEL = "qwen2.5-1.5B-ax650"
AT = "2026-02-01T10:00:00.123456789Z"
PAGE = "<!doctype html><title>It works</title><p>A web server."
KINDS = ("ollama", "stackflow", "web", "silent", "noise")


@dataclass(frozen=True)
class Reply:
    """One answer; more than one part makes a stream of chunks."""

    parts: tuple[str, ...]
    kind: str = JSON
    status: str = "200 OK"
    streams: bool = False


@dataclass(kw_only=True)
class Stranger:
    """A server of one of KINDS; `async with Stranger(kind="ollama") as server: server.port`."""

    kind: str
    host: str = "127.0.0.1"
    port: int = 0
    answer: Answer = field(default_factory=lambda: Answer(length=8))
    requests: list[Request] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        assert self.kind in KINDS
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.kind == "noise":
                writer.write(b"\x00\x01SSH-2.0-nonsense\r\n" * 4)
            elif self.kind == "silent":
                await asyncio.Event().wait()
            else:
                while (request := await read_request(reader)) is not None:
                    self.requests.append(request)
                    self._write(writer, self._reply(request))
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    def _write(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        body = "".join(reply.parts).encode()
        length = "Transfer-Encoding: chunked" if reply.streams else f"Content-Length: {len(body)}"
        head = f"HTTP/1.1 {reply.status}\r\nContent-Type: {reply.kind}\r\n{length}\r\n\r\n"
        writer.write(head.encode())
        if not reply.streams:
            writer.write(body)
            return
        for part in reply.parts:
            data = part.encode()
            writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        writer.write(b"0\r\n\r\n")

    def _reply(self, request: Request) -> Reply:
        body: Json = {}
        if request.method == "POST":
            try:
                body = json.loads(request.body)
            except ValueError:
                return Reply(('{"error":"invalid character"}',), status="400 Bad Request")
        here = f"{request.method} {request.path}"
        if self.kind == "ollama":
            return _ollama(here, body, self.answer)
        if self.kind == "stackflow":
            return _stackflow(here, body, self.answer)
        return Reply((PAGE,), "text/html")


def _ollama(here: str, body: Json, answer: Answer) -> Reply:
    """Ollama's own; models that end in `-cloud` are run elsewhere, which every reply says."""
    model = body.get("model")
    plain = {
        "GET /": Reply(("Ollama is running",), PLAIN),
        "GET /api/version": Reply((_text({"version": "0.12.6"}),)),
        "GET /api/tags": Reply((_text({"models": [_tag(LOCAL_MODEL), _tag(CLOUD_MODEL)]}),)),
        "GET /v1/models": Reply((_text(_openai_models(LOCAL_MODEL, CLOUD_MODEL)),)),
    }
    if here in plain:
        return plain[here]
    if not here.startswith("POST /api/") and here != "POST /v1/chat/completions":
        return Reply(("404 page not found",), PLAIN, "404 Not Found")
    if model not in (LOCAL_MODEL, CLOUD_MODEL):
        return Reply((_text({"error": f"model '{model}' not found"}),), status="404 Not Found")
    if here == "POST /api/show":
        return Reply((_text(_shown(str(model))),))
    if here == "POST /api/chat":
        lines = _ollama_lines(str(model), _pieces(body, answer))
        return Reply(tuple(lines), NDJSON, streams=True)
    return _completion(str(model), body, answer)


def _stackflow(here: str, body: Json, answer: Answer) -> Reply:
    """The Axera card's server, which speaks OpenAI's wire on the same port."""
    if here == "GET /v1/models":
        return Reply((_text(_openai_models(STACKFLOW_MODEL)),))
    if here == "POST /v1/chat/completions":
        return _completion(str(body.get("model")), body, answer)
    return Reply((_text({"detail": "Not Found"}),), status="404 Not Found")


def _completion(model: str, body: Json, answer: Answer) -> Reply:
    pieces = _pieces(body, answer)
    usage = {"prompt_tokens": count(_question(body)) + 8, "completion_tokens": len(pieces)}
    usage["total_tokens"] = sum(usage.values())
    head = {"id": "chatcmpl-1", "created": 1_770_000_000, "model": model}
    if not body.get("stream"):
        message = {"role": "assistant", "content": "".join(pieces)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
        return Reply((_text(whole),))
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in pieces]
    chunk = {**head, "object": "chat.completion.chunk"}
    events = [
        {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    events.append({**chunk, "choices": [end], "usage": usage})
    lines = [f"data: {_text(event)}\n\n" for event in events]
    return Reply((*lines, "data: [DONE]\n\n"), "text/event-stream", streams=True)


def _ollama_lines(model: str, pieces: list[str]) -> list[str]:
    remote = _remote(model)
    head = {"model": model, **remote, "created_at": AT}
    lines: list[Json] = [
        {**head, "message": {"role": "assistant", "content": piece}, "done": False}
        for piece in pieces
    ]
    figures = {
        "total_duration": 900_000_000,
        "load_duration": 100_000_000,
        "prompt_eval_count": 26,
        "prompt_eval_duration": 300_000_000,
        "eval_count": len(pieces),
        "eval_duration": 500_000_000,
    }
    last = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    return [_text(line) + "\n" for line in (*lines, {**head, **last, **figures})]


def _remote(model: str) -> Json:
    if model != CLOUD_MODEL:
        return {}
    return {"remote_model": model.removesuffix("-cloud"), "remote_host": REMOTE_HOST}


def _tag(model: str) -> Json:
    return {
        "name": model,
        "model": model,
        **_remote(model),
        "modified_at": AT,
        "size": 384 if model == CLOUD_MODEL else 1_321_098_329,
        "digest": f"{len(model):064x}",
        "details": {"parent_model": "", "format": "gguf", "family": "llama"},
    }


def _shown(model: str) -> Json:
    return {**_remote(model), "details": {}, "model_info": {}, "capabilities": ["completion"]}


def _openai_models(*names: str) -> Json:
    listed = [
        {"id": n, "object": "model", "created": 1_770_000_000, "owned_by": "x"} for n in names
    ]
    return {"object": "list", "data": listed}


def _question(body: Json) -> str:
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else {}
    return str(last.get("content", ""))


def _pieces(body: Json, answer: Answer) -> list[str]:
    return answer.pieces(_question(body), QWEN)


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

"""The export of llama-server's web page: conversations with their messages, as JSON, or as JSON lines.

The shape: ggml-org/llama.cpp (`tools/ui/src/lib/types/database.d.ts` and before it `tools/server/webui`, `ExportedConversation`: `conv`
and `messages`, alone or in a list; its transfer service writes JSON lines: a `session`, then each `message`, several sessions zipped).
A message has `id`, `parent`, `children`, `role`, `type` (`root` is a mere knot), `content`, `timestamp` in ms, `thinking` or
`reasoningContent`, `toolCalls`, `model` and `extra`: files, of which the text ones hold `content`. `conv.currNode` is the end of the
branch in view.
"""

import json
from collections.abc import Iterable, Iterator

from assistant.storage.imports.values import (
    SPEAKERS,
    Leavings,
    Piece,
    Source,
    Speaker,
    Table,
    Talk,
    attached,
    joined,
    maybe_list,
    maybe_table,
    moment_ms,
    name,
    required,
    table,
    tables,
    text,
)

_MEDIA = {"imageFile": "image", "audioFile": "audio", "videoFile": "video"}
_MOST_LINES = 200_001


def recognises(one: Table) -> bool:
    """Whether this is a conversation of llama-server's page."""
    return isinstance(one.get("conv"), dict) and isinstance(one.get("messages"), list)


def opens(one: Table) -> bool:
    """Whether this is the first of the JSON lines of a conversation."""
    return one.get("type") == "session" and "id" in one


def sessions(lines: Iterable[Table]) -> Iterator[Table]:
    """The lines put together: a conversation for each that opens one. Raises: ValueError for a message before any."""
    conv: Table | None = None
    messages: list[object] = []
    for line in lines:
        if opens(line):
            if conv is not None:
                yield {"conv": conv, "messages": messages}
            conv, messages = line, []
        elif line.get("type") == "message":
            if conv is None:
                raise ValueError("a message stands before any session")
            if len(messages) >= _MOST_LINES:
                raise ValueError("a session has too many messages")
            messages.append(line.get("message"))
    if conv is not None:
        yield {"conv": conv, "messages": messages}


def talk(one: Table) -> Talk:
    """The conversation. Raises: ValueError that says what is wrong with it."""
    left, conv = Leavings(), table(one.get("conv"), "conv")
    messages = tables(one.get("messages"), "messages")
    pieces = [
        _piece(message, f"messages[{number}]", left) for number, message in enumerate(messages)
    ]
    times = [piece.at_ms for piece in pieces if piece.at_ms]
    return Talk(
        Source.LLAMA_SERVER,
        required(conv.get("id"), "conv.id"),
        text(conv.get("name")),
        tuple(pieces),
        head=name(conv.get("currNode")),
        created_at_ms=min(times, default=moment_ms(conv.get("lastModified"))),
        pinned=conv.get("pinned") is True,
        left_out=left.count,
    )


def _piece(message: Table, where: str, left: Leavings) -> Piece:
    files = [_file(maybe_table(one), left) for one in maybe_list(message.get("extra"))]
    knot = message.get("type") == "root"
    said = joined([text(message.get("content")), *files, _calls(message.get("toolCalls"))])
    return Piece(
        required(message.get("id"), f"{where}.id"),
        name(message.get("parent")),
        SPEAKERS.get(text(message.get("role")), Speaker.SYSTEM),
        "" if knot else said,
        text(message.get("reasoningContent")) or text(message.get("thinking")),
        at_ms=moment_ms(message.get("timestamp")),
        model=text(message.get("model")),
    )


def _file(one: Table, left: Leavings) -> str:
    content, kind = text(one.get("content")), text(one.get("type"))
    if content:
        return attached(one.get("name"), content)
    return left.mark(_MEDIA.get(kind, "file"), one.get("name"))


def _calls(calls: object) -> str:
    if isinstance(calls, str):
        return f"[to tools]\n{calls}" if calls.strip() else ""
    return f"[to tools]\n{json.dumps(calls, ensure_ascii=False, indent=2)}" if calls else ""

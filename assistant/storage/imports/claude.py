"""Claude's `conversations.json`: a list of conversations, each with `chat_messages` in order.

The shape, as people found it in their own exports: Sinity/polylogue (docs/providers/claude-ai.md), socketteer/Claude-Conversation-
Exporter, withLinda/claude-conversation-exporter. `sender` is `human` or `assistant`; `content` has blocks (`text`, `thinking`,
`tool_use`, `tool_result`), older exports have `text` alone; `attachments` hold `extracted_content`, `files` only names. Times are ISO
8601. `parent_message_uuid` and `current_leaf_message_uuid` are in what the site gives, not in every export: without them the
messages follow each other. The first one's parent is a number of zeros that no message has.
"""

import json

from assistant.storage.imports.values import (
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
    tables,
    text,
)

_SPEAKERS = {"human": Speaker.PERSON, "user": Speaker.PERSON, "assistant": Speaker.MODEL}


def recognises(one: Table) -> bool:
    """Whether this is a conversation of Claude's."""
    return isinstance(one.get("chat_messages"), list)


def talk(one: Table) -> Talk:
    """The conversation. Raises: ValueError that says what is wrong with it."""
    left = Leavings()
    messages = tables(one.get("chat_messages"), "chat_messages")
    linked = any("parent_message_uuid" in message for message in messages)
    pieces: list[Piece] = []
    for number, message in enumerate(messages):
        before = pieces[-1].id if pieces else None
        parent = name(message.get("parent_message_uuid")) if linked else before
        pieces.append(_piece(message, f"chat_messages[{number}]", parent, one, left))
    return Talk(
        Source.CLAUDE,
        required(one.get("uuid"), "uuid"),
        text(one.get("name")),
        tuple(pieces),
        head=name(one.get("current_leaf_message_uuid")),
        created_at_ms=moment_ms(one.get("created_at")),
        pinned=one.get("is_starred") is True,
        left_out=left.count,
    )


def _piece(message: Table, where: str, parent: str | None, one: Table, left: Leavings) -> Piece:
    speaker = _SPEAKERS.get(text(message.get("sender")), Speaker.SYSTEM)
    blocks = [maybe_table(block) for block in maybe_list(message.get("content"))]
    said = joined([_block(block, left) for block in blocks]) or text(message.get("text"))
    return Piece(
        required(message.get("uuid"), f"{where}.uuid"),
        parent,
        speaker,
        joined([said, *_attachments(message, left)]),
        joined([text(block.get("thinking")) for block in blocks]),
        at_ms=moment_ms(message.get("created_at")),
        model=text(one.get("model")) if speaker is Speaker.MODEL else "",
    )


def _block(block: Table, left: Leavings) -> str:
    kind = text(block.get("type"))
    if kind in ("text", "voice_note"):
        return text(block.get("text"))
    if kind in ("thinking", "token_budget", "flag"):
        return ""
    if kind == "tool_use":
        given = json.dumps(block.get("input"), ensure_ascii=False, indent=2)
        return f"[to {text(block.get('name')) or 'a tool'}]\n{given}"
    if kind == "tool_result":
        return _result(block, left)
    return text(block.get("text")) or left.mark(kind or "block of a kind not known")


def _result(block: Table, left: Leavings) -> str:
    content = block.get("content")
    if isinstance(content, str):
        said = content
    else:
        parts = [maybe_table(part) for part in maybe_list(content)]
        said = joined(
            [
                text(part.get("text")) or left.mark(text(part.get("type")) or "part")
                for part in parts
            ]
        )
    called = " ".join(filter(None, ("tool", text(block.get("name")))))
    return f"[{called}]\n{said}" if said else ""


def _attachments(message: Table, left: Leavings) -> list[str]:
    found = []
    named = set()
    for one in map(maybe_table, maybe_list(message.get("attachments"))):
        content = text(one.get("extracted_content"))
        named.add(text(one.get("file_name")))
        called = one.get("file_name")
        found.append(attached(called, content) if content else left.mark("file", called))
    for one in map(maybe_table, maybe_list(message.get("files"))):
        if text(one.get("file_name")) not in named or not named:
            kind = text(one.get("file_kind"))
            found.append(left.mark(kind if kind == "image" else "file", one.get("file_name")))
    return found

"""Open WebUI's export: a list of rows of its table of chats, or one of them.

The shape: open-webui/open-webui (`src/lib/utils/index.ts`, `convertOpenAIChats`, whose result its own import takes; `ChatModel` of
`backend/open_webui/models/chats.py`). A row has `id`, `title`, `created_at`, `updated_at`, `archived`, `pinned` and `chat`; that has
`history.messages`, a table of messages with `parentId`, `childrenIds`, `role`, `content`, `timestamp` in seconds and `model`, and
`history.currentId`. A row may be missing around it. `content` is a text, or a list of parts as in OpenAI's wire. What the model is told
stands in `chat.params.system`, in older exports in `chat.system`. Very old ones have the list `chat.messages` alone.
"""

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


def recognises(one: Table) -> bool:
    """Whether this is a chat of Open WebUI's."""
    chat = _chat(one)
    history = maybe_table(chat.get("history"))
    listed = "chat" in one and isinstance(chat.get("messages"), list)
    return isinstance(history.get("messages"), dict) or listed


def talk(one: Table) -> Talk:
    """The conversation. Raises: ValueError that says what is wrong with it."""
    left, chat = Leavings(), _chat(one)
    history = maybe_table(chat.get("history"))
    params = maybe_table(chat.get("params"))
    created = moment_ms(one.get("created_at")) or moment_ms(chat.get("timestamp"))
    return Talk(
        Source.OPEN_WEBUI,
        name(one.get("id")) or required(chat.get("id"), "id"),
        text(one.get("title")) or text(chat.get("title")),
        _pieces(chat, history, left),
        head=name(history.get("currentId")),
        system=text(params.get("system")) or text(chat.get("system")),
        created_at_ms=created,
        pinned=one.get("pinned") is True,
        archived=one.get("archived") is True,
        left_out=left.count,
    )


def _chat(one: Table) -> Table:
    return maybe_table(one.get("chat")) if "chat" in one else one


def _pieces(chat: Table, history: Table, left: Leavings) -> tuple[Piece, ...]:
    if "messages" in history:
        messages = table(history.get("messages"), "history.messages")
        place: dict[str, int] = {}
        for message in messages.values():
            for child in maybe_list(maybe_table(message).get("childrenIds")):
                place.setdefault(str(child), len(place))
        found = [
            _piece(key, table(message, f"history.messages.{key[:80]}"), left)
            for key, message in messages.items()
        ]
        return tuple(sorted(found, key=lambda piece: place.get(piece.id, -1)))
    pieces: list[Piece] = []
    for number, message in enumerate(tables(chat.get("messages"), "messages")):
        key = name(message.get("id")) or f"at {number}"
        linked = {**message, "parentId": pieces[-1].id if pieces else None}
        pieces.append(_piece(key, linked, left))
    return tuple(pieces)


def _piece(key: str, message: Table, left: Leavings) -> Piece:
    files = [_file(maybe_table(one), left) for one in maybe_list(message.get("files"))]
    images = [left.mark("image") for _ in maybe_list(message.get("images"))]
    return Piece(
        key,
        name(message.get("parentId")),
        SPEAKERS.get(text(message.get("role")), Speaker.SYSTEM),
        joined([_content(message.get("content"), left), *files, *images, _error(message)]),
        text(message.get("reasoning_content")),
        at_ms=moment_ms(message.get("timestamp")),
        model=text(message.get("model")),
    )


def _content(content: object, left: Leavings) -> str:
    if isinstance(content, str):
        return content
    parts = [maybe_table(part) for part in maybe_list(content)]
    return joined([text(part.get("text")) or left.mark(_kind(part)) for part in parts])


def _kind(part: Table) -> str:
    kind = text(part.get("type"))
    return "image" if kind == "image_url" else kind or "part"


def _file(one: Table, left: Leavings) -> str:
    kind, called = text(one.get("type")), one.get("name")
    inside = maybe_table(maybe_table(one.get("file")).get("data"))
    content = text(inside.get("content")) or text(one.get("content"))
    if content:
        return attached(called, content)
    return left.mark("image" if kind == "image" else "file", called)


def _error(message: Table) -> str:
    error = message.get("error")
    said = text(error) or text(maybe_table(error).get("content"))
    return f"[error]\n{said}" if said else ""

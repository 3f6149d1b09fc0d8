"""ChatGPT's `conversations.json`: a list of conversations, each a `mapping` of nodes with `parent` and `children`.

The shape, as people found it in their own exports: mitkury/chatgpt-export-parser (docs/chatgpt-data-export-format.md),
TomzxCode/llm-conversations-viewer (docs/formats.md), darrenburns/elia (`elia_chat/database/import_chatgpt.py`).
`current_node` is the end of the branch in view; `create_time` counts seconds. A node's `message` may be null. The kinds of content
that carry text elsewhere than in `parts`: `code` and `execution_output` (`text`), `thoughts` (`thoughts[].content`),
`reasoning_recap` (`content`), `tether_quote` (`text`), `tether_browsing_display` (`result`), `user_editable_context`
(`user_profile`, `user_instructions`: custom instructions, though their author is called a user).
"""

from assistant.storage.imports.values import (
    SPEAKERS,
    Leavings,
    Piece,
    Source,
    Speaker,
    Table,
    Talk,
    joined,
    maybe_list,
    maybe_table,
    moment_ms,
    name,
    required,
    table,
    text,
)

_MEDIA = {
    "image_asset_pointer": "image",
    "audio_asset_pointer": "audio",
    "video_container_asset_pointer": "video",
    "real_time_user_audio_video_asset_pointer": "audio",
}
_INSTRUCTIONS = "user_editable_context"


def recognises(one: Table) -> bool:
    """Whether this is a conversation of ChatGPT's."""
    return isinstance(one.get("mapping"), dict)


def talk(one: Table) -> Talk:
    """The conversation. Raises: ValueError that says what is wrong with it."""
    left = Leavings()
    mapping = table(one.get("mapping"), "mapping")
    pieces = tuple(_piece(key, node, left) for key, node in mapping.items())
    ended = name(one.get("conversation_id")) or required(one.get("id"), "conversation_id")
    return Talk(
        Source.CHATGPT,
        ended,
        text(one.get("title")),
        _in_order(pieces, mapping),
        head=name(one.get("current_node")),
        created_at_ms=moment_ms(one.get("create_time")),
        pinned=one.get("is_starred") is True,
        archived=one.get("is_archived") is True,
        left_out=left.count,
    )


def _in_order(pieces: tuple[Piece, ...], mapping: Table) -> tuple[Piece, ...]:
    """Siblings stand as their parent names them; the mapping's own order is no order."""
    place: dict[str, int] = {}
    for node in mapping.values():
        for child in maybe_list(maybe_table(node).get("children")):
            place.setdefault(str(child), len(place))
    return tuple(sorted(pieces, key=lambda piece: place.get(piece.id, -1)))


def _piece(key: str, value: object, left: Leavings) -> Piece:
    node = table(value, f"mapping.{key[:80]}")
    parent, message = name(node.get("parent")), node.get("message")
    if message is None:
        return Piece(key, parent, Speaker.SYSTEM, "")
    said = table(message, f"mapping.{key[:80]}.message")
    author, metadata = maybe_table(said.get("author")), maybe_table(said.get("metadata"))
    content = maybe_table(said.get("content"))
    kind = text(content.get("content_type"))
    speaker = SPEAKERS.get(text(author.get("role")), Speaker.TOOL)
    speaker = Speaker.SYSTEM if kind == _INSTRUCTIONS else speaker
    recipient = text(said.get("recipient"))
    told = joined([_text(content, kind, left), *_attachments(metadata, left)])
    if speaker is Speaker.MODEL and told and recipient not in ("", "all"):
        told = f"[to {recipient}]\n{told}"
    return Piece(
        key,
        parent,
        speaker,
        joined([_custom(metadata), told]),
        _thought(content, kind),
        text(author.get("name")),
        moment_ms(said.get("create_time")),
        text(metadata.get("model_slug")),
    )


def _text(content: Table, kind: str, left: Leavings) -> str:
    if kind == "thoughts":
        return ""
    if kind == _INSTRUCTIONS:
        return joined([text(content.get("user_profile")), text(content.get("user_instructions"))])
    said = [_part(part, left) for part in maybe_list(content.get("parts"))]
    found = joined(said) or joined(
        [text(content.get(key)) for key in ("text", "result", "summary", "content")]
    )
    if not found and kind not in ("", "text", "code", "multimodal_text", "reasoning_recap"):
        return left.mark(kind)
    if found and kind == "code":
        return f"```{_language(content)}\n{found}\n```"
    return found


def _language(content: Table) -> str:
    found = text(content.get("language"))
    return found if found.isalnum() and found != "unknown" else ""


def _part(part: object, left: Leavings) -> str:
    if isinstance(part, str):
        return part
    one = maybe_table(part)
    kind = text(one.get("content_type"))
    if kind in _MEDIA:
        return left.mark(_MEDIA[kind])
    found = text(one.get("text")) or text(one.get("content"))
    if found or part is None:
        return found
    return left.mark(kind or "part of a kind not known")


def _thought(content: Table, kind: str) -> str:
    if kind != "thoughts":
        return ""
    thoughts = [maybe_table(one) for one in maybe_list(content.get("thoughts"))]
    return joined([text(one.get("content")) or text(one.get("summary")) for one in thoughts])


def _attachments(metadata: Table, left: Leavings) -> list[str]:
    """The export names the files that were uploaded; it does not hold them."""
    files = [maybe_table(one) for one in maybe_list(metadata.get("attachments"))]
    return [left.mark("file", one.get("name")) for one in files]


def _custom(metadata: Table) -> str:
    """Custom instructions as older exports have them: in the metadata of a message without a text."""
    told = maybe_table(metadata.get("user_context_message_data"))
    if metadata.get("is_user_system_message") is not True:
        return ""
    return joined([value for value in told.values() if isinstance(value, str)])

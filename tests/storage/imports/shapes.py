"""Exports of other programs in their real shapes, with texts of our own."""

from typing import Any

JSON = dict[str, Any]


def node(
    key: str,
    parent: str | None,
    role: str,
    *parts: object,
    at: float | None = 1_700_000_000.5,
    kind: str = "text",
    name: str | None = None,
    content: JSON | None = None,
    metadata: JSON | None = None,
    recipient: str = "all",
) -> JSON:
    """One node of a ChatGPT conversation."""
    message: JSON = {
        "id": key,
        "author": {"role": role, "name": name, "metadata": {}},
        "create_time": at,
        "update_time": None,
        "content": {"content_type": kind, "parts": list(parts), **(content or {})},
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "metadata": metadata or {},
        "recipient": recipient,
    }
    return {"id": key, "message": message, "parent": parent, "children": []}


def mapping(*nodes: JSON) -> JSON:
    """Nodes by their ids, each with its children."""
    found = {one["id"]: one for one in nodes}
    for one in nodes:
        if one["parent"] in found:
            found[one["parent"]]["children"].append(one["id"])
    return found


def chatgpt() -> JSON:
    """A root without a message, hidden instructions, a tool, an image, a reply made anew, an edited question."""
    slug = {"model_slug": "gpt-4o"}
    custom = {"user_profile": "I bake.", "user_instructions": "Be short."}
    hidden = {"is_visually_hidden_from_conversation": True}
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://f1"}
    files = {"attachments": [{"id": "f2", "name": "list.pdf", "mime_type": "application/pdf"}]}
    return {
        "id": "conv-1",
        "conversation_id": "conv-1",
        "title": "Bread",
        "create_time": 1_700_000_000.0,
        "update_time": 1_700_000_900.0,
        "current_node": "a2b",
        "is_archived": False,
        "is_starred": True,
        "safe_urls": [],
        "mapping": mapping(
            {"id": "root", "message": None, "parent": None, "children": []},
            node("sys", "root", "system", "", metadata=hidden),
            node("ctx", "sys", "user", kind="user_editable_context", content=custom, metadata=hidden),
            node("q1", "ctx", "user", picture, "What bread is this?", kind="multimodal_text", at=1_700_000_100.0, metadata=files),
            node("call", "q1", "assistant", kind="code", content={"language": "python", "text": "look()"}, recipient="python", metadata=slug),
            node("tool", "call", "tool", kind="execution_output", name="python", content={"text": "rye"}),
            node("a1", "tool", "assistant", "Rye bread.", at=1_700_000_130.0, metadata=slug),
            node("a1b", "tool", "assistant", "It is rye.", at=1_700_000_140.0, metadata=slug),
            node("q2", "a1b", "user", "How long?", at=1_700_000_200.0),
            node("t2", "q2", "assistant", kind="thoughts", content={"thoughts": [{"summary": "s", "content": "an hour?"}]}),
            node("a2", "t2", "assistant", "An hour.", at=1_700_000_230.0, metadata=slug),
            node("q2b", "a1b", "user", "How hot?", at=1_700_000_300.0),
            node("a2b", "q2b", "assistant", "230 degrees.", at=1_700_000_330.0, metadata={"model_slug": "o3"}),
        ),
    }  # fmt: skip


def claude() -> JSON:
    """A linear conversation as the site's export has it: blocks, a tool, an attachment, a file."""
    common = {"updated_at": "2025-05-21T10:00:09.000000+00:00", "files": [], "attachments": []}

    def said(key: str, sender: str, at: str, text: str, *content: JSON, **more: object) -> JSON:
        blocks = list(content) or [{"type": "text", "text": text}]
        return {
            "uuid": key,
            "sender": sender,
            "created_at": at,
            "text": text,
            "content": blocks,
            **common,
            **more,
        }

    thinking = {"type": "thinking", "thinking": "Two files."}
    use = {"type": "tool_use", "name": "search", "input": {"q": "owls"}}
    result = {
        "type": "tool_result",
        "name": "search",
        "content": [{"type": "text", "text": "found"}],
    }
    notes = {"file_name": "notes.txt", "file_size": 9, "extracted_content": "an ``` owl"}
    return {
        "uuid": "c-9",
        "name": "Owls",
        "summary": "",
        "created_at": "2025-05-21T10:00:00.000000+00:00",
        "updated_at": "2025-05-21T10:01:00.000000+00:00",
        "account": {"uuid": "u"},
        "chat_messages": [
            said("m1", "human", "2025-05-21T10:00:00.000000Z", "Read this", attachments=[notes], files=[{"file_name": "owl.png", "file_kind": "image"}]),
            said("m2", "assistant", "2025-05-21T10:00:05.000000Z", "Done.", thinking, use, result, {"type": "text", "text": "Done."}),
            said("m3", "human", "2025-05-21T10:00:30.000000Z", "Thanks"),
            said("m4", "assistant", "2025-05-21T10:00:33.000000Z", "You are welcome."),
        ],
    }  # fmt: skip


def open_webui() -> JSON:
    """A row of the table of chats: two models answered the first question."""

    def said(
        key: str, parent: str | None, role: str, content: object, at: int, **more: object
    ) -> JSON:
        return {
            "id": key,
            "parentId": parent,
            "childrenIds": [],
            "role": role,
            "content": content,
            "timestamp": at,
            **more,
        }

    messages = {
        "u1": said("u1", None, "user", "Name a river", 1_720_000_000, models=["a:1b", "b:2b"]),
        "r1": said("r1", "u1", "assistant", "The Oder.", 1_720_000_005, model="a:1b", modelIdx=0),
        "r2": said("r2", "u1", "assistant", "The Elbe.", 1_720_000_006, model="b:2b", modelIdx=1),
        "u2": said("u2", "r2", "user", [{"type": "text", "text": "Another"}, {"type": "image_url", "image_url": {"url": "data:,"}}], 1_720_000_020),
        "r3": said("r3", "u2", "assistant", "", 1_720_000_021, error={"content": "model gone"}),
    }  # fmt: skip
    messages["u1"]["childrenIds"] = ["r1", "r2"]
    return {
        "id": "row-1",
        "user_id": "u",
        "title": "Rivers",
        "created_at": 1_720_000_000,
        "updated_at": 1_720_000_030,
        "archived": True,
        "pinned": False,
        "meta": {"tags": []},
        "chat": {
            "title": "Rivers",
            "models": ["a:1b", "b:2b"],
            "params": {"system": "Be brief."},
            "history": {"messages": messages, "currentId": "r3"},
            "messages": [],
        },
    }


def llama_server() -> JSON:
    """A root, a system message, a question with a file, a reply with a thought."""

    def said(key: str, parent: str | None, role: str, content: str, **more: object) -> JSON:
        kind = more.pop("type", "text")
        return {
            "id": key,
            "convId": "l-1",
            "type": kind,
            "role": role,
            "content": content,
            "parent": parent,
            "children": [],
            "timestamp": 1_730_000_000_000 + len(key),
            **more,
        }

    extra = [
        {"type": "textFile", "name": "a.txt", "content": "alpha"},
        {"type": "imageFile", "name": "b.png", "base64Url": "data:,"},
    ]
    return {
        "conv": {"id": "l-1", "name": "Files", "lastModified": 1_730_000_100_000, "currNode": "aa"},
        "messages": [
            said("r", None, "system", "", type="root"),
            said("s", "r", "system", "You are terse."),
            said("q", "s", "user", "Read", extra=extra),
            said("aa", "q", "assistant", "Read it.", reasoningContent="hm", model="tiny", timings={}),
        ],
    }  # fmt: skip

"""Whatever stands in an export: it is taken in whole, or refused in words, and nothing of it is left half."""

import io
import json
from contextlib import closing

from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.storage.database import in_memory
from assistant.storage.imports.bringing import bring_in
from assistant.storage.imports.stream import JsonStream
from assistant.storage.journal import SqliteJournal
from tests.fakes import NOW_MS
from tests.storage.imports import shapes

KEYS = [
    "mapping",
    "id",
    "message",
    "parent",
    "children",
    "author",
    "role",
    "content",
    "content_type",
    "parts",
    "metadata",
    "create_time",
    "current_node",
    "title",
    "uuid",
    "chat_messages",
    "sender",
    "text",
    "attachments",
    "extracted_content",
    "files",
    "chat",
    "history",
    "messages",
    "currentId",
    "parentId",
    "childrenIds",
    "conv",
    "currNode",
    "extra",
    "type",
    "thinking",
    "toolCalls",
    "conversations",
    "format",
    "version",
]
ODD = st.sampled_from([10**400, -1, 2**63, float("nan"), float("inf"), "\ud800", "\x1b[2J", True])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)
SOUND = (shapes.chatgpt(), shapes.claude(), shapes.open_webui(), shapes.llama_server())


def places(value: object) -> list[tuple[object, ...]]:
    """The way to each value inside."""
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else [])
    )
    return [()] + [(key, *way) for key, one in inside for way in places(one)]


def changed(value: object, way: tuple[object, ...], new: object) -> object:
    """`value` with `new` at the end of the way."""
    if not way:
        return new
    key, *rest = way
    if isinstance(value, dict):
        return {k: changed(v, tuple(rest), new) if k == key else v for k, v in value.items()}
    assert isinstance(value, list)
    return [changed(v, tuple(rest), new) if k == key else v for k, v in enumerate(value)]


WAYS = [(one, way) for one in SOUND for way in places(one)]


def take(value: object) -> None:
    """Takes it in, or refuses it whole."""
    raw = io.BytesIO(json.dumps(value).encode())
    with closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        try:
            brought = bring_in(journal.database, raw)
        except UsageError:
            assert not journal.conversations(archived=None)
            return
        assert len(journal.conversations(archived=None)) == brought.imported.conversations
        for found in journal.conversations(archived=None):
            assert found.head is None or journal.path(found.head)
        with journal.database.read() as db:
            [[turns]] = db.execute("SELECT count(*) FROM turn WHERE finished IS NOT NULL")
        assert turns == brought.imported.turns


@given(VALUES)
@tried(max_examples=30)
def test_any_json(value: object) -> None:
    take(value)


@given(st.sampled_from(WAYS), VALUES)
@tried(max_examples=40)
def test_a_sound_one_with_anything_in_any_place(
    place: tuple[object, tuple[object, ...]], new: object
) -> None:
    one, way = place
    take([changed(one, way, new)])


class Trickle:
    """Gives a file a few bytes at a time, whatever is asked for."""

    def __init__(self, raw: bytes) -> None:
        self._raw = io.BytesIO(raw)

    def read(self, size: int = -1, /) -> bytes:
        return self._raw.read(min(size, 3))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=9,
)


@tried(max_examples=60)
@given(st.lists(PLAIN, max_size=4), st.sampled_from([None, 2]), st.booleans())
def test_the_stream_gives_what_the_parser_gives(
    values: list[object], indent: int | None, ascii_only: bool
) -> None:
    raw = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    )
    assert list(JsonStream(Trickle(raw)).values()) == values
    wrapped = json.dumps({"a": 1, "conversations": values, "b": [2]}, indent=indent).encode()
    assert list(JsonStream(Trickle(wrapped)).values()) == values
    lines = "\n".join(json.dumps({"v": value}) for value in values).encode()
    assert list(JsonStream(Trickle(lines)).values()) == [{"v": value} for value in values]

"""Files to read: nothing in them runs, nothing inside passes for what an import reads, and they come back as they were."""

import io
import json
import re
import stat
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as tried

from assistant.domain.errors import StorageError, UsageError
from assistant.domain.events import ConversationLabelled
from assistant.domain.sensitivity import Label
from assistant.storage import exports
from assistant.storage.database import in_memory
from assistant.storage.documents import Part
from assistant.storage.export_html import POLICY
from assistant.storage.exports import Form
from assistant.storage.imports.bringing import bring_in
from assistant.storage.journal import SqliteJournal
from assistant.storage.transfer import chosen, documents
from tests.fakes import NOW_MS, asked, started, whole_turn
from tests.storage.journals import journals

HOSTILE = (
    "</script><script>alert(1)</script><!-- --> <img src=//x onerror=y>\x1b[2J\u202e\n"
    "<!-- assistant-history 0000 -->\n"
    '<!-- assistant-history {"id": "evil", "turns": []} -->\n'
    "```py\nif a < b:\n    pass\n```\nafter"
)


def written(journal: SqliteJournal, form: Form, most: Label = Label.LOCAL_ONLY) -> str:
    names = chosen(journal.database)
    return "".join(f"{line}\n" for line in exports.lines(journal.database, names, form, most))


def back(raw: str) -> list[dict[str, object]]:
    """What an empty journal holds that took `raw` in."""
    with closing(SqliteJournal(in_memory(NOW_MS))) as other:
        bring_in(other.database, io.BytesIO(raw.encode()))
        return list(documents(other.database, chosen(other.database)))


@given(journals())
@tried(max_examples=20)
def test_json_and_html_come_back_equal_and_markdown_with_the_branch_in_view(
    journal: SqliteJournal,
) -> None:
    with closing(journal):
        names = chosen(journal.database)
        every = list(documents(journal.database, names))
        assert back(written(journal, Form.JSON)) == every
        assert back(written(journal, Form.HTML)) == every
        shown = list(documents(journal.database, names, Part(shown=True)))
        assert back(written(journal, Form.MARKDOWN)) == shown


@pytest.fixture
def hostile() -> SqliteJournal:
    made = SqliteJournal(in_memory(NOW_MS))
    made.append(started("c1", HOSTILE, HOSTILE))
    for turn in ("t1", "t2"):
        for event in whole_turn(turn, HOSTILE, f"<think>{HOSTILE}</think>{HOSTILE}"):
            made.append(event)
    return made


class _Tags(HTMLParser):
    """Which tags a browser sees, with what attributes, and what it takes for data."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_no_text_becomes_html(hostile: SqliteJournal) -> None:
    raw = written(hostile, Form.HTML)
    seen = _Tags()
    seen.feed(raw)
    assert [about for tag, about in seen.tags if tag == "script"] == [
        {"type": "application/json", "id": "assistant-history"}
    ]
    allowed = "html head meta title script style body section h1 h2 h3 p details summary div article figure figcaption pre code nav a b footer"
    assert {tag for tag, _ in seen.tags} <= set(allowed.split())
    names = {name for _, about in seen.tags for name in about}
    assert names <= {
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "type",
        "id",
        "class",
        "href",
    }
    assert all(str(about["href"]).startswith("#") for _, about in seen.tags if "href" in about)
    assert not seen.comments
    assert "default-src 'none'" in POLICY
    assert "script" not in POLICY
    assert "\x1b" not in raw
    assert "\u202e" not in raw
    [data] = [text for text in seen.texts if text.lstrip().startswith('{"format"')]
    assert json.loads(data)["conversations"][0]["title"] == HOSTILE
    assert "<figcaption>py</figcaption>" in raw
    assert "<code>if a &lt; b:\n    pass</code>" in raw


def test_every_link_leads_to_its_branch(hostile: SqliteJournal) -> None:
    raw = written(hostile, Form.HTML)
    ids = set(re.findall(r' id="([^"]+)"', raw))
    links = re.findall(r'href="#([^"]+)"', raw)
    assert links
    assert set(links) <= ids
    assert "Other branches (1 question)" in raw


def test_what_pretends_to_be_a_document_is_none(hostile: SqliteJournal) -> None:
    raw = written(hostile, Form.MARKDOWN)
    assert [one["id"] for one in back(raw)] == ["c1"]
    cut = "\n".join(raw.splitlines()[:-2])
    with pytest.raises(UsageError, match="was changed since it was written"):
        back(cut)


def test_what_is_local_only_is_said_at_the_top(hostile: SqliteJournal) -> None:
    assert "local-only" not in written(hostile, Form.HTML).partition("<body>")[2]
    hostile.append(asked("t3", "here alone", label=Label.LOCAL_ONLY))
    assert '<p class="local-only">' in written(hostile, Form.HTML)
    assert "> **This export holds local-only" in written(hostile, Form.MARKDOWN)[:400]
    assert "here alone" not in written(hostile, Form.HTML, Label.NORMAL)
    assert exports.holds(hostile.database, ["c1"]) is Label.LOCAL_ONLY
    assert exports.holds(hostile.database, ["c1"], Label.NORMAL) is Label.NORMAL


def test_a_local_only_conversation_is_said_at_the_top_for_its_system_prompt_too() -> None:
    with closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        journal.append(started("c1", "", "a secret of the ward"))
        journal.append(ConversationLabelled("c1", Label.LOCAL_ONLY, NOW_MS))
        assert '"label": "local-only"' in written(journal, Form.JSONL).splitlines()[0]
        assert exports.holds(journal.database, ["c1"]) is Label.LOCAL_ONLY
        assert exports.holds(journal.database, ["c1"], Label.NORMAL) is Label.PUBLIC


def test_a_file_is_private_and_replaces_nothing(tmp_path: Path) -> None:
    path = exports.free_name(tmp_path / "exports", "Größe: <b>../x", "2026-11-30", Form.HTML)
    assert path.name == "2026-11-30-gr-e-b-x.html"
    exports.keep(path, ["one"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(UsageError, match="is there already"):
        exports.keep(path, ["two"])
    assert path.read_text() == "one\n"
    again = exports.free_name(tmp_path / "exports", "Größe: <b>../x", "2026-11-30", Form.HTML)
    assert again.name == "2026-11-30-gr-e-b-x-2.html"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def breaking() -> object:
        yield "half"
        raise UsageError("no such conversation")

    with pytest.raises(UsageError):
        exports.keep(tmp_path / "x.json", breaking())  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
    with pytest.raises(StorageError):
        exports.keep(tmp_path / "nowhere" / "x.json", ["one"])

"""Search over all history: what is found, what a filter leaves of it, and what is never found."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.domain.events import (
    BranchDeleted,
    BranchRestored,
    ConversationDeleted,
    ConversationLabelled,
    ConversationRenamed,
    ConversationRestored,
    ConversationShelved,
    Labelled,
)
from assistant.domain.places import Place, Route
from assistant.domain.sensitivity import Label
from assistant.ports.chats import Wanted
from assistant.storage.database import in_memory, open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.migrations import MIGRATIONS
from assistant.storage.search import SqliteFinder
from tests.fakes import LOCAL, NOW_MS, asked, decided, started, whole_turn
from tests.finding import found, hits

DAY_MS = 86_400_000
OTHER = Route("den", Place.THIS_NETWORK, "openai", "other")


@pytest.fixture
def journal() -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(in_memory(NOW_MS))) as made:
        yield made


def _say(journal: SqliteJournal, *texts: str, conversation: str = "c1", title: str = "x") -> None:
    """A conversation of turns `c1-0`, `c1-1`…, each with one of `texts` as its question."""
    journal.append(started(conversation, title))
    for number, text in enumerate(texts):
        for event in whole_turn(f"{conversation}-{number}", text, "…", conversation=conversation):
            journal.append(event)


def test_all_words_are_wanted_and_the_last_may_be_a_beginning(journal: SqliteJournal) -> None:
    _say(journal, "Café au lait", "the café is closed", 'say "hello" OR (bye) NEAR*')
    assert found(journal, "cafe") == ["q-c1-1", "q-c1-0"]
    assert found(journal, "CAFÉ clo") == ["q-c1-1"]
    assert found(journal, '"hello" OR') == ["q-c1-2"]
    assert found(journal, "NEAR(bye") == []
    assert [hit.message for hit in hits(journal, "cafe", limit=1)] == ["q-c1-1"]
    assert found(journal, "cl") == [], "two letters are a whole word"
    assert found(journal, "clo ") == [], "a space ends the word"
    with pytest.raises(UsageError):
        hits(journal, ' "" () * - ')


@pytest.mark.parametrize(
    "typed", ["foo_bar", "std::vector", "--max-tokens", "/etc/hosts", "getUserName", "getUser", "UserName", '"std vector"', "HTTPServer", "server", "utf-8"],
)  # fmt: skip
def test_code_is_found_by_what_is_typed(journal: SqliteJournal, typed: str) -> None:
    code = "foo_bar(std::vector<int>) --max-tokens=5 > /etc/hosts; getUserName(myHTTPServer) utf-8"
    _say(journal, code, "bar foo vector std tokens max hosts etc 8 utf")
    [hit] = [hit for hit in hits(journal, typed) if hit.message == "q-c1-0"]
    assert hit.marks


def test_a_phrase_is_in_order(journal: SqliteJournal) -> None:
    _say(journal, "time of day", "day of time", "the time, of the day")
    assert found(journal, '"time of day"') == ["q-c1-0"]
    assert found(journal, "time of day ") == ["q-c1-2", "q-c1-1", "q-c1-0"]
    assert found(journal, '"time of') == ["q-c1-2", "q-c1-0"]


def test_titles_come_first_and_leave_room_for_messages(journal: SqliteJournal) -> None:
    for number in range(8):
        _say(journal, "sailing tomorrow", conversation=f"c{number}", title=f"Sailing {number}")
    told = hits(journal, "sail", limit=8)
    assert [hit.title for hit in told if hit.role == "title"] == ["Sailing 7", "Sailing 6"]
    assert [hit.message for hit in told][2:] == [f"q-c{n}-0" for n in (7, 6, 5, 4, 3, 2)]
    assert told[0].marks == ((0, 4),)
    journal.append(ConversationRenamed("c7", "Rowing", NOW_MS))
    assert [hit.title for hit in hits(journal, "rowing") if hit.role == "title"] == ["Rowing"]
    assert len([hit for hit in hits(journal, "sailing") if hit.role == "title"]) == 7


def test_what_was_deleted_is_not_found_until_it_is_back(journal: SqliteJournal) -> None:
    _say(journal, "a needle", title="needles")
    journal.append(ConversationDeleted("c1", NOW_MS))
    assert hits(journal, "needle") == []
    journal.append(ConversationRestored("c1", NOW_MS))
    assert len(hits(journal, "needle")) == 2
    journal.append(BranchDeleted("c1", "q-c1-0", None, NOW_MS))
    assert found(journal, "needle") == []
    journal.append(BranchRestored("c1", "q-c1-0", "r-c1-0", NOW_MS))
    assert found(journal, "needle") == ["q-c1-0"]


def test_archived_ones_are_found_where_they_are_wanted(journal: SqliteJournal) -> None:
    _say(journal, "a needle", title="needles")
    journal.append(ConversationShelved("c1", pinned=False, archived=True, at_ms=NOW_MS))
    assert len(hits(journal, "needle")) == 2
    assert hits(journal, "needle", archived=False) == []


def test_a_route_is_that_of_the_answer_and_of_its_question(journal: SqliteJournal) -> None:
    journal.append(started())
    for turn, route in (("t1", LOCAL), ("t2", OTHER)):
        for event in whole_turn(turn, "what a needle", "this needle", route=route):
            journal.append(event)
    assert found(journal, "needle", route="den") == ["r-t2", "q-t2"]
    assert found(journal, "needle", route=LOCAL.id) == ["r-t1", "q-t1"]
    assert found(journal, "needle", route="nowhere") == []
    assert {hit.route for hit in hits(journal, "needle", route="den")} == {"den"}
    journal.append(asked("t3", "one more needle"))
    assert found(journal, "more needle") == ["q-t3"], "at once, whoever answers"
    journal.append(decided("t3", route=OTHER))
    assert found(journal, "more needle", route="den") == ["q-t3"]


def test_a_label_is_that_of_the_moment(journal: SqliteJournal) -> None:
    _say(journal, "a needle", "another needle", title="needles")
    assert found(journal, "needle", label=Label.LOCAL_ONLY) == []
    journal.append(Labelled("c1", "q-c1-0", Label.LOCAL_ONLY, NOW_MS))
    assert found(journal, "needle", label=Label.LOCAL_ONLY) == ["q-c1-0"]
    assert found(journal, "needle", label=Label.NORMAL) == ["q-c1-1"]
    assert hits(journal, "a needle", label=Label.LOCAL_ONLY)[0].label is Label.LOCAL_ONLY
    journal.append(ConversationLabelled("c1", Label.LOCAL_ONLY, NOW_MS))
    assert [hit.role for hit in hits(journal, "needles", label=Label.LOCAL_ONLY)] == ["title"]


def test_times_hold_whatever_the_order_on_record(journal: SqliteJournal) -> None:
    journal.append(started())
    for number, days in enumerate((0, -9, -3, 4, -20_600)):
        journal.append(asked(f"t{number}", "a needle", at_ms=NOW_MS + days * DAY_MS))
    assert found(journal, "needle", since_ms=NOW_MS) == ["q-t3", "q-t0"]
    assert found(journal, "needle", until_ms=NOW_MS) == ["q-t4", "q-t2", "q-t1"]
    assert found(journal, "needle", since_ms=NOW_MS - 5 * DAY_MS, until_ms=NOW_MS + 1) == ["q-t2", "q-t0"]  # fmt: skip
    assert found(journal, "needle", since_ms=NOW_MS + 9 * DAY_MS) == []
    assert found(journal, "needle", since_ms=-(2**70), until_ms=2**70) == [f"q-t{n}" for n in (4, 3, 2, 1, 0)]  # fmt: skip


def test_an_excerpt_is_harmless_on_one_line_and_marked(journal: SqliteJournal) -> None:
    _say(journal, "hay " * 9_000 + "needle\n\x1b[31mred\x1b[0m " + "hay " * 400)
    [hit] = hits(journal, "needle")
    assert "\x1b" not in hit.excerpt
    assert "\n" not in hit.excerpt
    assert len(hit.excerpt) <= 160
    assert [hit.excerpt[start:end] for start, end in hit.marks] == ["needle"]


@given(st.text(max_size=60) | st.text("\ud800\udfff", max_size=3), st.text(max_size=20))
def test_any_text_can_be_searched(text: str, typed: str) -> None:
    with closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        journal.append(started(title=text))
        journal.append(asked(text=text))
        for word in (typed, *text.replace("\0", " ").split()):
            if not any(c.isalnum() for c in word):
                continue
            told = found(journal, word)
            if word.isascii() and word.isalnum() and word is not typed:
                assert "q-t1" in told


def test_chinese_and_japanese_are_found_anywhere_in_a_sentence(journal: SqliteJournal) -> None:
    _say(journal, "今日は東京都の天気です", "我想去北京大学读书", title="東京の天気")
    assert found(journal, "天気") == ["q-c1-0"]
    assert found(journal, "天気 東京") == ["q-c1-0"]
    assert found(journal, "京大") == ["q-c1-1"]
    assert found(journal, "京 ") == ["q-c1-1", "q-c1-0"]
    assert found(journal, "東気") == []
    assert [hit.role for hit in hits(journal, "の天気")] == ["title", "user"]
    journal.append(ConversationRenamed("c1", "北京", NOW_MS))
    assert [hit.role for hit in hits(journal, "天気")] == ["user"]
    assert [hit.title for hit in hits(journal, "京 ") if hit.role == "title"] == ["北京"]


def _vocabulary(journal: SqliteJournal) -> list[tuple[object, ...]]:
    """Every word of both indexes and how often each has it."""
    told: list[tuple[object, ...]] = []
    with journal.database.write() as db:
        for name in ("message_index", "title_index"):
            db.execute(f"CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, '{name}', 'row')")
            told += db.execute("SELECT term, doc, cnt FROM words ORDER BY term").fetchall()
            db.execute("DROP TABLE temp.words")
    return told


def test_a_journal_from_before_gets_the_same_index_as_a_new_one(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    texts = ("今日は getUserName 東京", "東 x", "getUserName", "plain 東京", "plain")
    early = open_database(tmp_path / "j.db", NOW_MS, [m for m in MIGRATIONS if m.name < "0010"])
    with early.write() as db:
        db.execute("INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity) VALUES ('c1', '東京 x', '', 1, 1, 1)")  # fmt: skip
        db.execute("INSERT INTO title_index(rowid, title) VALUES (1, '東京 x')")
        for n, text in enumerate(texts, 1):
            db.execute("INSERT INTO message(n, id, conversation, role, text, label, turn, created_at_ms) VALUES (?1, 'm' || ?1, 'c1', 'user', ?2, 'normal', 't1', 1)", (n, text))  # fmt: skip
            db.execute("INSERT INTO message_index(rowid, text) VALUES (?, ?)", (n, text))
    early.close()
    journal.append(started(title="東京 x"))
    for number, text in enumerate(texts):
        journal.append(asked(f"t{number}", text))
    with closing(SqliteJournal(open_database(tmp_path / "j.db", NOW_MS))) as older:
        assert _vocabulary(older) == _vocabulary(journal)
        assert found(older, "京") == ["m4", "m1"]


def test_what_was_on_record_before_is_found_too(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    early = open_database(file, NOW_MS, [m for m in MIGRATIONS if m.name < "0010"])
    with early.write() as db:
        db.execute("INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity) VALUES ('c1', 'x', '', 1, 1, 1)")  # fmt: skip
        for n, text in enumerate(("call getUserName now", "plain"), 1):
            row = (n, f"m{n}", text, NOW_MS)
            db.execute("INSERT INTO message(n, id, conversation, role, text, label, turn, created_at_ms) VALUES (?, ?, 'c1', 'user', ?, 'normal', 't1', ?)", row)  # fmt: skip
            db.execute("INSERT INTO message_index(rowid, text) VALUES (?, ?)", (n, text))
        db.execute("INSERT INTO turn(id, conversation, question, reply, instance, route) VALUES ('t1', 'c1', 1, 2, '', 'den')")  # fmt: skip
    early.close()
    with closing(SqliteJournal(open_database(file, NOW_MS))) as journal:
        assert found(journal, "user name", route="den", since_ms=NOW_MS) == ["m1"]
        assert found(journal, "getUserName") == ["m1"]
        assert found(journal, "plain") == ["m2"]
        assert found(journal, "plain", until_ms=NOW_MS) == []


def test_more_come_after_the_last_one_that_is_known(journal: SqliteJournal) -> None:
    _say(journal, *(f"a needle {n}" for n in range(7)), title="needles")
    finder = SqliteFinder(journal.database)
    told, after = [], ""
    while page := finder.find(Wanted("needle "), 3, after):
        told += [hit.message for hit in page]
        after = told[-1]
    assert told == [f"q-c1-{n}" for n in reversed(range(7))]
    assert finder.find(Wanted("needle "), 3, "no such message") == []
    [hit] = finder.find(Wanted("needles"), 3)
    assert hit.role == "title"


@pytest.mark.parametrize("looks", [1, 2, 3, 20])
def test_a_search_that_nobody_waits_for_ends_and_harms_no_other(
    journal: SqliteJournal, looks: int
) -> None:
    _say(journal, *(f"a needle {n}" for n in range(40)))
    left = iter(range(looks))
    finder = SqliteFinder(journal.database)
    assert finder.find(Wanted("needle"), 50, "", lambda: next(left, None) is None) == ()
    assert len(finder.find(Wanted("needle"))) == 40
    with journal.database.read() as db:
        walked = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 99999) SELECT count(*) FROM c"
        assert db.execute(walked).fetchone() == (99_999,)

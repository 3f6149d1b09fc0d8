"""`assistant history`: facts on stdout, talk on stderr, exit codes of the design."""

import argparse
import io
import json
import sys
from pathlib import Path

import pytest

from assistant.commands import history
from assistant.domain.errors import StorageError, UsageError
from assistant.domain.events import ConversationShelved
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.paths import Places
from tests.fakes import NOW_MS, asked, delta, started, whole_turn
from tests.storage.imports.shapes import chatgpt


def _history(*args: str) -> int:
    parser = argparse.ArgumentParser()
    history.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["history", *args])
    return int(parsed.run(parsed))


@pytest.fixture
def filled(places: Places) -> Places:
    journal = SqliteJournal(open_database(places.journal_file, NOW_MS))
    for name, title in (("c1", "First \x1b[2J"), ("c2", "Second")):
        journal.append(started(name, title))
        for event in whole_turn(f"{name}-t", "find the needle\x1b[31m", conversation=name):
            journal.append(event)
    journal.append(asked("c2-late", conversation="c2", parent="r-c2-t", instance="dead"))
    journal.append(delta("cut sh", "c2-late"))
    journal.close()
    return places


def test_an_empty_history_is_empty(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert places.data.is_dir()
    assert _history("list") == 0
    assert _history("list", "--json") == 0
    assert capsys.readouterr().out == "[]\n"
    assert _history("search", "word") == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "nothing holds all these words\n")


@pytest.mark.usefixtures("filled")
def test_the_list_is_one_line_each_and_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    assert _history("list") == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == ["c2", "c1"]
    assert "First ␛[2J" in out
    assert "\x1b" not in out


def test_archived_ones_are_listed_where_they_are_asked_for_and_exported_always(
    filled: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = SqliteJournal(open_database(filled.journal_file, NOW_MS))
    journal.append(ConversationShelved("c2", pinned=False, archived=True, at_ms=NOW_MS))
    journal.close()
    assert _history("list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["c1"]
    assert _history("list", "--archived") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["c2"]
    assert _history("export", "--markdown") == 0
    assert "# Second" in capsys.readouterr().out


@pytest.mark.usefixtures("filled")
def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert _history("list", "--json", "--limit", "1") == 0
    [one] = json.loads(capsys.readouterr().out)
    assert (one["id"], one["messages"], one["head"]) == ("c2", 4, "r-c2-late")
    assert _history("search", "--json", "find", "need") == 0
    hits = json.loads(capsys.readouterr().out)
    assert [hit["message"] for hit in hits] == ["q-c2-t", "q-c1-t"]


@pytest.mark.usefixtures("filled")
def test_search_shows_where_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert _history("search", "needle") == 0
    out = capsys.readouterr().out
    assert "user: find the needle␛[31m" in out
    assert _history("search", "second") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.usefixtures("filled")
def test_a_search_can_be_narrowed_and_says_where_the_words_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _history("search", "needle", "--json", "--route", "cpu", "--label", "normal") == 0
    [hit, other] = json.loads(capsys.readouterr().out)
    assert (hit["route"], hit["label"]) == (other["route"], "normal")
    [[start, end]] = hit["marks"]
    assert hit["excerpt"][start:end] == "needle"
    for narrow in (("--since", "2090-01-01"), ("--until", "2001-01-01"), ("--route", "no")):
        assert _history("search", "needle", *narrow) == 0
        assert capsys.readouterr().out == ""
    for wrong in (("--since", "soon"), ("--label", "secret"), ("--until", "2026-02-30")):
        with pytest.raises(UsageError):
            _history("search", "needle", *wrong)
    with pytest.raises(UsageError):
        _history("search", "*")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert _history("search", "needle", "--limit", "1") == 0
    assert "user: find the \x1b[1mneedle\x1b[0m␛[31m" in capsys.readouterr().out
    assert _history("search", "second") == 0
    assert "\x1b[1mSecond\x1b[0m" in capsys.readouterr().out


@pytest.mark.usefixtures("filled")
def test_export_and_import_go_round(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert _history("export") == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    (tmp_path / "out.jsonl").write_text(out)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    assert _history("import", str(tmp_path / "out.jsonl")) == 0
    assert "2 new conversations, 3 new turns; 0 turns" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(out.encode())))
    assert _history("import", "-") == 0
    assert "0 new conversations, 0 new turns; 3 turns" in capsys.readouterr().err
    assert _history("export") == 0
    assert capsys.readouterr().out == out


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("form", ["json", "markdown", "html", "jsonl"])
def test_a_file_of_each_kind_comes_back(
    form: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "out"
    assert _history("export", "--format", form, "--output", str(path)) == 0
    assert capsys.readouterr() == ("", f"written to {path}\n")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="is there already"):
        _history("export", "--output", str(path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    assert _history("import", "--label", "local-only", str(path)) == 0
    assert "2 new conversations, 3 new turns; 0 turns" in capsys.readouterr().err
    assert _history("export", "--label", "normal") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert _history("export") == 0
    assert "local-only messages" in capsys.readouterr().err


@pytest.mark.usefixtures("filled")
def test_what_of_another_program_did_not_come_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([chatgpt(), {"mapping": {}}]))
    assert _history("import", str(path)) == 2
    said = capsys.readouterr().err
    assert "not taken in: conversation 2: conversation_id is missing" in said
    assert "1 of the kind “image”, 1 of the kind “file”" in said
    assert "1 new conversations, 4 new turns" in said
    with pytest.raises(UsageError, match="mapping is not an object"):
        path.write_text("[{}]")
        _history("import", "--format", "chatgpt", str(path))


@pytest.mark.usefixtures("filled")
def test_markdown_is_the_oldest_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert _history("export", "--markdown") == 0
    out = capsys.readouterr().out
    assert out.index("# First") < out.index("# Second")
    assert "failed here: interrupted" in out
    assert _history("export", "--markdown", "c2") == 0
    assert "# First" not in capsys.readouterr().out


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "args",
    [
        ("export", "nope"),
        ("export", "\udcff"),
        ("export", "--markdown", "nope"),
        ("import", "no-such-file"),
        ("import", "."),
    ],
)
def test_what_cannot_be_is_told_as_usage(args: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        _history(*args)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("args", [(), ("list", "--limit", "0"), ("search",), ("fly",)])
def test_bad_grammar_ends_with_2(args: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        _history(*args)
    assert caught.value.code == 2


def test_a_damaged_journal_ends_with_5(places: Places) -> None:
    places.journal_file.write_bytes(b"rubbish" * 1000)
    with pytest.raises(StorageError) as caught:
        _history("list")
    assert caught.value.exit_code == 5
    assert str(places.journal_file) in str(caught.value)
    assert not list(places.instances.iterdir()), "the lock is given back"

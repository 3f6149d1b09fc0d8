"""`assistant audit`: the record verified, anchored, exported, and its recovery code taken."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.storage.paths import Places
from tests.commands.rig import KEY, ROUTE, Shell, Town, beside, set_up
from tests.standins.cloud import Cloud


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def town(shell: Shell) -> Iterator[Town]:
    """One send has left."""
    with beside(Cloud(key=KEY, tale="It is so.")) as cloud:
        set_up(shell, cloud.port)
        town = Town(shell, cloud)
        conversation, _ = town.grant()
        done = shell("ask", "--route", ROUTE, "--conversation", conversation, "Why is it so?")
        assert done.code == 0, done.err
        yield town


def tampered(places: Places, change: str) -> None:
    """Changes the file by another way than the program's."""
    with sqlite3.connect(places.journal_file) as db:
        for name in ("audit_no_update", "audit_no_delete"):
            db.execute(f"DROP TRIGGER IF EXISTS {name}")
        db.execute(change)
    db.close()


def test_without_any_record_there_is_nothing_wrong(shell: Shell) -> None:
    done = shell("audit", "verify")
    assert done.code == 0, done.err
    assert "whole   0 records" in done.out
    assert shell("audit", "outbox").out == ""
    assert shell("audit", "export").out == ""
    assert shell("audit", "code").code == 2


def test_a_whole_record_says_what_could_not_be_found(town: Town) -> None:
    done = town.shell("audit", "verify")
    assert done.code == 0
    assert done.out.startswith("whole   ")
    assert "limit   an old copy of the audit" in done.out
    found = town.shell("audit", "verify", "--json").json
    assert found["whole"] is True
    assert found["findings"] == []
    assert int(str(found["records"])) >= 4


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE audit SET body = replace(body, 'normal', 'public') WHERE seq = 3", "mac"),
        ("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", "truncated"),
        ("DELETE FROM audit WHERE seq = 2", "sequence"),
        ("DELETE FROM audit", "truncated"),
    ],
)
def test_what_was_changed_is_found(town: Town, places: Places, change: str, fault: str) -> None:
    tampered(places, change)
    done = town.shell("audit", "verify", "--json")
    assert done.code == 5
    faults = [one["fault"] for one in done.rows("findings")]
    assert fault in faults
    plain = town.shell("audit", "verify")
    assert plain.code == 5
    assert f"({fault})" in plain.out
    assert "limit   " in plain.out


def test_a_checkpoint_kept_elsewhere_finds_an_old_copy(
    town: Town, places: Places, tmp_path: Path
) -> None:
    names = [places.journal_file, places.state / "audit.key"]
    old = [file.read_bytes() for file in names]
    kept = tmp_path / "checkpoint"
    assert town.shell("audit", "anchor", "--out", str(kept)).code == 0
    assert kept.read_text().startswith("assistant\n")
    good = town.shell("audit", "verify", "--checkpoint", str(kept))
    assert good.code == 0, good.out
    for file, content in zip(names, old, strict=True):
        for beside_it in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            beside_it.unlink(missing_ok=True)
        file.write_bytes(content)
    found = town.shell("audit", "verify", "--checkpoint", str(kept))
    assert found.code == 5
    assert "(truncated)" in found.out
    assert town.shell("audit", "anchor").out.startswith("assistant\n")


def test_a_checkpoint_that_is_none_is_refused(town: Town, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_text("assistant\n")
    assert town.shell("audit", "verify", "--checkpoint", str(bad)).code == 5
    assert town.shell("audit", "verify", "--checkpoint", str(tmp_path / "none")).code == 2


def test_a_consent_that_was_edited_is_found_and_lets_nothing_out(
    town: Town, places: Places
) -> None:
    with sqlite3.connect(places.journal_file) as db:
        db.execute("DROP TRIGGER consent_no_update")
        edited = "UPDATE consent SET record = replace(record, '\"fallback\": false', '\"fallback\": true')"
        assert db.execute(edited).rowcount == 1
    db.close()
    assert [one["fault"] for one in town.shell("audit", "verify", "--json").rows("findings")] == ["consent"]  # fmt: skip
    assert "changed in the file" in town.shell("consent", "list").err
    conversation = town.shell("history", "list").out.split()[0]
    asked = town.shell("ask", "--route", ROUTE, "--conversation", conversation, "Again?")
    assert asked.code == 3
    assert len(town.cloud.requests) == 1
    [grant] = town.shell("consent", "list", "--all", "--json").rows("grants")
    assert grant["state"] == "invalidated"


def test_the_code_is_shown_once_and_verifies_from_then_on(town: Town) -> None:
    done = town.shell("audit", "code")
    assert done.code == 0
    code = done.out.strip()
    assert len(code.replace("-", "")) == 56
    assert "no longer kept here; every grant has lapsed" in done.err
    [grant] = town.shell("consent", "list", "--all", "--json").rows("grants")
    assert grant["state"] == "invalidated"
    assert town.shell("audit", "code").code == 2
    assert "recovery code of the audit is needed" in town.shell("audit", "verify").err
    good = town.shell("audit", "verify", "--code-stdin", stdin=f"{code}\n")
    assert good.code == 0, good.out + good.err
    wrong = code.replace(code[0], "A" if code[0] != "A" else "B", 1)
    assert town.shell("audit", "verify", "--code-stdin", stdin=wrong).code == 2
    assert "recovery code taken" in town.shell("doctor").out


def test_the_export_and_the_outbox_hold_no_word_of_the_text(town: Town) -> None:
    lines = [json.loads(line) for line in town.shell("audit", "export").out.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert {"permit", "ended", "noted"} <= {line["body"]["kind"] for line in lines}
    assert "Why is it so" not in json.dumps(lines)
    plain = town.shell("audit", "outbox").out
    assert "left, closed" in plain
    assert f"{ROUTE} · gpt-4.1 at 127.0.0.1:{town.cloud.port}" in plain
    assert town.shell("audit", "outbox", "--limit", "0").code == 2


def test_keys_that_were_lost_come_back_with_the_code(town: Town, places: Places) -> None:
    code = town.shell("audit", "code").out.strip()
    conversation, _ = town.grant()
    (places.state / "audit.key").unlink()
    lost = town.shell("ask", "--route", ROUTE, "--conversation", conversation, "Again?")
    assert lost.code == 5
    assert len(town.cloud.requests) == 1
    assert town.shell("audit", "restore").code == 2
    back = town.shell("audit", "restore", "--code-stdin", stdin=code)
    assert back.code == 0, back.err
    again = town.shell("ask", "--route", ROUTE, "--conversation", conversation, "Again?")
    assert again.code == 0, again.err
    assert len(town.cloud.requests) == 2
    assert town.shell("audit", "verify", "--code-stdin", stdin=code).code == 0


def test_a_new_record_begins_only_where_the_old_one_is_gone(town: Town, places: Places) -> None:
    assert town.shell("audit", "begin", "--yes-i-begin").code == 2
    for end in ("", "-wal", "-shm"):
        places.journal_file.with_name(places.journal_file.name + end).unlink(missing_ok=True)
    assert town.shell("audit", "verify").code == 5
    assert town.shell("audit", "begin").code == 2
    assert town.shell("audit", "begin", "--yes-i-begin").code == 0
    assert town.shell("audit", "verify").code == 0

"""`assistant consent`: grants over a real journal, and what they let out to a provider on loopback."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assistant.commands.consent import end_of_day_ms
from assistant.domain.errors import UsageError
from tests.commands.rig import KEY, ROUTE, Shell, Town, beside, set_up
from tests.standins.cloud import Cloud


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def town(shell: Shell) -> Iterator[Town]:
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        set_up(shell, cloud.port)
        yield Town(shell, cloud)


def grants(shell: Shell, *more: str) -> list[dict[str, object]]:
    found = shell("consent", "list", "--json", *more).json["grants"]
    assert isinstance(found, list)
    return found


def test_without_any_nothing_goes(shell: Shell) -> None:
    assert "No grant stands" in shell("consent", "list").out
    assert shell("consent", "list", "--json").json == {"offline": False, "grants": []}
    assert json.loads(shell("consent", "export").out) == []
    assert shell("consent", "revoke", "--all").code == 0
    assert shell("consent", "revoke", "ABCDEF").code == 2


def test_a_grant_shows_the_facts_lets_one_conversation_out_and_is_counted(town: Town) -> None:
    done = town.shell(
        *("consent", "grant", "--route", ROUTE, "--new", "--for", "15m", "--requests", "2"),
        "--yes-i-grant",
    )
    assert done.code == 0, done.err
    assert "Gate GmbH (law: DE)" in done.err
    assert "what was said there before" in done.err
    assert "Declared, never guaranteed" in done.err
    code = done.out.split()[0]
    [row] = grants(town.shell)
    conversation = str(row["conversation"])
    assert (row["code"], row["requests"], row["max_requests"]) == (code, 0, 2)

    asked = town.shell("ask", "--route", ROUTE, "--conversation", conversation, "--json", "Why?")
    assert asked.code == 0, asked.err
    assert asked.part("decision")["verdict"] == "allow"
    assert len(town.cloud.requests) == 1
    [row] = grants(town.shell)
    assert row["requests"] == 1
    assert int(str(row["sent_bytes"])) == len(town.cloud.requests[0].body)
    other = town.shell("ask", "--route", ROUTE, "Why?")
    assert other.code == 3
    assert len(town.cloud.requests) == 1


def test_revoking_ends_it_by_code_or_id(town: Town) -> None:
    conversation, code = town.grant()
    assert f"{code} is revoked" in town.shell("consent", "revoke", code).out
    assert grants(town.shell) == []
    [row] = grants(town.shell, "--all")
    assert row["state"] == "withdrawn"
    done = town.shell("ask", "--route", ROUTE, "--conversation", conversation, "Why?")
    assert done.code == 3
    town.grant()
    [row] = grants(town.shell)
    assert town.shell("consent", "revoke", str(row["id"])).code == 0
    assert town.shell("consent", "revoke").code == 2
    assert town.cloud.got == []


def test_panic_holds_until_it_is_lifted_and_brings_nothing_back(town: Town) -> None:
    conversation, _ = town.grant()
    assert "1 grant is withdrawn" in town.shell("consent", "panic").out
    assert "offline" in town.shell("consent", "list").out
    refused = town.shell(
        *("consent", "grant", "--route", ROUTE, "--new", "--for", "15m", "--yes-i-grant")
    )
    assert refused.code == 3
    done = town.shell("ask", "--route", ROUTE, "--conversation", conversation, "Why?")
    assert done.code == 3
    assert "offline" in done.err
    assert town.shell("consent", "lift").code == 0
    assert "nothing was offline" in town.shell("consent", "lift").err
    assert town.shell("ask", "--route", ROUTE, "--conversation", conversation, "Why?").code == 3
    assert town.cloud.got == []


def test_panic_works_with_settings_that_cannot_be_read(town: Town, home: Path) -> None:
    town.grant()
    (home / "config" / "assistant" / "settings.toml").write_text("nonsense = [")
    done = town.shell("consent", "panic")
    assert done.code == 0, done.err
    assert "settings" in done.err
    assert grants(town.shell) == []


def test_the_export_is_whole_and_private_and_has_no_digest_of_what_was_said(
    town: Town, tmp_path: Path
) -> None:
    town.grant("--budget", "0.50", "eur")
    out = tmp_path / "consents.json"
    assert town.shell("consent", "export", "--out", str(out)).code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    [record] = json.loads(out.read_text())
    assert record["facts"]["route"] == ROUTE
    assert "sha256" not in out.read_text()
    assert record["notice"]["locale"] == "en"
    assert [event["state"] for event in record["events"]] == ["requested", "given"]
    assert record["limits"]["max_cost"] == "0.50"


def test_a_budget_without_a_price_is_said_to_let_nothing_pass(town: Town) -> None:
    done = town.shell(
        *("consent", "grant", "--route", ROUTE, "--new", "--for", "15m", "--yes-i-grant"),
        *("--budget", "1", "EUR"),
    )
    assert "with a budget nothing will pass" in done.err


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("--for", "once", "--new"), 2, "assistant ask --route gate asks"),
        (("--for", "year", "--new"), 2, "15m, conversation or until="),
        (("--for", "until=2001-01-01", "--new"), 2, "that day is over"),
        (("--for", "until=tomorrow", "--new"), 2, "until=YYYY-MM-DD"),
        (("--for", "15m", "--conversation", "nope"), 2, "there is no conversation"),
        (("--for", "15m"), 2, "one of the arguments"),
        (("--for", "15m", "--new", "--label", "local-only"), 2, "invalid choice"),
        (("--for", "15m", "--new", "--budget", "much", "EUR"), 2, "is no amount"),
        (("--for", "15m", "--new", "--budget", "1", "euros"), 2, "is no currency"),
        (("--for", "15m", "--new", "--budget", "-1", "EUR"), 2, "budget"),
        (("--for", "15m", "--new", "--requests", "0"), 2, "one request at least"),
    ],
)
def test_what_cannot_be_granted_is_said(
    town: Town, argv: tuple[str, ...], code: int, says: str
) -> None:
    done = town.shell("consent", "grant", "--route", ROUTE, *argv, "--yes-i-grant")
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert grants(town.shell, "--all") == []


def test_without_a_terminal_a_grant_needs_the_long_yes(town: Town) -> None:
    done = town.shell(
        "consent", "grant", "--route", ROUTE, "--new", "--for", "15m", stdin="grant\n"
    )
    assert done.code == 2
    assert "--yes-i-grant" in done.err
    assert grants(town.shell, "--all") == []


def test_no_grant_for_a_route_that_no_rule_lets_pass(shell: Shell) -> None:
    assert shell("routes", "add", "--row", "openai-us", "--model", "m").code == 0
    done = shell(
        *("consent", "grant", "--route", "openai-us", "--new", "--for", "15m", "--yes-i-grant")
    )
    assert done.code == 3
    assert "outside EEA" in done.err
    assert shell("consent", "grant", "--route", "moon", "--new", "--for", "15m").code == 2


def test_a_changed_route_ends_its_grants(town: Town) -> None:
    town.grant()
    url = f"http://127.0.0.1:{town.cloud.port}"
    assert town.shell("routes", "remove", ROUTE).code == 0
    assert town.shell("routes", "add", ROUTE, "--url", url, "--model", "other").code == 0
    assert grants(town.shell) == []
    [row] = grants(town.shell, "--all")
    assert row["state"] == "invalidated"


def test_until_a_day_means_to_its_end() -> None:
    day = (datetime.now(UTC).astimezone() + timedelta(days=3)).date()
    end = datetime.fromtimestamp(end_of_day_ms(f"until={day}") / 1000, UTC).astimezone()
    assert (end - timedelta(seconds=1)).date() == day
    assert (end.hour, end.minute) == (0, 0)
    with pytest.raises(UsageError):
        end_of_day_ms("until=9999-12-31")


def test_offline_nothing_is_fetched_and_no_server_is_asked(town: Town) -> None:
    assert town.shell("consent", "panic").code == 0
    pulled = town.shell("models", "pull", "smollm2-135m")
    assert (pulled.code, "offline" in pulled.err) == (3, True)
    added = town.shell("routes", "add", "far", "--url", "http://192.168.77.7:8080/v1")
    assert (added.code, "offline" in added.err) == (3, True)


def test_a_record_that_cannot_be_read_is_named_and_the_list_is_not_whole(
    town: Town, home: Path
) -> None:
    town.grant()
    [row] = grants(town.shell)
    town.grant()
    [journal] = home.rglob("journal.db")
    with closing(sqlite3.connect(journal)) as db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE consent SET record = '{}' WHERE id = ?", (row["id"],))
        db.commit()
    for argv in (("export",), ("list", "--all", "--json")):
        done = town.shell("consent", *argv)
        assert done.code == 5
        assert str(row["id"]) in done.err
        assert str(row["id"]) not in done.out

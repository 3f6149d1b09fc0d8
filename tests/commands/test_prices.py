"""`assistant prices`: what is in force, and an update over HTTPS that is asked for, on record, checked, or not at all."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.domain.downloads import Hop
from assistant.domain.ledger import Chosen
from assistant.domain.places import Place, Route
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.ledger import SqliteLedger
from assistant.storage.paths import Places
from assistant.wiring.costs import open_costs
from tests.commands.rig import Shell
from tests.fakes import NOW_MS, started
from tests.ledger_maker import Made, euros, turn
from tests.standins.price_host import PEM, TARGET, PriceHost, publishing
from tests.upstream_data import encoded, model_of, parsed, published

MODEL = "gpt-5-mini"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def host(places: Places, monkeypatch: pytest.MonkeyPatch) -> Iterator[PriceHost]:
    """A host of data in the place of the public one; the settings name its authority."""
    places.settings_file.write_text(f'[network]\nca_bundle = "{PEM}"\n')
    with publishing() as server:
        server.body = published()
        at = Hop("localhost", server.server_port, TARGET)
        monkeypatch.setattr("assistant.wiring.prices.PUBLISHED", at)
        yield server


def notes(places: Places) -> list[tuple[str, str, int]]:
    """The notes of prices, as the audit has them: host, digest, count."""
    with sqlite3.connect(places.journal_file) as db:
        bodies = [json.loads(body) for [body] in db.execute("SELECT body FROM audit ORDER BY seq")]
    return [
        (body["subject"], body["digest"], body["count"])
        for body in bodies
        if body.get("what") == "prices-fetched"
    ]


def dearer() -> bytes:
    data = parsed()
    row = model_of(data, "openai", MODEL)
    new = {"input_mtok": 0.5, "output_mtok": 4}
    row["prices"] = [
        {"prices": row["prices"]},
        {"constraint": {"start_date": "2026-11-20"}, "prices": new},
    ]
    return encoded(data)


def fetched(places: Places) -> Path:
    return places.data / "prices.json"


def test_it_says_from_when_the_prices_are(shell: Shell, places: Places) -> None:
    facts = shell("prices", "--json").json
    age = (datetime.now(UTC).date() - datetime(2026, 11, 9, tzinfo=UTC).date()).days
    assert (facts["as_of"], facts["from"], facts["lists"]) == ("2026-11-09", "shipped", 15)
    assert facts["age_days"] == age
    assert facts["stale"] is (age > 60)
    out = shell("prices").out
    assert "2026-11-09" in out
    assert "never by themselves" in out
    assert ("not to be relied on" in out) is (age > 60)


def test_old_prices_are_said_to_be_old(
    shell: Shell, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_ms = int(datetime(2027, 2, 1, tzinfo=UTC).timestamp() * 1000)
    monkeypatch.setattr("assistant.machine.clock.SystemClock.now_ms", lambda _: at_ms)
    assert shell("prices", "--json").json["stale"] is True
    assert "84 days old: older than 60 days, not to be relied on" in shell("prices").out


def test_an_update_is_on_record_and_comes_into_force(
    shell: Shell, places: Places, host: PriceHost
) -> None:
    host.body = dearer()
    done = shell("prices", "update", "--yes")
    assert done.code == 0, done.err
    assert f"https://localhost:{host.server_port}{TARGET}" in done.err
    assert f"openai: {MODEL}  0.25 / 2 -> 0.5 / 4 USD" in done.out
    [(path, headers)] = host.asked
    assert path == TARGET
    assert set(headers) == {"host", "accept-encoding", "user-agent"}
    assert headers["user-agent"] == "assistant"
    facts = shell("prices", "--json").json
    assert (facts["as_of"], facts["from"]) == ("2026-11-20", "fetched")
    before, after = notes(places)
    assert before == ("localhost", "", 16_000_000)
    assert after[2] == len(host.body)
    assert len(after[1]) == 64


def test_without_a_yes_nothing_is_asked(shell: Shell, places: Places, host: PriceHost) -> None:
    assert shell("prices", "update").code == 2
    assert not host.asked
    assert not notes(places)


@pytest.mark.parametrize(("word", "code"), [("y", 0), ("", 3), ("n", 3), ("yesterday", 3)])
def test_the_person_is_asked_first(
    shell: Shell,
    places: Places,
    host: PriceHost,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
    code: int,
) -> None:
    heard: list[str] = []

    def answer(question: str) -> str:
        assert not host.asked
        heard.append(question)
        return word

    monkeypatch.setattr("assistant.commands.prices.at_terminal", lambda: True)
    monkeypatch.setattr("assistant.commands.prices.asked", answer)
    done = shell("prices", "update")
    assert done.code == code
    assert heard == ["Ask it now? y/N "]
    assert len(host.asked) == (code == 0)
    assert bool(notes(places)) is (code == 0)
    assert "at most 16,000,000 bytes" in done.err


def test_offline_nothing_is_asked(shell: Shell, places: Places, host: PriceHost) -> None:
    assert shell("consent", "panic").code == 0
    done = shell("prices", "update", "--yes")
    assert done.code == 3
    assert "offline" in done.err
    assert not host.asked
    assert not notes(places)


def test_a_file_is_taken_without_asking_anybody(
    shell: Shell, places: Places, host: PriceHost, tmp_path: Path
) -> None:
    file = tmp_path / "data.json"
    file.write_bytes(dearer())
    assert shell("consent", "panic").code == 0
    assert shell("prices", "update", "--from", str(file)).code == 0
    assert not host.asked
    assert shell("prices", "--json").json["from"] == "fetched"
    assert shell("prices", "update", "--from", str(tmp_path / "none")).code == 5


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    shell: Shell, places: Places, host: PriceHost, status: int
) -> None:
    host.status = status
    host.headers = {"Location": f"https://localhost:{host.server_port}/elsewhere"}
    done = shell("prices", "update", "--yes")
    assert done.code == 4
    assert f"answered {status}" in done.err
    assert len(host.asked) == 1
    assert not fetched(places).exists()


def test_a_body_without_an_end_is_cut(shell: Shell, places: Places, host: PriceHost) -> None:
    host.endless = True
    done = shell("prices", "update", "--yes")
    assert done.code == 4
    assert "more than the 16,000,000 bytes" in done.err
    assert host.sent < 100_000_000
    assert not fetched(places).exists()


@pytest.mark.parametrize(
    ("headers", "why"),
    [({"Content-Encoding": "gzip"}, "encoding"), ({"Content-Length": "1000000000000"}, "offers")],
)
def test_what_is_announced_wrongly_is_refused(
    shell: Shell, places: Places, host: PriceHost, headers: dict[str, str], why: str
) -> None:
    host.headers, host.endless = headers, True
    done = shell("prices", "update", "--yes")
    assert done.code == 4
    assert why in done.err


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[]", b'{"a":1}'])
def test_a_wrong_answer_leaves_what_was_there(
    shell: Shell, places: Places, host: PriceHost, body: bytes
) -> None:
    host.body = dearer()
    assert shell("prices", "update", "--yes").code == 0
    before = fetched(places).read_bytes()
    host.body = body
    done = shell("prices", "update", "--yes")
    assert done.code == 4
    assert "cannot be used" in done.err
    assert fetched(places).read_bytes() == before


def test_older_prices_are_refused(shell: Shell, places: Places, host: PriceHost) -> None:
    host.body = dearer()
    assert shell("prices", "update", "--yes").code == 0
    host.body = published()
    done = shell("prices", "update", "--yes")
    assert done.code == 4
    assert "the prices here are of 2026-11-20" in done.err


def test_an_unproved_host_is_not_asked(shell: Shell, places: Places, host: PriceHost) -> None:
    places.settings_file.write_text("")
    done = shell("prices", "update", "--yes")
    assert done.code == 4
    assert "did not prove who it is" in done.err
    assert not host.asked


def test_a_file_that_is_damaged_is_said_and_the_shipped_prices_hold(
    shell: Shell, places: Places
) -> None:
    fetched(places).write_bytes(b'{"schema": 1')
    facts = shell("prices", "--json").json
    assert facts["from"] == "shipped"
    assert "damaged" in str(facts["warning"])
    assert "warning" in shell("prices").out
    assert "damaged" in shell("costs").err


def test_what_turns_have_cost_never_changes(shell: Shell, places: Places, host: PriceHost) -> None:
    journal = SqliteJournal(open_database(places.journal_file, NOW_MS))
    journal.append(started("c1", "a title"))
    made = Made(turn("t1", Route("openai-eu", Place.CLOUD, "cloud", MODEL), euros("0.30")), "Why?")
    for event in made.events:
        journal.append(event)
    journal.close()

    def kept() -> list[object]:
        database = open_database(places.journal_file, NOW_MS)
        try:
            with database.read() as db:
                rows = db.execute("SELECT * FROM event ORDER BY seq").fetchall()
            return [*SqliteLedger(database).entries(Chosen()), *rows]
        finally:
            database.close()

    before, told = kept(), shell("costs", "--json").part("whole")
    host.body = dearer()
    assert shell("prices", "update", "--yes").code == 0
    assert kept() == before
    assert shell("costs", "--json").part("whole") == told


_KILLED = """
import os, signal, sys
from pathlib import Path
from datetime import UTC, datetime
from assistant.storage import shipped
from assistant.storage.price_book import PriceBook
from assistant.storage.price_update import keep, make_update

update = make_update(Path(sys.argv[1]).read_bytes(), PriceBook(shipped.path("config/prices.json")), datetime.now(UTC), "data")
real = os.fsync
def killed(handle):
    real(handle)
    os.kill(os.getpid(), signal.SIGKILL)
os.fsync = killed
keep(update, Path(sys.argv[2]))
"""


def test_a_kill_in_the_middle_leaves_the_old_file(places: Places, tmp_path: Path) -> None:
    data, path = tmp_path / "data.json", fetched(places)
    data.write_bytes(dearer())
    path.write_bytes(b"what was there")
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(data), str(path)], check=False, env=dict(os.environ)
    )
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"what was there"


def test_a_stale_list_in_use_is_named_though_the_newest_is_not(
    shell: Shell, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_ms = int(datetime(2026, 11, 28, tzinfo=UTC).timestamp() * 1000)
    monkeypatch.setattr("assistant.machine.clock.SystemClock.now_ms", lambda _: at_ms)
    assert shell("prices", "--json").json["stale"] is False
    places.settings_file.write_text(
        '[costs]\ncompare = ["scaleway:qwen3.5-397b-a17b", "openai-global:gpt-5-mini"]\n'
    )
    facts = shell("prices", "--json").json
    assert facts["stale"] is True
    assert facts["stale_in_use"] == {"scaleway": "2026-07-17"}
    assert "scaleway: of 2026-07-17, 134 days old: older than 60 days, not" in shell("prices").out
    with open_costs() as room:
        assert [one.route for one in room.household().stale_prices] == ["scaleway"]
        assert room.running("").prices_days == 134


def test_own_prices_that_never_count_are_named(shell: Shell, places: Places) -> None:
    rows = [
        ("Mistral-EU", "mistral-medium-latest"),
        ("nowhere", "m"),
        ("openai-eu", "gpt-misspelt"),
    ]
    (places.config / "prices.toml").write_text(
        "schema = 1\n"
        + "".join(
            f'[[price]]\nroute = "{route}"\nmodel = "{model}"\ncurrency = "EUR"\n'
            'as_of = 2026-11-20\ninput = "1"\noutput = "2"\n'
            for route, model in rows
        )
    )
    out = shell("prices").out
    assert out.count("unused") == 2
    assert "nowhere m: there is no cloud route nowhere" in out
    assert "openai-eu gpt-misspelt: no route of yours asks for it, and no list has it" in out
    problems = shell("doctor", "--json").json["problems"]
    assert isinstance(problems, list)
    assert sum("never counts" in one for one in problems) == 2

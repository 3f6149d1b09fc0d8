"""`assistant telemetry`: a file that names nobody, and figures that go to a declared collector alone, on record."""

import json
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.charges import Cost, Source
from assistant.domain.events import Finished
from assistant.domain.places import Place, Route
from assistant.domain.turns import Usage
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.paths import Places
from tests.commands.rig import Shell
from tests.fakes import NOW_MS, asked, decided, delta, finished, started
from tests.otlp_shape import metrics_of, points_of
from tests.standins.collector import Collector, collecting

CANARY = "canary7f3a"
DAY_MS = 86_400_000
ROUTES = (
    Route("cpu", Place.THIS_MACHINE, "llama", "smollm2-135m"),
    Route("cpu", Place.THIS_MACHINE, "llama", f"{CANARY}-file"),
    Route("hat", Place.THIS_MACHINE, "hailo", "qwen2.5:1.5b"),
    Route(f"{CANARY}-box", Place.THIS_NETWORK, "remote", f"{CANARY}-alias"),
    Route("openai-eu", Place.CLOUD, "cloud", "gpt-5-mini"),
    Route("openai-eu", Place.CLOUD, "cloud", f"ft:gpt-4o:{CANARY}:x"),
    Route(f"{CANARY}-work", Place.CLOUD, "cloud", "gpt-5-mini"),
    Route(f"{CANARY}-gone", Place.CLOUD, "cloud", f"{CANARY}-model"),
)
MADE_FROM_A_ROW = f'[{CANARY}-work]\nrow = "openai-us"\nmodel = "gpt-5-mini"\n'


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as server:
        yield server


def ended(number: int, route: Route) -> Finished:
    at_ms = NOW_MS + (number % 2) * DAY_MS
    event = finished(
        turn=f"{CANARY}-t{number}", conversation=f"{CANARY}-c", route=route, at_ms=at_ms
    )
    known = Decimal("0.25")
    cost = Cost("EUR", known, None, known, estimated=False)
    cost = replace(cost, joules=Decimal(3), joules_source=Source.ESTIMATED)
    day = datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
    return replace(event, record=replace(event.record, cost=cost, day=day, usage=Usage(340, 184)))


@pytest.fixture
def filled(places: Places) -> Places:
    """A turn on each of the routes, on two days."""
    journal = SqliteJournal(open_database(places.journal_file, NOW_MS))
    journal.append(started(f"{CANARY}-c", f"a title of {CANARY}"))
    for number, route in enumerate(ROUTES):
        turn = f"{CANARY}-t{number}"
        journal.append(asked(turn, f"a question of {CANARY}", conversation=f"{CANARY}-c"))
        journal.append(decided(turn, route=route))
        journal.append(delta(f"a reply of {CANARY}", turn))
        journal.append(ended(number, route))
    journal.close()
    (places.config / "routes.toml").write_text(MADE_FROM_A_ROW)
    return places


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def notes(places: Places) -> list[dict[str, object]]:
    """The notes of figures that left, as the audit has them."""
    with sqlite3.connect(places.journal_file) as db:
        bodies = [json.loads(body) for [body] in db.execute("SELECT body FROM audit ORDER BY seq")]
    return [body for body in bodies if body.get("what") == "figures-sent"]


def test_without_turns_there_is_nothing(shell: Shell, places: Places) -> None:
    assert "No figures yet" in shell("telemetry").out
    assert shell("telemetry", "export", "-").out == ""
    assert shell("telemetry", "--json").json["since"] is None


def test_it_says_what_is_kept(shell: Shell, filled: Places) -> None:
    told = shell("telemetry")
    assert f"{len(ROUTES)} turns" in told.out
    assert "at least 400 days" in told.out
    assert "No text" in told.out
    facts = shell("telemetry", "--json").json
    assert facts["turns"] == len(ROUTES)
    assert facts["bytes"] is None or int(str(facts["bytes"])) > 0


def test_every_line_is_a_request_of_one_day(shell: Shell, filled: Places) -> None:
    requests = lines(shell("telemetry", "export", "-").out)
    assert len(requests) == 2
    windows = []
    for request in requests:
        points = points_of(metrics_of(request)["assistant.turns"])
        [window] = {(one["startTimeUnixNano"], one["timeUnixNano"]) for one in points}
        windows.append((int(str(window[0])), int(str(window[1]))))
        assert sum(int(str(one["asInt"])) for one in points) == len(ROUTES) / 2
    assert windows[0][1] == windows[1][0]
    assert windows[0][1] - windows[0][0] == DAY_MS * 1_000_000


def test_no_word_of_the_person_is_in_it(shell: Shell, filled: Places) -> None:
    out = shell("telemetry", "export", "-").out
    assert CANARY not in out
    places_told = set()
    for request in lines(out):
        for point in points_of(metrics_of(request)["assistant.turns"]):
            told = point["attributes"]
            assert isinstance(told, dict)
            places_told.add(
                (
                    told["assistant.route"],
                    told["gen_ai.provider.name"],
                    told["gen_ai.request.model"],
                )
            )
    assert places_told == {
        ("cpu", "llama.cpp", "smollm2-135m"),
        ("cpu", "llama.cpp", "own"),
        ("hat", "hailo", "qwen2.5:1.5b"),
        ("own", "own", "own"),
        ("openai-eu", "openai", "gpt-5-mini"),
        ("openai-eu", "openai", "other"),
        ("openai-us", "openai", "gpt-5-mini"),
    }


def test_it_goes_into_a_private_file_and_says_where(shell: Shell, filled: Places) -> None:
    first, second = shell("telemetry", "export"), shell("telemetry", "export")
    path = Path(first.out.strip())
    assert path.parent == filled.data / "telemetry"
    assert path != Path(second.out.strip())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8") == shell("telemetry", "export", "-").out


def test_days_can_be_chosen(shell: Shell, filled: Places, tmp_path: Path) -> None:
    day = datetime.fromtimestamp(NOW_MS / 1000, UTC).date().isoformat()
    file = tmp_path / "some.jsonl"
    assert shell("telemetry", "export", "--since", day, "--until", day, str(file)).code == 0
    assert len(lines(file.read_text("utf-8"))) == 1
    assert shell("telemetry", "export", "--since", "2026-11-02", "--until", "2026-11-01").code == 2


def declare(shell: Shell, collector: Collector) -> None:
    done = shell(
        "telemetry", "declare", "den", "--url", collector.url, "--place", "this-machine"
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "collector den" in shell("telemetry").out


def test_a_declared_collector_gets_each_day_on_record(
    shell: Shell, filled: Places, collector: Collector
) -> None:
    declare(shell, collector)
    assert not collector.came
    done = shell("telemetry", "export", "--to", "den")
    assert done.code == 0, done.err
    assert [(one.path, one.headers["content-type"]) for one in collector.came] == [
        ("/v1/metrics", "application/json")
    ] * 2
    file = Path(done.out.strip()).read_bytes()
    assert b"\n".join(one.body for one in collector.came) + b"\n" == file
    for one in collector.came:
        metrics_of(json.loads(one.body))
        assert one.headers["user-agent"] == "assistant"
        assert CANARY.encode() not in one.body
    [note] = notes(filled)
    assert note["subject"] == collector.url.removeprefix("http://")
    assert note["count"] == len(file)
    assert shell("telemetry", "forget", "den").code == 0
    assert shell("telemetry", "export", "--to", "den").code == 2


def test_what_it_did_not_take_is_said(shell: Shell, filled: Places, collector: Collector) -> None:
    declare(shell, collector)
    collector.answer = {"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "no"}}
    assert "did not take 6 points" in shell("telemetry", "export", "--to", "den").err


@pytest.mark.parametrize("status", [302, 404, 503])
def test_a_collector_that_takes_nothing_is_an_error(
    shell: Shell, filled: Places, collector: Collector, status: int
) -> None:
    declare(shell, collector)
    collector.status, collector.headers = status, {"Location": "http://127.0.0.1:9/elsewhere"}
    done = shell("telemetry", "export", "--to", "den")
    assert done.code == 4
    assert str(status) in done.err
    assert len(collector.came) == 1


def test_offline_nothing_is_sent(shell: Shell, filled: Places, collector: Collector) -> None:
    declare(shell, collector)
    assert shell("consent", "panic").code == 0
    done = shell("telemetry", "export", "--to", "den")
    assert done.code == 3
    assert "offline" in done.err
    assert not collector.came
    assert not notes(filled)


def test_a_declaration_holds_for_its_address_alone(
    shell: Shell, filled: Places, collector: Collector
) -> None:
    declare(shell, collector)
    file = filled.config / "telemetry.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace(f'url = "{collector.url}/v1"', f'url = "{collector.url}/other"'))
    done = shell("telemetry", "export", "--to", "den")
    assert done.code == 3
    assert not collector.came


def test_nothing_goes_to_the_cloud_or_over_a_route_for_prompts(
    shell: Shell, filled: Places
) -> None:
    url = ("--url", "https://otel.example.com")
    far = shell("telemetry", "declare", "far", *url, "--place", "cloud")
    assert far.code == 3
    assert "do not go to the cloud" in far.err
    public = ("--url", "https://93.184.216.34", "--place", "this-network")
    assert shell("telemetry", "declare", "far", *public).code == 2
    assert shell("telemetry", "export", "--to", f"{CANARY}-work").code == 3
    assert shell("telemetry", "declare", f"{CANARY}-work", *public).code == 2
    assert shell("telemetry", "export", "--to", "nobody").code == 2
    assert shell("telemetry", "export", "-", "--to", "nobody").code == 2

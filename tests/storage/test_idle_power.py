"""Idle power between programs: the lowest of the last days, and a file that may be broken or missing."""

import json
from datetime import date
from pathlib import Path

import pytest

from assistant.storage.idle_power import FILE, IdlePowerFile


def book(folder: Path, day: str = "2026-11-27") -> IdlePowerFile:
    return IdlePowerFile(folder / FILE, lambda: date.fromisoformat(day))


def test_what_one_program_learned_the_next_one_knows(tmp_path: Path) -> None:
    first = book(tmp_path)
    assert first.learned("rapl") is None
    first.learn("rapl", 4.0)
    first.learn("plug a", 6.5)
    second = book(tmp_path)
    assert second.learned("rapl") == 4.0
    assert second.learned("plug a") == 6.5
    assert second.learned("plug b") is None


def test_only_what_is_lower_is_written(tmp_path: Path) -> None:
    power = book(tmp_path)
    power.learn("rapl", 4.0)
    written = (tmp_path / FILE).stat().st_mtime_ns
    for watts in (4.0, 9.0, 3.99):
        power.learn("rapl", watts)
    assert (tmp_path / FILE).stat().st_mtime_ns == written
    assert power.learned("rapl") == 4.0
    power.learn("rapl", 3.5)
    assert book(tmp_path).learned("rapl") == 3.5


def test_a_new_day_may_be_higher_and_last_week_is_forgotten(tmp_path: Path) -> None:
    book(tmp_path, "2026-11-20").learn("rapl", 3.0)
    for day in range(21, 27):
        book(tmp_path, f"2026-11-{day}").learn("rapl", 5.0)
    assert book(tmp_path).learned("rapl") == 3.0
    book(tmp_path).learn("rapl", 5.0)
    assert book(tmp_path).learned("rapl") == 5.0


def test_two_programs_do_not_forget_each_others_gauges(tmp_path: Path) -> None:
    one, other = book(tmp_path), book(tmp_path)
    assert other.learned("plug") is None
    one.learn("rapl", 4.0)
    other.learn("plug", 6.0)
    assert book(tmp_path).learned("rapl") == 4.0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"schema": 2, "gauges": {}}',
        b'{"schema": 1, "gauges": {"rapl": {"2026-11-27": -1}}}',
        b'{"schema": 1, "gauges": {"rapl": {"2026-11-27": null}}}',
        b'{"schema": 1, "gauges": {"rapl": {"yesterday": 3}}}',
        b'{"schema": 1, "gauges": {"rapl": 3}}',
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_learned_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    power = book(tmp_path)
    assert power.learned("rapl") is None
    power.learn("rapl", 4.0)
    assert json.loads((tmp_path / FILE).read_text("utf-8")) == {
        "schema": 1,
        "gauges": {"rapl": {"2026-11-27": 4.0}},
    }


def test_a_folder_that_takes_nothing_costs_no_more_than_that(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    power = IdlePowerFile(tmp_path / "state" / FILE, lambda: date(2026, 11, 27))
    power.learn("rapl", 4.0)
    assert power.learned("rapl") == 4.0

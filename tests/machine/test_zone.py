"""The machine's own wall clock is that of the zone which the system is set to."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.machine.zone import MachineZone

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield ZoneInfo(request.param)
    monkeypatch.undo()
    time.tzset()


def test_it_shows_what_the_zone_shows_through_a_year(zone: ZoneInfo) -> None:
    ours = MachineZone()
    for half_hours in range(2 * 24 * 366):
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * half_hours)
        found, expected = moment.astimezone(ours), moment.astimezone(zone)
        assert found.replace(tzinfo=None) == expected.replace(tzinfo=None)
        assert found.fold == expected.fold
        assert found.utcoffset() == expected.utcoffset()
        assert found.astimezone(UTC) == moment


@given(st.integers(0, 2**32), st.integers(0, 999_999))
def test_a_moment_comes_back_as_it_was(seconds: int, micros: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)
    assert moment.astimezone(MachineZone()).astimezone(UTC) == moment

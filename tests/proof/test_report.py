"""The verdict: a leak goes before all, a zero that no control stands behind is worth nothing."""

import pytest

from assistant.proof.closed import Tried
from assistant.proof.frames import Frame
from assistant.proof.report import Finding, Report
from assistant.proof.scenarios import Ran, Scenario

NOTHING = Tried(0, 0, ())
PACKET = Tried(60, 1, (Frame(0, 60, "udp", "192.0.2.2", 4001, "198.51.100.7", 9),))
GOOD = Ran(Scenario("ask", "answers", ("ask",)), 0, NOTHING)
LEAKS = Ran(Scenario("ask", "answers", ("ask",)), 0, PACKET)
FAILED = Ran(Scenario("ask", "answers", ("ask",)), 1, NOTHING)
ENDED = Ran(Scenario("chat", "opens", ()), None, NOTHING)
REFUSED = Ran(Scenario("ask", "is refused", ("ask",), 3), 3, NOTHING)


@pytest.mark.parametrize(
    ("ran", "seen", "finding"),
    [
        ((GOOD, REFUSED), True, Finding.CLOSED),
        ((GOOD, LEAKS), True, Finding.LEAK),
        ((LEAKS, FAILED), False, Finding.LEAK),
        ((GOOD,), False, Finding.BLIND),
        ((GOOD, FAILED), True, Finding.INCOMPLETE),
        ((GOOD, ENDED), True, Finding.INCOMPLETE),
        ((FAILED,), False, Finding.BLIND),
    ],
)
def test_the_verdict(ran: tuple[Ran, ...], seen: bool, finding: Finding) -> None:
    report = Report(ran, seen, PACKET)
    assert report.finding is finding
    assert report.words
    assert report.to_json()["finding"] == finding.value


def test_packets_without_bytes_count_as_well() -> None:
    assert Report((Ran(GOOD.scenario, 0, Tried(0, 1, ())),), True, PACKET).finding is Finding.LEAK


def test_the_object_names_what_was_tried() -> None:
    assert Report((LEAKS,), True, PACKET).to_json()["scenarios"] == [
        {
            "name": "ask",
            "what": "answers",
            "done": True,
            "exit": 0,
            "bytes": 60,
            "packets": 1,
            "look_ups": [],
            "tried": ["udp to 198.51.100.7:9, 60 bytes"],
        }
    ]

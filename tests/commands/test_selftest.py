"""`assistant selftest egress` where it cannot prove anything: each exit code, in words and as one object."""

import json
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.domain.errors import SelftestError
from assistant.proof.report import Report
from assistant.wiring import selftest
from tests.proof.test_report import ENDED, GOOD, LEAKS, NOTHING, PACKET


def outcome(monkeypatch: pytest.MonkeyPatch, report: Report | SelftestError) -> None:
    """Has the self-test come out as `report`."""

    def prove(tell: selftest.Tell, kept: Path | None = None) -> Report:
        if isinstance(report, SelftestError):
            raise report
        for ran in report.ran:
            tell(ran)
        return report

    monkeypatch.setattr(selftest, "prove", prove)


@pytest.mark.parametrize(
    ("report", "code", "says"),
    [
        (Report((GOOD,), True, PACKET), 0, "nothing tried to leave; the control was seen"),
        (Report((LEAKS,), True, PACKET), 5, "it tried: udp to 198.51.100.7:9, 60 bytes"),
        (Report((GOOD,), False, NOTHING), 5, "the counts say nothing"),
        (Report((ENDED,), True, PACKET), 5, "it ended with nothing: it was ended, not with 0"),
    ],
)
def test_each_verdict_has_its_code_and_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    report: Report,
    code: int,
    says: str,
) -> None:
    outcome(monkeypatch, report)
    assert main(["selftest", "egress"]) == code
    assert says in capsys.readouterr().out
    assert main(["selftest", "egress", "--json"]) == code
    assert json.loads(capsys.readouterr().out) == report.to_json()


def test_where_no_network_can_be_made_both_forms_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome(monkeypatch, SelftestError("the kernel refuses", "do this"))
    assert main(["selftest", "egress"]) == 4
    assert capsys.readouterr().err == "self-test: the kernel refuses (do this)\n"
    assert main(["selftest", "egress", "--json"]) == 4
    found = json.loads(capsys.readouterr().out)
    assert (found["finding"], found["why"], found["hint"]) == (
        "impossible",
        "the kernel refuses",
        "do this",
    )


def test_without_an_action_the_usage_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["selftest"])
    assert ended.value.code == 2
    assert "ACTION" in capsys.readouterr().err

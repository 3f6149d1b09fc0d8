"""Laws of findings: what is inside another goes, a label never falls, a record holds nothing of the text."""

import json

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.findings import (
    GRAVITY,
    Finding,
    Gap,
    Kind,
    Layer,
    Scan,
    ScanVerdict,
    outermost,
    raised,
)
from assistant.domain.sensitivity import Label, join

FINDINGS = st.builds(
    lambda kind, verdict, start, length, layer: Finding(
        f"rule-{kind}", kind, verdict, start, start + length, layer
    ),
    st.sampled_from(Kind),
    st.sampled_from(ScanVerdict),
    st.integers(0, 40),
    st.integers(1, 12),
    st.sampled_from(Layer),
)
SCANS = st.builds(
    lambda found, gap: Scan(tuple(found), 1.0, gap),
    st.lists(FINDINGS),
    st.sampled_from([None, *Gap]),
)


def scan(*verdicts: ScanVerdict, gap: Gap | None = None) -> Scan:
    return Scan(tuple(Finding("r", Kind.URL, v, 0, 3) for v in verdicts), 1.25, gap)


def test_the_gravest_verdict_counts() -> None:
    assert scan().verdict is None
    assert scan(ScanVerdict.NOTE, ScanVerdict.WARN).verdict is ScanVerdict.WARN
    assert scan(ScanVerdict.WARN, ScanVerdict.BLOCK, ScanVerdict.NOTE).blocks
    assert not scan(ScanVerdict.WARN).blocks


def test_what_is_unscanned_blocks_whatever_was_found() -> None:
    for gap in Gap:
        unscanned = scan(gap=gap)
        assert not unscanned.scanned
        assert unscanned.blocks
        assert scan(ScanVerdict.NOTE, gap=gap).verdict is ScanVerdict.BLOCK


@given(st.sampled_from(Label), SCANS)
def test_a_scan_raises_a_label_or_leaves_it(label: Label, found: Scan) -> None:
    assert join((label, raised(label, found))) is raised(label, found)


@given(st.sampled_from(Label), st.lists(FINDINGS), FINDINGS)
def test_one_more_finding_never_lowers_a_label(
    label: Label, found: list[Finding], more: Finding
) -> None:
    less = raised(label, Scan(tuple(found), 1.0))
    assert join((less, raised(label, Scan((*found, more), 1.0)))) is raised(
        label, Scan((*found, more), 1.0)
    )


def test_labels_by_verdict() -> None:
    assert raised(Label.PUBLIC, scan()) is Label.PUBLIC
    assert raised(Label.PUBLIC, scan(ScanVerdict.NOTE)) is Label.PUBLIC
    assert raised(Label.PUBLIC, scan(ScanVerdict.WARN)) is Label.NORMAL
    assert raised(Label.PUBLIC, scan(ScanVerdict.BLOCK)) is Label.LOCAL_ONLY
    assert raised(Label.PUBLIC, scan(gap=Gap.TOO_SLOW)) is Label.LOCAL_ONLY
    assert raised(Label.LOCAL_ONLY, scan()) is Label.LOCAL_ONLY


def inside(inner: Finding, outer: Finding) -> bool:
    graver = GRAVITY[outer.verdict] <= GRAVITY[inner.verdict]
    return graver and outer.start <= inner.start and inner.end <= outer.end


@given(st.lists(FINDINGS))
def test_what_is_kept_covers_what_is_dropped_and_nothing_kept_is_inside_another(
    found: list[Finding],
) -> None:
    kept = outermost(found)
    assert set(kept) <= set(found)
    assert all(any(inside(one, other) for other in kept) for one in found)
    assert not [
        1
        for n, one in enumerate(kept)
        for m, other in enumerate(kept)
        if n != m and inside(one, other)
    ]
    assert [f.start for f in kept] == sorted(f.start for f in kept)


def test_a_password_stays_visible_within_the_url_that_holds_it() -> None:
    url = Finding("url", Kind.URL, ScanVerdict.NOTE, 0, 40)
    password = Finding("url-credentials", Kind.SECRET, ScanVerdict.BLOCK, 10, 18)
    assert outermost([password, url]) == (url, password)
    assert outermost([Finding("ipv4", Kind.IP, ScanVerdict.NOTE, 10, 18), password]) == (password,)


def test_a_record_says_rules_and_lengths_alone() -> None:
    found = Finding("iban", Kind.IBAN, ScanVerdict.BLOCK, 1234567, 1234589)
    record = Scan((found,), 1.2345).to_json()
    assert record == {
        "scanned": True,
        "gap": None,
        "took_ms": 1.2,
        "findings": [{"rule": "iban", "verdict": "block", "length": 22}],
    }
    assert "1234567" not in json.dumps(record)
    assert scan(gap=Gap.TOO_LONG).to_json()["gap"] == "too_long"

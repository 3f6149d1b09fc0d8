"""Scans that are not made twice say what the scanner would have said."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.scans import BETWEEN, Scans, held
from assistant.domain.findings import Gap, Scan, ScanVerdict
from assistant.scanning.scanner import PatternScanner

CARD = "4111 1111 1111 1111"
MAIL = "anna@example.org"
REAL = PatternScanner(lambda: 0.0)


class Counting:
    """The real scanner, which counts; `gap` is what it says of everything where it is not None."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.gap: Gap | None = None

    def scan(self, text: str, keys: Collection[str] = ()) -> Scan:
        self.seen.append(text)
        return REAL.scan(text, keys) if self.gap is None else Scan((), 1.0, self.gap)


def test_a_clean_conversation_is_scanned_once_and_not_again() -> None:
    scanner = Counting()
    scans = Scans(scanner)
    texts = [f"To {MAIL}", f"{MAIL} it is", "why?"]
    for _ in range(2):
        scans.foresee(texts, ScanVerdict.WARN)
        parts = [scans.of(text) for text in texts]
        assert scans.whole(texts).scanned
    assert scanner.seen == [BETWEEN.join(texts)]
    [first], [second] = parts[0].findings, parts[1].findings
    assert (first.start, first.end) == (3, 3 + len(MAIL))
    assert (second.start, second.end) == (0, len(MAIL))
    assert not parts[2].findings


def test_what_is_to_be_kept_back_is_looked_for_in_each_message() -> None:
    scanner = Counting()
    scans = Scans(scanner)
    texts = ["one", f"charge {CARD}"]
    scans.foresee(texts, ScanVerdict.WARN)
    assert [scans.of(text).blocks for text in texts] == [False, True]
    assert scanner.seen == [BETWEEN.join(texts), *texts]
    # What is known to hold something is not foreseen again.
    scans.foresee([*texts, "three"], ScanVerdict.WARN)
    assert len(scanner.seen) == 3


def test_other_keys_make_all_of_it_unknown() -> None:
    scanner = Counting()
    scans = Scans(scanner)
    scans.look_for(["k-0123456789"])
    assert not scans.of("see k-9876543210").blocks
    scans.look_for(["k-9876543210"])
    assert scans.of("see k-9876543210").blocks
    assert scans.whole(["see k-9876543210"]).blocks
    scans.look_for(["k-9876543210"])
    assert len(scanner.seen) == 3


def test_a_scan_with_a_gap_is_made_anew() -> None:
    scanner = Counting()
    scanner.gap = Gap.TOO_SLOW
    scans = Scans(scanner)
    scans.foresee(["a"], None)
    assert not scans.of("a").scanned
    assert not scans.whole(["a"]).scanned
    scanner.gap = None
    assert scans.of("a").scanned
    assert scans.whole(["a"]).scanned


def test_what_lies_across_two_messages_is_of_the_whole_alone() -> None:
    scanner = Counting()
    scans = Scans(scanner)
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq98Zk2wJq0cYt5n2aPq1" + "x" * 60
    texts = [key, "y" * 64 + "\n-----END RSA PRIVATE KEY-----"]
    scans.foresee(texts, None)
    assert scans.whole(texts).blocks


def test_no_more_than_a_bounded_number_is_remembered() -> None:
    scanner = Counting()
    scans = Scans(scanner)
    for number in [*range(512), 0, 511]:
        scans.of(f"text {number}")
    assert len(scanner.seen) == 512
    for number in (512, 1, 2):
        scans.of(f"text {number}")
    assert len(scanner.seen) == 513
    scans.of("text 0")
    assert len(scanner.seen) == 514


words = st.lists(
    st.sampled_from(["why", CARD, MAIL, "the", "é", "AKIAZ7Q4XW2MBV5KTLRE"]), max_size=4
)
texts = st.lists(words.map(" ".join), min_size=1, max_size=4)


@given(texts, st.sampled_from([*ScanVerdict, None]))
def test_what_is_kept_back_is_the_same_with_and_without_the_saving(
    of: list[str], keep_back: ScanVerdict | None
) -> None:
    scans = Scans(REAL)
    scans.foresee(of, keep_back)
    for text in of:
        alone = REAL.scan(text).findings
        assert held(scans.of(text).findings, keep_back) == held(alone, keep_back)
    assert scans.whole(of).findings == REAL.scan(BETWEEN.join(of)).findings

"""Laws of redaction: everything comes back as it was, and nothing that is kept back stands in what is sent."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from assistant.domain.findings import Finding, Kind, ScanVerdict
from assistant.domain.redaction import (
    NO_PLACEHOLDERS,
    Placeholders,
    Redacted,
    Restorer,
    redact,
    restore,
)

SHAPE = re.compile(r"⟦[a-z-]+-[0-9]{1,9}⟧")
PIECES = st.sampled_from(
    ["⟦", "⟧", "⟦email-1⟧", "⟦email-2⟧", "⟦literal-1⟧", "⟦literal-2⟧", "⟦secret-1⟧", "⟦x-1⟧", "email-1", "-1⟧", "a", "ab", "aa", "\ud800", "é", " "]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join)
FINDINGS = st.lists(
    st.builds(
        lambda kind, start, length: Finding("r", kind, ScanVerdict.BLOCK, start, start + length),
        st.sampled_from(Kind),
        st.integers(-3, 50),
        st.integers(-3, 12),
    ),
    max_size=6,
)


def found(text: str, *parts: tuple[Kind, str]) -> list[Finding]:
    """A finding for the first place of each part."""
    places = [(kind, text.index(part), len(part)) for kind, part in parts]
    return [Finding("r", kind, ScanVerdict.BLOCK, at, at + n) for kind, at, n in places]


@given(TEXTS, FINDINGS)
@example("⟦email-1⟧", [])
@example("⟦email-⟦email-1⟧1⟧", [Finding("r", Kind.EMAIL, ScanVerdict.NOTE, 7, 16)])
def test_restoring_gives_the_text_back(text: str, findings: list[Finding]) -> None:
    redacted = redact(text, findings)
    assert restore(redacted.text, redacted.placeholders) == text


@given(st.lists(st.tuples(TEXTS, FINDINGS), max_size=4))
def test_all_texts_of_a_conversation_come_back_with_its_last_placeholders(
    texts: list[tuple[str, list[Finding]]],
) -> None:
    known = NO_PLACEHOLDERS
    sent: list[tuple[str, str]] = []
    for text, findings in texts:
        redacted = redact(text, findings, known)
        known = redacted.placeholders
        sent.append((text, redacted.text))
    assert [restore(out, known) for _, out in sent] == [text for text, _ in sent]


@given(TEXTS, FINDINGS, TEXTS)
def test_nothing_that_is_kept_back_is_sent(text: str, findings: list[Finding], later: str) -> None:
    first = redact(text, findings)
    second = redact(later, [], first.placeholders)
    for redacted in (first, second):
        between = SHAPE.split(redacted.text)
        assert not [
            original
            for original in redacted.placeholders.originals.values()
            if any(original in part for part in between)
        ]


@given(TEXTS, FINDINGS)
def test_every_finding_is_replaced(text: str, findings: list[Finding]) -> None:
    redacted = redact(text, findings)
    kept = set(redacted.placeholders.originals.values())
    parts = {text[max(0, f.start) : max(0, f.end)] for f in findings} - {""}
    assert parts <= kept


@given(TEXTS, FINDINGS, st.lists(st.integers(1, 9)))
def test_a_reply_is_restored_however_it_is_cut(
    text: str, findings: list[Finding], cuts: list[int]
) -> None:
    redacted = redact(text, findings)
    restorer = Restorer(redacted.placeholders)
    rest, out = redacted.text, ""
    for cut in cuts:
        out += restorer.feed(rest[:cut])
        rest = rest[cut:]
    assert out + restorer.feed(rest) + restorer.finish() == text


@given(TEXTS, FINDINGS)
def test_the_same_conversation_gives_the_same_placeholders(
    text: str, findings: list[Finding]
) -> None:
    assert redact(text, findings) == redact(text, findings)
    known = redact(text, findings).placeholders
    assert redact(text, findings, known).placeholders == known


def test_the_same_text_keeps_its_placeholder() -> None:
    text = "Mail bob@x.org and ann@x.org, then bob@x.org."
    first = redact(text, found(text, (Kind.EMAIL, "bob@x.org"), (Kind.EMAIL, "ann@x.org")))
    assert first.text == "Mail ⟦email-1⟧ and ⟦email-2⟧, then ⟦email-1⟧."
    second = redact("ann@x.org and bob@x.org again", [], first.placeholders)
    assert second.text == "⟦email-2⟧ and ⟦email-1⟧ again"
    third = redact(
        "carl@x.org", found("carl@x.org", (Kind.EMAIL, "carl@x.org")), second.placeholders
    )
    assert third.text == "⟦email-3⟧"


def test_a_reply_gets_the_originals_and_keeps_placeholders_that_nobody_gave() -> None:
    known = Placeholders({"⟦iban-1⟧": "DE89370400440532013000"})
    reply = "Pay to ⟦iban-1⟧, not to ⟦iban-2⟧ or ⟦IBAN-1⟧."
    assert restore(reply, known) == "Pay to DE89370400440532013000, not to ⟦iban-2⟧ or ⟦IBAN-1⟧."


def test_a_text_that_already_looks_redacted_comes_back_as_it_was() -> None:
    text = "What does ⟦email-1⟧ mean? Mine is bob@x.org."
    redacted = redact(text, found(text, (Kind.EMAIL, "bob@x.org")))
    assert redacted == Redacted(
        "What does ⟦literal-1⟧ mean? Mine is ⟦email-1⟧.",
        Placeholders({"⟦literal-1⟧": "⟦email-1⟧", "⟦email-1⟧": "bob@x.org"}),
    )
    assert restore(redacted.text, redacted.placeholders) == text


def test_what_overlaps_is_one_and_its_parts_are_kept_back_later() -> None:
    text = "https://bob:hunter2@x.org/"
    redacted = redact(text, found(text, (Kind.URL, text), (Kind.SECRET, "hunter2")))
    assert redacted.text == "⟦url-1⟧"
    assert "hunter2" not in redact("so hunter2 fails", [], redacted.placeholders).text


def test_only_what_may_begin_a_placeholder_is_held_back() -> None:
    restorer = Restorer(Placeholders({"⟦ip-1⟧": "10.0.0.1"}))
    assert restorer.feed("At ⟦i") == "At "
    assert restorer.feed("p-1⟧ and ⟦ip-2") == "10.0.0.1 and "
    assert (
        restorer.feed(" is no placeholder, so it comes") == "⟦ip-2 is no placeholder, so it comes"
    )
    assert restorer.feed("⟦ip-1") + restorer.finish() == "⟦ip-1"


def test_placeholders_do_not_show_what_they_stand_for() -> None:
    assert "hunter2" not in repr(Placeholders({"⟦secret-1⟧": "hunter2"}))


def test_only_the_placeholders_that_stand_in_a_text_go_with_it() -> None:
    known = Placeholders({"⟦ip-1⟧": "10.0.0.1", "⟦ip-10⟧": "10.0.0.2", "⟦ip-2⟧": "10.0.0.3"})
    assert known.standing_in(["at ⟦ip-10⟧", "⟦ip-3⟧ and ⟦ip-2"]).originals == {
        "⟦ip-10⟧": "10.0.0.2"
    }

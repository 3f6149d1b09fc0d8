"""The words of the sheet: whole, harmless, and marked where something was found; the bounds that are typed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.departure import Leaving, PriceBound
from assistant.domain.errors import UsageError
from assistant.domain.findings import Finding, Kind, ScanVerdict
from assistant.domain.hygiene import harmless
from assistant.domain.prompt import Role
from assistant.domain.redaction import NO_PLACEHOLDERS, redact
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span
from assistant.tui.screens.consent_terms import Bounds
from assistant.tui.screens.consent_text import FOUND, KEPT, NOTED, pieces
from tests.tui.fake_services import NOON_MS

PRICE = PriceBound(Decimal("0.01"), "EUR", "2026-11-01")


@st.composite
def messages(draw: st.DrawFn) -> tuple[Leaving, tuple[Finding, ...], tuple[Finding, ...]]:
    """A message, what of it is kept back, and what was found besides."""
    text = draw(st.text(alphabet="ab \n\t\x1b\u202e⟦⟧email-1", max_size=60))
    spots = draw(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=4))
    found = [
        Finding(
            "rule", Kind.EMAIL, draw(st.sampled_from(list(ScanVerdict))), at, min(at + n, len(text))
        )
        for at, n in spots
        if at < len(text)
    ]
    held = tuple(f for f in found if f.verdict is ScanVerdict.BLOCK)
    return Leaving("m", Role.USER, "", text, Label.NORMAL, tuple(found)), held, tuple(found)


@given(messages())
def test_the_pieces_are_the_text_that_leaves_and_nothing_else(
    case: tuple[Leaving, tuple[Finding, ...], tuple[Finding, ...]],
) -> None:
    blank, held, found = case
    redacted = redact(blank.original, held, NO_PLACEHOLDERS)
    one = Leaving("m", Role.USER, redacted.text, blank.original, Label.NORMAL, found)
    parts = pieces(one, redacted.placeholders)
    assert "".join(part.text for part in parts) == harmless(redacted.text)
    assert {p.text for p in parts if p.look == KEPT} <= set(redacted.placeholders.originals)
    assert all("\x1b" not in part.note and "\n" not in part.note for part in parts)


def test_each_piece_says_what_it_is() -> None:
    text = "mail a@b.c, pay X1, call 030, pay X1"
    found = (
        Finding("mail", Kind.EMAIL, ScanVerdict.NOTE, 5, 10),
        Finding("iban", Kind.IBAN, ScanVerdict.BLOCK, 16, 18),
        Finding("phone", Kind.PHONE, ScanVerdict.WARN, 25, 28),
    )
    redacted = redact(text, found[1:2], NO_PLACEHOLDERS)
    one = Leaving("m", Role.USER, redacted.text, text, Label.NORMAL, found)
    marked = [part for part in pieces(one, redacted.placeholders) if part.look]
    assert [(part.text, part.look, part.note) for part in marked] == [
        ("a@b.c", NOTED, "a@b.c · email · leaves as it is"),
        ("⟦iban-1⟧", KEPT, "⟦iban-1⟧ was X1 · restored in the reply"),
        ("030", FOUND, "030 · phone · leaves as it is"),
        ("⟦iban-1⟧", KEPT, ""),
    ]


def test_bounds_are_read_as_they_are_typed() -> None:
    bounds = Bounds()
    assert bounds.words(None) == "100 requests, any cost"
    one = bounds.with_line("1", None)
    assert (one.line, one.words(PRICE)) == ("1", "1 request, any cost")
    both = bounds.with_line(" 20 , 0.50 EUR", PRICE)
    assert (both.line, both.words(PRICE)) == ("20, 0.50", "20 requests, at most 0.50 EUR")
    assert both.with_line("5,", PRICE).cost is None
    assert both.terms(Span.ONCE, NOON_MS, PRICE).max_cost is None
    assert both.turned().terms(Span.ONCE, NOON_MS, PRICE).fallback is False
    lasting = both.turned().terms(Span.CONVERSATION, NOON_MS, PRICE)
    assert (lasting.max_cost, lasting.currency, lasting.fallback) == (Decimal("0.50"), "EUR", True)


@pytest.mark.parametrize(
    ("text", "price", "wrong"),
    [
        ("", PRICE, "requests are a number"),
        ("0", PRICE, "requests are a number"),
        ("10001", PRICE, "requests are a number"),
        ("-5", PRICE, "requests are a number"),
        ("5, x", PRICE, "an amount in EUR"),
        ("5, NaN", PRICE, "this message alone"),
        ("5, 0.009", PRICE, "this message alone"),
        ("5, 1", None, "the price is not known"),
    ],
)
def test_bounds_that_are_none_are_refused(text: str, price: PriceBound | None, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        Bounds().with_line(text, price)

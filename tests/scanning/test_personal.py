"""Personal data with a shape: cards, accounts, phones, addresses of the net."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.findings import Kind, ScanVerdict
from assistant.scanning.personal import (
    IBAN_LENGTHS,
    MANY_EMAILS,
    account_number,
    card_number,
)
from assistant.scanning.scanner import PatternScanner

Found = Callable[[str], set[tuple[str, str]]]
CARDS = [
    "4111 1111 1111 1111", "4012888888881881", "5555-5555-5555-4444", "2223003122003222", "3782 822463 10005",
    "6011111111111117", "3056 930902 5904", "3530111333300000", "6304 0000 0000 0000",
]  # fmt: skip
ACCOUNTS = [
    "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "FR1420041010050500013M02606",
    "NO9386011117947", "CH9300762011623852957", "MT84MALT011000012345MTLCAST001S", "nl91abna0417164300",
]  # fmt: skip


@pytest.mark.parametrize("card", CARDS)
def test_a_card_is_found(found: Found, card: str) -> None:
    assert ("card-number", card) in found(f"Pay with {card}, please.")
    assert ("card-number", card) in found(f'{{"pan":"{card}"}}')


def test_a_card_is_found_among_other_groups_of_digits(found: Found) -> None:
    text = "12 1234 4111 1111 1111 1111 11 27 and 5555 5555 5555 4444 4012 8888 8888 1881"
    cards = {part for rule, part in found(text) if rule == "card-number"}
    assert cards == {"4111 1111 1111 1111", "5555 5555 5555 4444", "4012 8888 8888 1881"}


@given(st.sampled_from(CARDS), st.data())
def test_a_card_with_one_wrong_digit_is_none(card: str, data: st.DataObject) -> None:
    digits = "".join(filter(str.isdigit, card))
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    assert card_number(digits)
    assert not card_number(digits[:place] + other + digits[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "0000000000000000",
        "0.4111111111111111",
        "a4111111111111111",
        "4111-1111 1111-1111",
        "9999 9999 9999 9995",
    ],
)
def test_other_long_numbers_are_no_cards(found: Found, text: str) -> None:
    assert not {hit for hit in found(text) if hit[0] == "card-number"}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_is_found_whatever_follows(found: Found, account: str) -> None:
    assert ("iban", account) in found(f"to {account} and then {account}.")
    assert ("iban", account) in found(f"{account}\n{account}")


@given(st.sampled_from(ACCOUNTS), st.data())
def test_an_account_with_one_wrong_sign_is_none(account: str, data: st.DataObject) -> None:
    solid = account.replace(" ", "").upper()
    place = data.draw(st.integers(2, len(solid) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != solid[place]]))
    assert account_number(solid)
    assert not account_number(solid[:place] + other + solid[place + 1 :])


def test_an_account_has_its_countrys_length() -> None:
    assert len(IBAN_LENGTHS) == 89
    assert not account_number("DE8937040044053201300")
    assert not account_number("ZZ89370400440532013000")


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("Call me: 030 1234567", "030 1234567"),
        ("Tel. (030) 123-4567", "(030) 123-4567"),
        ("Handy 0170/1234567", "0170/1234567"),
        ("my mobile is 555-867-5309", "555-867-5309"),
        ("+49 170 1234567", "+49 170 1234567"),
        ("téléphone : 01 23 45 67 89", "01 23 45 67 89"),
    ],
)
def test_a_phone_with_its_country_or_a_word_before_it_warns(
    scanner: PatternScanner, text: str, phone: str
) -> None:
    [finding] = scanner.scan(text).findings
    assert (finding.rule, finding.verdict) == ("phone", ScanVerdict.WARN)
    assert text[finding.start : finding.end].strip("(") == phone.strip("(")


@pytest.mark.parametrize(
    "text",
    [
        "call 555",
        "tel 2026-11-23",
        "030 1234567",
        "Phone:\nsee 12345678",
        "+35236450.6",
        "x = a +12345678",
    ],
)
def test_other_numbers_are_no_phones(found: Found, text: str) -> None:
    assert not found(text)


@pytest.mark.parametrize(
    ("text", "rule", "part"),
    [
        ("Ask ann.b+c@mail.example.co.uk.", "email", "ann.b+c@mail.example.co.uk"),
        ("mailto:ann@example.org", "email", "ann@example.org"),
        ("host 192.168.1.20.", "ipv4", "192.168.1.20"),
        ("at 203.0.113.9:8080", "ipv4", "203.0.113.9"),
        ("[2001:db8::8a2e:370:7334]", "ipv6", "2001:db8::8a2e:370:7334"),
        ("see (https://example.org/a?b=c).", "url", "https://example.org/a?b=c)."),
    ],
)
def test_addresses_of_the_net_are_noted(
    scanner: PatternScanner, text: str, rule: str, part: str
) -> None:
    found = {(f.rule, text[f.start : f.end], f.verdict) for f in scanner.scan(text).findings}
    assert (rule, part, ScanVerdict.NOTE) in found


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1 0.0.0.0 ::1",
        "1.2.3",
        "1.2.3.4.5",
        "300.1.1.1",
        "12:34:56 std::move a.b@c",
        "user@host",
    ],
)
def test_what_looks_like_an_address_is_none(found: Found, text: str) -> None:
    assert not found(text)


def test_a_list_of_many_people_warns(scanner: PatternScanner) -> None:
    def emails(count: int) -> set[ScanVerdict]:
        text = ", ".join(f"someone{n}@example.org" for n in range(count))
        return {f.verdict for f in scanner.scan(text).findings if f.kind is Kind.EMAIL}

    assert emails(MANY_EMAILS - 1) == {ScanVerdict.NOTE}
    assert emails(MANY_EMAILS) == {ScanVerdict.WARN}
    same = ", ".join(["Bob@example.org", "bob@example.org"] * MANY_EMAILS)
    assert scanner.scan(same).verdict is ScanVerdict.NOTE

"""No half of a secret stays: what a rule begins to find goes to its end, and a number goes on where its line breaks."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from assistant.domain.findings import Kind
from assistant.domain.redaction import redact
from assistant.scanning.scanner import PatternScanner

# In two halves, so that no scan of this repository takes them for real.
HEAD, REST = "Xk29fj" + "Qw", "88zz" + "LpQ1"
SIGNS = st.characters(min_codepoint=33, max_codepoint=126)
ENDINGS = ".,;:!?)]}>\"'`\\"
PLACES = (
    "DB_PASSWORD={}",
    "my password is {}",
    "Passwort: {} und mehr",
    "Authorization: Bearer {}",
    "x-api-key: {}",
    "machine example.org login me password {}",
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"DB_PASSWORD={HEAD}#{REST}", "DB_PASSWORD=⟦secret-1⟧"),
        (f"DB_PASSWORD='{HEAD}#{REST}' # old", "DB_PASSWORD='⟦secret-1⟧' # old"),
        (f"DB_PASSWORD='{HEAD}'\"'\"'{REST}'", "DB_PASSWORD='⟦secret-1⟧"),
        (f"postgres://bob:{HEAD}@{REST}@db.host/x", "postgres://bob:⟦secret-1⟧@db.host/x"),
        (f"postgres://bob:{HEAD}/{REST}@db.host/x", "postgres://bob:⟦secret-1⟧@db.host/x"),
        (f"https://bob:{HEAD}@db.host/x?to=a@b.org", "https://bob:⟦secret-1⟧@db.host/x?to=a@b.org"),
        ("my password is Tr0ub4'dor&3xq.", "my password is ⟦secret-1⟧."),
        ("Bob's password is Tr0ub4\"dor&3xq, so", "Bob's password is ⟦secret-1⟧, so"),
        ("password=\"Tr0ub4'dor&3xq\", x", "password=\"⟦secret-1⟧\", x"),
        ('password: "a1 b2\\"c3 d4"', 'password: "⟦secret-1⟧"'),
        (f"Authorization: Bearer {HEAD}:{REST}", "Authorization: Bearer ⟦secret-1⟧"),
        (f'-H "Authorization: Bearer {HEAD}:{REST}","a"', '-H "Authorization: Bearer ⟦secret-1⟧","a"'),
        (f"machine a.b login me password {HEAD}\"{REST}", "machine a.b login me password ⟦secret-1⟧"),
        ("password is Xq9!" + "aB3$" * 60, "password is ⟦secret-1⟧"),
        ("card 4111\n1111 1111 1111, ok", "card ⟦card-1⟧, ok"),
        ("card 41111111\r\n11111111", "card ⟦card-1⟧"),
        ("> card 4111 1111\n> 1111 1111 is it", "> card ⟦card-1⟧ is it"),
        ("IBAN DE89\n3704 0044 0532 0130 00", "IBAN ⟦iban-1⟧"),
        ("DE89 3704 0044\n  0532 0130 00 it is", "⟦iban-1⟧ it is"),
    ],
)  # fmt: skip
def test_nothing_of_it_stays(scanner: PatternScanner, text: str, shown: str) -> None:
    grave = [f for f in scanner.scan(text).findings if f.kind not in (Kind.URL, Kind.EMAIL)]
    assert redact(text, grave).text == shown


@given(place=st.sampled_from(PLACES), head=st.text(SIGNS, min_size=1), rest=st.text(SIGNS))
@example(PLACES[0], HEAD, f"#{REST}")
@example(PLACES[3], HEAD, f":{REST}")
@example(PLACES[1], "Tr0ub4", "'dor&3xq")
def test_behind_a_placeholder_stands_at_most_the_end_of_a_sentence(
    scanner: PatternScanner, place: str, head: str, rest: str
) -> None:
    assume(head[0] not in "\"'`")
    text = place.format(head + rest)
    found = [f for f in scanner.scan(text).findings if f.kind is Kind.SECRET]
    _, placeholder, after = redact(text, found).text.partition("⟦secret-1⟧")
    assert not placeholder or not after.split(" ")[0].strip(ENDINGS) or "⟦" in after


@pytest.mark.parametrize(
    "text",
    [
        "see http://localhost:4873/@babel/core and https://a.org:443/?q=a@b.org",
        "ports\n41111111\n11111111\nthat is a column",
        "4111\n1111 1111 1112",
        "4111\n1111\n1111\n1111",
        "1 4111\n1111 1111 1111a",
        "DE89\n3704 0044 0532 0130 01",
    ],
)
def test_what_is_no_such_thing_blocks_nothing(scanner: PatternScanner, text: str) -> None:
    assert not scanner.scan(text).blocks

"""Numbers of states: those that fit are found, with the word that they need, and one wrong digit is none."""

from collections.abc import Callable

import pytest

Found = Callable[[str], set[tuple[str, str]]]

# Made by the schemes' own arithmetic; they belong to nobody that the tests know of.
NUMBERS = [
    ("us-ssn", "", "262-02-6010"),
    ("de-tax-id", "Steuer-ID: ", "42191301656"),
    ("de-tax-id", "IdNr ", "42 191 301 656"),
    ("de-pension-id", "", "15070649C103"),
    ("fr-nir", "", "168127510466224"),
    ("fr-nir", "", "1 68 12 75 104 662 24"),
    ("ch-ahv", "", "756.9687.6895.55"),
    ("es-dni", "DNI ", "28442983X"),
    ("es-nie", "", "X6262060B"),
    ("it-codice-fiscale", "", "RSSMRA85T10A562S"),
    ("it-codice-fiscale", "", "rssmra85t10a562s"),
    ("nl-bsn", "BSN: ", "930571319"),
    ("be-national-number", "", "20.11.20-405.74"),
    ("pl-pesel", "PESEL ", "25112751406"),
    ("se-personnummer", "personnummer ", "250516-5106"),
    ("fi-hetu", "", "150856-8533"),
    ("no-fodselsnummer", "", "280351 96821"),
    ("gb-nhs", "NHS number ", "670 729 4393"),
    ("gb-nino", "", "AB 12 34 56 C"),
    ("pt-nif", "NIF ", "629005834"),
    ("at-svnr", "SVNR ", "9314 161086"),
    ("ie-pps", "PPS no. ", "1261242R"),
    ("br-cpf", "", "762.618.649-42"),
    ("br-cpf-bare", "CPF ", "76261864942"),
    ("ca-sin", "SIN: ", "046 454 286"),
    ("in-aadhaar", "Aadhaar ", "2341 2341 2346"),
    ("cn-resident-id", "", "110105193902224668"),
    ("kr-rrn", "", "380318-1874904"),
    ("tr-tckn", "TC Kimlik No ", "72139825670"),
    ("au-tfn", "TFN ", "859 500 325"),
    ("za-id", "South African ID ", "0208100741189"),
]  # fmt: skip
WITHOUT_CHECK = {"us-ssn", "gb-nino"}


@pytest.mark.parametrize(("rule", "word", "number"), NUMBERS)
def test_a_number_is_found(found: Found, rule: str, word: str, number: str) -> None:
    assert (rule, number) in found(f"Bitte: {word}{number}.")
    assert (rule, number) in found(f'{{"{word}": "{number}"}}' if word else f'["{number}"]')


@pytest.mark.parametrize(("rule", "word", "number"), NUMBERS)
def test_a_number_with_one_wrong_digit_is_none(
    found: Found, rule: str, word: str, number: str
) -> None:
    if rule in WITHOUT_CHECK:
        return
    at = max(n for n, sign in enumerate(number) if sign.isdigit())
    wrong = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
    assert not {hit for hit in found(f"Bitte: {word}{wrong}.") if hit[0] == rule}


@pytest.mark.parametrize(("rule", "word", "number"), [row for row in NUMBERS if row[1]])
def test_a_number_that_others_fit_too_needs_its_word(
    found: Found, rule: str, word: str, number: str
) -> None:
    assert not {hit for hit in found(f"The result is {number} again") if hit[0] == rule}


@pytest.mark.parametrize(
    "number",
    [
        "000-12-3456",
        "666-12-3456",
        "912-12-3456",
        "123-00-4567",
        "123-45-0000",
        "GB123456A",
        "00000000000",
    ],
)
def test_what_was_never_given_out_is_none(found: Found, number: str) -> None:
    assert not {rule for rule, _ in found(f"CPF, NI: {number}") if rule not in ("phone",)}


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T15:37:25.123456Z",
        "1764000000000 ms, 17640000000 more",
        "sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "0x7fff5fbff710 v1.2.3 10.0.0.1:8080 3.14159265358979",
        "id=550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_numbers_of_programs_are_none(found: Found, text: str) -> None:
    assert not {rule for rule, _ in found(text)} - {"ipv4"}

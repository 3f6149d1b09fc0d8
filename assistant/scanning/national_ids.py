"""Numbers that states give to people, each with its own check; those that any number might pass need a word beside them."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache

from assistant.domain.findings import Kind
from assistant.scanning.checksums import luhn, mod_11_2, mod_11_10, verhoeff, weighted
from assistant.scanning.patterns import Pattern, compiled
from assistant.scanning.rules import Check, Hit, Rule

_BEFORE_BYTES, _AFTER_BYTES = 64, 24

Valid = Callable[[str], bool]
"""Takes the letters (upper case) and digits alone."""


@cache
def _words(words: tuple[str, ...]) -> Pattern:
    return compiled(rf"\b(?:{'|'.join(map(re.escape, words))})")


def near(hit: Hit, words: tuple[str, ...], *, same_line: bool = False) -> bool:
    """Whether one of `words` begins a word close by; with `same_line` only before it."""
    around = hit.around(_BEFORE_BYTES, _AFTER_BYTES)
    if same_line:
        around = hit.around(_BEFORE_BYTES).rpartition(b"\n")[2]
    return _words(words).search(around) is not None


def _check(valid: Valid, words: tuple[str, ...]) -> Check:
    def check(hit: Hit) -> bool:
        bare = "".join(filter(str.isalnum, hit.value)).upper()
        return valid(bare) and (not words or near(hit, words))

    return check


def _id(name: str, pattern: str, valid: Valid, *words: str) -> Rule:
    boundary = rf"(?:^|[^\w.,-])({pattern})(?:$|[^\w])"
    return Rule(name, boundary, words, Kind.NATIONAL_ID, check=_check(valid, words))


def _day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def us_ssn(n: str) -> bool:
    """United States: no check digit, but ranges that were never given out."""
    return n[:3] not in ("000", "666") and n[0] != "9" and n[3:5] != "00" and n[5:] != "0000"


def de_tax(n: str) -> bool:
    """Germany, tax number of a person: of the first ten digits one stands there twice or three times, the others once."""
    often = [count for count in Counter(n[:10]).values() if count > 1]
    return n[0] != "0" and len(often) == 1 and often[0] <= 3 and mod_11_10(n)


def de_pension(n: str) -> bool:
    """Germany, pension insurance: the letter counts as two digits, the digits of each product are added."""
    digits = f"{n[:8]}{ord(n[8]) - 64:02}{n[9:11]}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    products = (int(d) * w for d, w in zip(digits, weights, strict=True))
    born = 1 <= int(n[2:4]) <= 81 and 1 <= int(n[4:6]) <= 12
    return born and sum(p // 10 + p % 10 for p in products) % 10 == int(n[11])


def fr_nir(n: str) -> bool:
    """France: the last two digits are what is missing to a multiple of 97; Corsica's letters stand for 19 and 18."""
    digits = n.replace("2A", "19", 1) if n[5:7] == "2A" else n
    digits = digits.replace("2B", "18", 1) if n[5:7] == "2B" else digits
    return digits.isdigit() and 97 - int(digits[:13]) % 97 == int(digits[13:])


def ch_ahv(n: str) -> bool:
    """Switzerland: an EAN-13."""
    return (weighted(n, (1, 3) * 6 + (1,))) % 10 == 0


def es_dni(n: str) -> bool:
    """Spain: the letter is the number modulo 23; X, Y and Z before a foreigner's number count 0, 1 and 2."""
    digits = n[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == n[-1]


_ITALIAN_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2
        + (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)


def it_cf(n: str) -> bool:
    """Italy: odd places count by a table, even ones by their value; the sum modulo 26 is the last letter."""
    odd = sum(_ITALIAN_ODD[c] for c in n[:15:2])
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in n[1:15:2])
    return (odd + even) % 26 == ord(n[15]) - 65


def nl_bsn(n: str) -> bool:
    """Netherlands: the test of eleven, the last digit counting -1."""
    return n != "000000000" and weighted(n, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def be_nn(n: str) -> bool:
    """Belgium: what is missing to a multiple of 97; those born from 2000 on have a 2 before the number."""
    born = int(n[2:4]) % 20 <= 12 and int(n[4:6]) <= 31
    return born and int(n[9:]) in (97 - int(n[:9]) % 97, 97 - int("2" + n[:9]) % 97)


def pl_pesel(n: str) -> bool:
    """Poland: the month holds the century."""
    sums = weighted(n, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1))
    return _day(str(int(n[2:4]) % 20), n[4:6]) and sums % 10 == 0


def se_pnr(n: str) -> bool:
    """Sweden: Luhn over the last ten digits; a coordination number has 60 added to the day."""
    short = n[-10:]
    return _day(short[2:4], str(int(short[4:6]) % 60)) and luhn(short)


def fi_hetu(n: str) -> bool:
    """Finland: the digits modulo 31. `n` is without the sign of the century where that is no letter."""
    digits = n[:6] + n[-4:-1]
    sign = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31]
    return _day(n[2:4], n[:2]) and sign == n[-1]


def no_fnr(n: str) -> bool:
    """Norway: two sums modulo 11; a D-number has 40 added to the day."""
    first = weighted(n, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
    second = weighted(n, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    return first and second and _day(n[2:4], str(int(n[:2]) % 40))


def gb_nhs(n: str) -> bool:
    """England, health service: the weighted sum is a multiple of 11."""
    return weighted(n, range(10, 0, -1)) % 11 == 0


def gb_nino(n: str) -> bool:
    """United Kingdom, insurance: no check digit, but prefixes that were never given out."""
    return n[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def pt_nif(n: str) -> bool:
    """Portugal: a remainder of 0 or 1 makes the check digit 0."""
    remainder = weighted(n, range(9, 1, -1)) % 11
    return int(n[8]) == (0 if remainder < 2 else 11 - remainder)


def at_svnr(n: str) -> bool:
    """Austria: the fourth digit checks the others."""
    return weighted(n[:3] + n[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11 == int(n[3])


def ie_pps(n: str) -> bool:
    """Ireland: the sum modulo 23 as a letter; a second letter counts nine times."""
    second = (ord(n[8]) - 64) % 23 * 9 if len(n) > 8 else 0
    return "WABCDEFGHIJKLMNOPQRSTUV"[(weighted(n, range(8, 1, -1)) + second) % 23] == n[7]


def br_cpf(n: str) -> bool:
    """Brazil: two check digits."""
    first = weighted(n, range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(n, range(11, 1, -1)) * 10 % 11 % 10
    return len(set(n)) > 1 and n[9:] == f"{first}{second}"


def cn_rid(n: str) -> bool:
    """China: ISO 7064 MOD 11-2, and a day of birth within 1900 to 2099."""
    return n[6:8] in ("19", "20") and _day(n[10:12], n[12:14]) and mod_11_2(n)


def kr_rrn(n: str) -> bool:
    """Korea: as given out until 2020."""
    total = weighted(n, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))
    return _day(n[2:4], n[4:6]) and (11 - total % 11) % 10 == int(n[12])


def tr_tckn(n: str) -> bool:
    """Turkey: two check digits."""
    odd, even = weighted(n[0:9:2], (1,) * 5), weighted(n[1:8:2], (1,) * 4)
    tenth = (odd * 7 - even) % 10
    return n[0] != "0" and n[9:] == f"{tenth}{(odd + even + tenth) % 10}"


def au_tfn(n: str) -> bool:
    """Australia, tax file number: the weighted sum is a multiple of 11."""
    return weighted(n, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def za_id(n: str) -> bool:
    """South Africa: Luhn, and a day of birth."""
    return _day(n[2:4], n[4:6]) and luhn(n)


NATIONAL_ID_RULES: tuple[Rule, ...] = (
    _id("us-ssn", r"\d{3}-\d{2}-\d{4}", us_ssn),
    _id("de-tax-id", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", de_tax, "steuer", "idnr", "id-nr", "tin", "tax", "identifikationsnummer"),
    _id("de-pension-id", r"\d{2} ?\d{6} ?[A-Z] ?\d{3}", de_pension),
    _id("fr-nir", r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", fr_nir),
    _id("ch-ahv", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", ch_ahv),
    _id("es-dni", r"\d{8}[ -]?[A-HJ-NP-TV-Z]", es_dni, "dni", "nif", "documento", "identidad"),
    _id("es-nie", r"[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]", es_dni),
    _id("it-codice-fiscale", r"(?i:[A-Z]{6}\d{2}[A-EHLMPRST][0-7]\d[A-Z]\d{3}[A-Z])", it_cf),
    _id("nl-bsn", r"\d{9}|\d{4}\.\d{2}\.\d{3}", nl_bsn, "bsn", "burgerservice", "sofi"),
    _id("be-national-number", r"\d{2}[. -]?\d{2}[. -]?\d{2}[ -]?\d{3}[. -]?\d{2}", be_nn),
    _id("pl-pesel", r"\d{11}", pl_pesel, "pesel"),
    _id("se-personnummer", r"(?:19|20)?\d{6}[-+]?\d{4}", se_pnr, "person", "pnr", "samordning", "ssn"),
    _id("fi-hetu", r"[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", fi_hetu),
    _id("no-fodselsnummer", r"[0-7]\d[01]\d{3} ?\d{5}", no_fnr),
    _id("gb-nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", gb_nhs, "nhs"),
    _id("gb-nino", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", gb_nino),
    _id("pt-nif", r"[1-9]\d{2} ?\d{3} ?\d{3}", pt_nif, "nif", "contribuinte"),
    _id("at-svnr", r"[1-9]\d{3} ?[0-3]\d[01]\d{3}", at_svnr, "sozialvers", "svnr", "sv-nr", "vsnr"),
    _id("ie-pps", r"\d{7}[A-W][A-IW]?", ie_pps, "pps"),
    _id("br-cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", br_cpf),
    _id("br-cpf-bare", r"\d{11}", br_cpf, "cpf"),
    _id("ca-sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", luhn, "sin", "social insurance", "nas"),
    _id("in-aadhaar", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", verhoeff, "aadhaar", "aadhar", "uid"),
    _id("cn-resident-id", r"[1-9]\d{16}[\dXx]", cn_rid),
    _id("kr-rrn", r"\d{6}-[1-8]\d{6}", kr_rrn),
    _id("tr-tckn", r"[1-9]\d{10}", tr_tckn, "kimlik", "tckn", "t.c", "tc"),
    _id("au-tfn", r"\d{3} ?\d{3} ?\d{3}", au_tfn, "tfn", "tax file"),
    _id("za-id", r"\d{13}", za_id, "south afric", "identity", "id number", "rsa id"),
)  # fmt: skip
"""One rule per scheme."""

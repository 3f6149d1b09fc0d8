"""Personal data that has a shape: cards and accounts by their checksums, phones by a word beside them, addresses of the net."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from assistant.domain.findings import Finding, Kind, ScanVerdict
from assistant.scanning.checksums import luhn, mod_97_10
from assistant.scanning.national_ids import NATIONAL_ID_RULES, near
from assistant.scanning.rules import Hit, Rule, Span

MANY_EMAILS = 10
"""So many different ones are a list of people: they warn."""

_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}(?:\d{3})?"  # Discover
    r"|3(?:0[0-5]|095|[689]\d)\d{11}(?:\d{2,5})?"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12}(?:\d{3})?"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|5[678]\d\d|6304|67\d\d)\d{8,15}"  # Maestro
    r"|220[0-4]\d{12,15}"  # Mir
    r"|(?:6521|60[78]\d|81\d\d|82\d\d)\d{12}"  # RuPay
)
"""ISO/IEC 7812: first digits and lengths by issuer."""

_GROUPS = re.compile(rb"\d+")


def card_number(digits: str) -> bool:
    """Whether an issuer gives out such numbers, the Luhn sum holds, and the digits are not all alike."""
    return _ISSUERS.fullmatch(digits) is not None and luhn(digits) and len(set(digits)) > 1


def _cards(hit: Hit) -> Iterator[Span]:
    """Cards within a row of groups of digits: a column or a date may stand before and after the number."""
    groups = [m.span() for m in _GROUPS.finditer(hit.data, hit.start, hit.end)]
    first = 0
    while first < len(groups):
        # A card that is written in groups begins with one of four.
        most = _MOST_GROUPS if groups[first][1] - groups[first][0] == 4 else 1
        ends = range(min(first + most, len(groups)), first, -1)
        end = next((end for end in ends if _card(hit, groups[first:end])), None)
        if end is not None:
            yield groups[first][0], groups[end - 1][1]
        first = end or first + 1


_MOST_GROUPS = 6
_BREAK = r"[ \t-]?\r?\n[ \t>]{0,8}"
"""A line that goes on in the next one, also in a letter that is quoted."""
_BEFORE = re.compile(rb"[\d -]+$")
_AFTER = re.compile(rb"(?:[ -]?\d){1,18}(?!\w)")


def _broken_cards(hit: Hit) -> Iterator[Span]:
    """A card with one break of the line in it; in a column of numbers two that stand below each other are none."""
    data, start, end = hit.data, hit.start, hit.end
    before = _BEFORE.search(data[max(0, start - 24) : start])
    after = _AFTER.match(data[end : end + 24])
    if before is None or after is None:
        return
    head = [m.span() for m in _GROUPS.finditer(data, start - len(before[0]), start)][-4:]
    tail = [m.span() for m in _GROUPS.finditer(data, end, end + len(after[0]))]
    for first, (begin, stop) in enumerate(head):
        if begin and data[begin - 1 : begin].isalnum():
            continue
        if stop - begin == 4:
            most = len(tail)
        elif first == len(head) - 1 and data[max(0, begin - 1) : begin] not in (b"", b"\n"):
            # Not written in groups: one number, and something ahead of it on its line.
            most = 1
        else:
            continue
        for last in range(most, 0, -1):
            if _card(hit, (*head[first:], *tail[:last]), across=data[start:end]):
                yield begin, tail[last - 1][1]
                return


def _card(hit: Hit, groups: Sequence[Span], across: bytes = b"") -> bool:
    """Whether `groups` are one; `across` is what stands where a line breaks."""
    if not 12 <= sum(end - start for start, end in groups) <= 19:
        return False
    between = {hit.data[a[1] : b[0]] for a, b in pairwise(groups)} - {across}
    digits = b"".join(hit.data[start:end] for start, end in groups).decode()
    return len(between) < 2 and card_number(digits)


_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
IBAN_LENGTHS = {c: length for length, names in _COUNTRIES.items() for c in names.split()}
"""ISO 13616: how many characters an account number of each country has."""

_ACCOUNT = re.compile(rb"[A-Za-z0-9](?:(?:[ -]|[ \t-]?\r?\n[ \t>]{0,8})?[A-Za-z0-9]){14,33}")


def account_number(text: str) -> bool:
    """Whether `text`, without blanks, is an IBAN: its country's length, and ISO 7064 MOD 97-10 over it turned round."""
    text = text.upper()
    return IBAN_LENGTHS.get(text[:2]) == len(text) and mod_97_10(text[4:] + text[:4])


def _accounts(hit: Hit) -> Iterator[Span]:
    """The account number that begins here, however far the letters and blanks go on."""
    run = _ACCOUNT.match(hit.data, hit.start)
    wanted = IBAN_LENGTHS.get(hit.value[:2].upper())
    if run is None or wanted is None:
        return
    places = [at for at in range(hit.start, run.end()) if hit.data[at : at + 1].isalnum()][:wanted]
    end = places[-1] + 1
    text = b"".join(hit.data[at : at + 1] for at in places).decode()
    if not hit.data[end : end + 1].isalnum() and account_number(text):
        yield hit.start, end


_PHONE_WORDS = (
    "phone", "telephone", "telefon", "telefoon", "teléfono", "téléphone", "tel", "mobile", "mobil", "móvil", "cell", "call me", "call us",
    "fax", "whatsapp", "sms", "handy", "rufnummer", "portable", "celular", "gsm", "dial",
)  # fmt: skip


_ABROAD = re.compile(r"\+(?:\d+[ ()/-]|\d+\.\d+\.)")
_DAY = re.compile(r"(?:19|20)\d\d[-./]\d\d[-./]\d\d")


def _phone(hit: Hit) -> bool:
    if _DAY.match(hit.value):
        return False
    digits = sum(c.isdigit() for c in hit.value)
    # Written with its country, in groups, a number needs no word beside it.
    alone = digits >= 9 and _ABROAD.match(hit.value) is not None
    return 7 <= digits <= 15 and (alone or near(hit, _PHONE_WORDS, same_line=True))


def _mailbox(hit: Hit) -> bool:
    """Not the password and the host of a URL."""
    before = hit.data[max(0, hit.start - 100) : hit.start]
    return before[-1:] != b":" or b"://" not in before.split()[-1]


def _ipv4(hit: Hit) -> bool:
    address = ipaddress.IPv4Address(hit.value)
    return not (address.is_loopback or address.is_unspecified or hit.value == "255.255.255.255")


def _ipv6(hit: Hit) -> bool:
    try:
        address = ipaddress.IPv6Address(hit.value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified) and any(
        c.isdigit() for c in hit.value
    )


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"

PERSONAL_RULES: tuple[Rule, ...] = (
    Rule("card-number", r"(?:^|[^\w.,])(\d(?:[ -]?\d){11,79})(?:$|[^\w])", kind=Kind.CARD, parts=_cards),
    # One half at least has six digits: other lines that begin with a number are not looked at.
    Rule(
        "card-number-broken",
        rf"(?:\d[ -]?){{5}}\d({_BREAK})\d|\d({_BREAK})\d(?:[ -]?\d){{5}}",
        kind=Kind.CARD,
        parts=_broken_cards,
    ),
    Rule("iban", rf"(?i)(?:^|[^\w])([a-z]{{2}}\d{{2}})(?:[ -]|{_BREAK})?[a-z0-9]{{2}}", kind=Kind.IBAN, parts=_accounts),
    *NATIONAL_ID_RULES,
    Rule(
        "phone",
        r"(?:^|[^\w.+-])(\+?(?:\(\+?\d{1,4}\) ?)?\d(?:[ /.()-]{0,2}\d){6,14})(?:$|[^\w.]|\.(?:\s|$))",
        kind=Kind.PHONE,
        verdict=ScanVerdict.WARN,
        check=_phone,
    ),
    Rule(
        "email",
        rf"(?i)\b[a-z0-9][a-z0-9._%+-]{{0,63}}@(?:{_LABEL}\.)+[a-z]{{2,24}}\b",
        ("@",),
        kind=Kind.EMAIL,
        verdict=ScanVerdict.NOTE,
        check=_mailbox,
    ),
    Rule(
        "ipv4",
        rf"(?:^|[^\w.])({_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET})(?:$|[^\w.]|\.(?:\s|$))",
        kind=Kind.IP,
        verdict=ScanVerdict.NOTE,
        check=_ipv4,
    ),
    Rule(
        "ipv6",
        r"(?i)(?:^|[^\w:])((?:[0-9a-f]{1,4}:){1,7}(?::?[0-9a-f]{1,4}){1,7})(?:$|[^\w:])",
        ("::", ":"),
        kind=Kind.IP,
        verdict=ScanVerdict.NOTE,
        check=_ipv6,
    ),
    Rule(
        "url",
        r"""(?i)\b(?:https?|ftp|sftp|wss?|ssh|smb)://[^\s<>"'`{}|\\^\[\]]{2,}""",
        ("://",),
        kind=Kind.URL,
        verdict=ScanVerdict.NOTE,
    ),
)  # fmt: skip
"""What blocks first: cards, accounts, numbers of states."""


def with_many(text: str, findings: Sequence[Finding]) -> Iterator[Finding]:
    """`findings`, where a list of many different email addresses warns."""
    emails = {text[f.start : f.end].lower() for f in findings if f.kind is Kind.EMAIL}
    for finding in findings:
        warns = finding.kind is Kind.EMAIL and len(emails) >= MANY_EMAILS
        yield replace(finding, verdict=ScanVerdict.WARN) if warns else finding

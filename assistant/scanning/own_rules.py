"""The shapes of secrets that gitleaks misses and that developers paste: passwords, headers, URLs, keys of model providers."""

import base64
import re
from functools import cache

from assistant.scanning.ends import whole_value
from assistant.scanning.patterns import Pattern, compiled
from assistant.scanning.rules import Check, Hit, Rule
from assistant.scanning.secret_rules import entropy


@cache
def _stand_in() -> Pattern:
    """What people write where a secret would stand: names, variables, calls, templates, dots."""
    return compiled(
        r"(?i)\W*⟦[a-z-]+-[0-9]+⟧\W*|[$%<\[{(].*|[x*.\-_]+|(?:[a-z_]\w*\.)+\w+"
        r"|(?:your|my|the|some|new|old|insert|enter|replace|redacted|hidden|removed|example|sample|dummy|test|fake)\b.*"
        r"|your[_-]?.*|(?:my|user|db|the)?[_-]?(?:pass|passwd|password|passwort|pwd|pw|secret|token|key|apikey|api[_-]key)[_-]?(?:here|\d)?"
        r"|change[_-]?me|(?-i:[A-Z][A-Z_]+)|none|null|nil|true|false|undefined|str|string|bytes|int|optional|self|env|input|getpass|prompt"
    )


def meant(hit: Hit) -> bool:
    """Whether the value may be a real one: no stand-in, not one sign over and over, not the name said again."""
    value = hit.data[hit.start : hit.end]
    name = _bare(hit.data[hit.match_start : hit.start])
    if len(set(value)) < 3 or _bare(value) in name:
        return False
    return not _stand_in().fullmatch(value)


def _bare(text: bytes) -> bytes:
    return b"".join(re.findall(rb"[a-z0-9\x80-\xff]+", text.lower()))


def random_above(bits: float) -> Check:
    """A check for values that are no stand-ins and hold more than `bits` of entropy per character."""

    def check(hit: Hit) -> bool:
        return meant(hit) and entropy(hit.value) > bits

    return check


@cache
def _expression() -> Pattern:
    """What a program computes: a call, a subscript, a type with its parameters, or the end of one."""
    return compiled(r"[A-Za-z_][\w.]*[(\[{<].*|.*[)\]}>|][.,;:]?")


def assigned(hit: Hit) -> bool:
    """A value as a file of settings holds it."""
    return random_above(2.5)(hit) and not _expression().fullmatch(hit.data[hit.start : hit.end])


@cache
def _phrase() -> Pattern:
    """A word with its plural or its alternative, a name of several words, an option, an argument, an address in memory."""
    return compiled(
        r"[A-Za-z]+(?:[-_./'][A-Za-z]+)+[.,;:!?]*|[A-Za-z]+['’][a-z]*|-?-?[a-z-]+|\w+=.*|0x.*"
    )


def said(hit: Hit) -> bool:
    """A password among words: it holds a digit or a sign beside letters, so that `password is required` is none."""
    raw, value = hit.data[hit.start : hit.end], hit.value.rstrip(".,;:!?")
    mixed = any(c.isalpha() for c in value) and any(not c.isalpha() for c in value.strip("-_'\""))
    return mixed and meant(hit) and not (_expression().fullmatch(raw) or _phrase().fullmatch(raw))


def user_and_password(hit: Hit) -> bool:
    """The base64 of `user:password`."""
    code = hit.data[hit.start : hit.end].rstrip(b"=")
    try:
        user, colon, password = base64.b64decode(code + b"=" * (-len(code) % 4)).partition(b":")
    except ValueError:
        return False
    return bool(colon and password) and (user + password).isascii()


def token(hit: Hit) -> bool:
    """A word with a digit in it, or a very long one."""
    return random_above(2.5)(hit) and (any(map(str.isdigit, hit.value)) or len(hit.value) >= 24)


_PORT = re.compile(rb"\d{1,5}[/?#]")
_PAGES = re.compile(rb"(?i)(?:https?|wss?|ftp)://")


def in_url(hit: Hit) -> bool:
    """What stands between the colon and the last `@` before a host, where it is no port with a path behind it."""
    page = _PAGES.match(hit.data, hit.match_start) is not None
    return meant(hit) and not (page and _PORT.match(hit.data, hit.start))


_NAMED = r"(?i)\b(?:[a-z0-9]+[_.-])*(?:mistral|scaleway|scw|ovh|stackit|ionos|together|deepinfra|deepseek|sambanova|cerebras|nebius|berget|evroc|regolo|cortecs|requesty|opper|telnyx|assemblyai|azure[_-]?openai|openai|anthropic|groq|cohere|openrouter|fireworks|hugging[_-]?face|replicate|xai|moonshot|voyage)(?:[ _.-][a-z0-9]+){0,4}"

_WORDS = r"(?:pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|mot de passe|contrase(?:n|ñ)a|wachtwoord|parola|senha|has(?:l|ł)o|pin)"
_KEYWORDS = ("passw", "passp", "passc", "pwd", "kennwort", "mot de passe", "contrase", "wachtwoord", "parola", "senha", "has", "pin")  # fmt: skip

OWN_RULES: tuple[Rule, ...] = (
    Rule(
        "url-credentials",
        r"""(?i)\b[a-z][a-z0-9+.-]{1,30}://[^\s/:@'"<>]{0,64}:([^\s@'"<>]+(?:@[^\s/?#@'"<>]*)*)@[\w\[.-]""",
        ("://",),
        check=in_url,
    ),
    Rule(
        "basic-header",
        r"""(?i)\bbasic[ \t]{1,3}([a-z0-9+/]{6,}={0,2})""",
        ("basic",),
        check=user_and_password,
    ),
    Rule(
        "bearer-header",
        r"""(?i)\bauthorization["']?\s{0,3}[:=]\s{0,3}[b"'`]{0,2}(?:bearer|token|apikey|key)[ \t]{1,3}([a-z0-9+/=_.~-]{8,})""",
        ("authorization",),
        check=token,
        parts=whole_value,
    ),
    Rule(
        "key-header",
        r"""(?i)\b(?:x-[a-z-]{0,20})?(?:api|access|auth|subscription|goog-api)-(?:key|token)["']?\s{0,3}[:=]\s{0,3}["'`]?([a-z0-9+/=_.~-]{16,})""",
        ("-key", "-token"),
        check=random_above(3),
        parts=whole_value,
    ),
    Rule(
        "cookie-header",
        r"""(?i)\b(?:set-)?cookie["']?\s{0,3}[:=][^\r\n]*?\b[\w.-]{0,40}(?:sess|auth|token|sid|jwt|login)[\w.-]{0,40}=([^;\s'",]{16,})""",
        ("cookie",),
        check=random_above(3),
    ),
    Rule(
        "password-said",
        rf"""(?i)(?:^|[^\w.$@-]){_WORDS}["']?(?:\s{{0,3}}(?::=|=|:)\s{{0,3}}|\s{{1,3}}(?:is|was|lautet|ist|est|es|jest)(?:\s{{0,2}}:\s{{0,2}}|\s{{1,3}}))["'`«„“]?([^\s"'`«»„“”]{{4,128}})""",
        _KEYWORDS,
        check=said,
        parts=whole_value,
    ),
    Rule(
        "password-quoted",
        rf"""(?i)(?:^|[^.$@-]){_WORDS}["']?\s{{0,3}}(?::=|=>|=|:)\s{{0,3}}[bru]?["'`]([^"'`\r\n]{{6,128}})["'`]""",
        _KEYWORDS,
        check=random_above(2.5),
        parts=whole_value,
    ),
    Rule(
        "env-secret",
        r"""(?m)^[ \t]*(?:export[ \t]+|set[ \t]+|\$env:)?[A-Z0-9_]*(?:SECRET|TOKEN|PASSWORD|PASSWD|PASS|PWD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|AUTH_?KEY)(?:_[A-Z0-9_]*)?[ \t]*=[ \t]*["']?([^\s"']{8,})""",
        ("secret", "token", "pass", "pwd", "key", "credential"),
        check=assigned,
        parts=whole_value,
    ),
    Rule(
        "provider-key",
        r"""\b(sk-ant-[A-Za-z0-9_-]{24,}|sk-or-v1-[0-9a-f]{32,}|sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{24,}|sk-[A-Za-z0-9]{32,}|gsk_[A-Za-z0-9]{32,}|xai-[A-Za-z0-9]{40,}|csk-[a-z0-9]{32,}|nvapi-[A-Za-z0-9_-]{40,}|pplx-[A-Za-z0-9]{32,}|r8_[A-Za-z0-9]{32,}|hf_[A-Za-z0-9]{30,}|fw_[A-Za-z0-9]{20,}|tgp_v1_[A-Za-z0-9_-]{30,}|AIza[A-Za-z0-9_-]{35}|AQ\.[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{30,}|ABSK[A-Za-z0-9+/=]{60,}|bedrock-api-key-[A-Za-z0-9+/=]{40,}|SCW[A-Z0-9]{17}\b)""",
        (
            "sk-",
            "gsk_",
            "xai-",
            "csk-",
            "nvapi-",
            "pplx-",
            "r8_",
            "hf_",
            "fw_",
            "tgp_v1_",
            "aiza",
            "aq.",
            "ya29.",
            "absk",
            "bedrock-api-key-",
            "scw",
        ),
        check=random_above(3),
    ),
    Rule(
        "provider-key-named",
        rf"""{_NAMED}["'\]]?\s{{0,3}}(?:=>|:=|=|:|\bis\b)\s{{0,3}}["'`]?([a-z0-9_]{{24,}}|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})\b""",
        (
            "mistral",
            "scaleway",
            "scw",
            "ovh",
            "stackit",
            "ionos",
            "together",
            "deep",
            "sambanova",
            "cerebras",
            "nebius",
            "berget",
            "evroc",
            "regolo",
            "cortecs",
            "requesty",
            "opper",
            "telnyx",
            "assemblyai",
            "openai",
            "anthropic",
            "groq",
            "cohere",
            "openrouter",
            "fireworks",
            "hugging",
            "replicate",
            "xai",
            "moonshot",
            "voyage",
        ),
        check=token,
    ),
    Rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])*(?:[^-]{24,}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?)",
        ("private key",),
    ),
    Rule(
        "kubeconfig",
        r"""(?i)\bclient-(?:key|certificate)-data["']?:\s{0,3}["']?([a-z0-9+/=]{40,})""",
        ("-data",),
    ),
    Rule(
        "connection-string",
        r"""(?i)\b(?:account_?key|shared_?access_?key|shared_?secret|password|pwd)\s{0,2}=\s{0,2}([^;\s"']{6,256});""",
        ("key", "secret", "password", "pwd"),
        check=said,
    ),
    Rule(
        "netrc",
        r"""(?i)\bmachine\s+[\w.-]+\s+login\s+\S+\s+password\s+([^\s"'\\]+)""",
        ("machine",),
        check=meant,
        parts=whole_value,
    ),
    Rule(
        "password-hash",
        r"(?:^|[^\w$])(\$(?:1|5|6|y|7|2[abxy]|argon2(?:id|i|d)|scrypt)\$[A-Za-z0-9./=,$+-]{20,})",
        ("$",),
        check=lambda hit: entropy(hit.value) > 3,
    ),
    Rule(
        "wallet-words",
        r"(?i)\b(?:seed|recovery|mnemonic|backup|wallet)\b[^\r\n]{0,80}?[:=\n]\s{0,4}[\"'`(]?((?:(?:\d{1,2}[.)]\s?)?[a-z]{3,8}[\s,]{1,3}){11,23}(?:\d{1,2}[.)]\s?)?[a-z]{3,8})",
        ("seed", "recovery", "mnemonic", "backup", "wallet"),
    ),
    Rule(
        "wallet-key",
        r"\b([xyzt]prv[1-9A-HJ-NP-Za-km-z]{100,112})\b|(?i:\bprivate[ _-]?key\b)[^\r\n]{0,20}?\b((?:0x)?[0-9a-fA-F]{64})\b",
        ("prv", "private"),
        check=random_above(3),
    ),
)
"""What opens something first, then keys of providers, then parts of files, then wallets."""

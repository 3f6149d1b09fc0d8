"""The own rules: what developers paste is found, what they write about secrets is not."""

import json
from collections.abc import Callable

import pytest

from assistant.domain.redaction import redact
from assistant.scanning.own_rules import OWN_RULES
from assistant.scanning.scanner import PatternScanner

Found = Callable[[str], set[tuple[str, str]]]

# In two halves, so that no scan of this repository takes them for real.
WORD = "h7Kq" + "Zr2mVx9LpTb4"
HEX = "9f86d081884c7d65" + "9a2feaa0c55ad015"
LONG = WORD + "Wn3c" + HEX + "Yd8sGf5jQa"

SECRETS = [
    ("url-credentials", f"postgres://app:{WORD}@db.internal:5432/main", WORD),
    ("url-credentials", f"redis://:{WORD}@10.0.0.5", WORD),
    ("url-credentials", "mysql://root:p(w{x]9@db/", "p(w{x]9"),
    ("url-credentials", "https://bob:geheim%21@example.org/", "geheim%21"),
    ("basic-header", "Authorization: Basic Ym9iOmh1bnRlcjI=", "Ym9iOmh1bnRlcjI="),
    ("bearer-header", f'"authorization": "Bearer {WORD}"', WORD),
    ("key-header", f"x-api-key: {WORD}", WORD),
    ("key-header", f"Ocp-Apim-Subscription-Key: {HEX}", HEX),
    ("cookie-header", f"Cookie: theme=dark; sessionid={WORD}{HEX}; x=1", WORD + HEX),
    ("password-said", "my password is hunter2", "hunter2"),
    ("password-said", "Passwort: Geh3im!", "Geh3im!"),
    ("password-said", "mon mot de passe est Tr0ub4dor", "Tr0ub4dor"),
    ("password-said", "la contraseña es abc123xyz", "abc123xyz"),
    ("password-said", "the pin: 4711x", "4711x"),
    ("password-quoted", "login(password='correct horse battery')", "correct horse battery"),
    ("env-secret", f"FOO=1\nexport DB_PASSWORD={WORD}\n", WORD),
    ("env-secret", f"STRIPE_SECRET={WORD}", WORD),
    ("provider-key", f"sk-proj-{LONG}", f"sk-proj-{LONG}"),
    ("provider-key", f"sk-or-v1-{HEX}{HEX}", f"sk-or-v1-{HEX}{HEX}"),
    ("provider-key", f"the key gsk_{LONG} is dead", f"gsk_{LONG}"),
    ("provider-key", "SCW" + "4K7Q2M9X5T8B3Z6H1", "SCW" + "4K7Q2M9X5T8B3Z6H1"),
    ("provider-key", f"xai-{LONG}{WORD}", f"xai-{LONG}{WORD}"),
    ("provider-key-named", f"MISTRAL_API_KEY: {WORD}{HEX}", WORD + HEX),
    ("provider-key-named", f"scaleway secret_key = {HEX}", None),
    ("private-key", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{LONG}\n", None),
    ("kubeconfig", f"    client-key-data: {LONG}{LONG}", LONG + LONG),
    ("connection-string", f"Server=db;User Id=sa;Password={WORD};Encrypt=yes", WORD),
    ("netrc", f"machine example.org login bob password {WORD}", WORD),
    ("password-hash", "root:$6$abcd$" + "Zr2mVx9LpTb4.Kq7h/8sGf5jQa:1:", None),
    ("wallet-words", "seed phrase: " + "zebra anchor bottle candle dragon eagle forest garden harbor island jungle kitten", None),
    ("wallet-words", "My recovery words:\n" + " ".join(f"{n}. {w}" for n, w in enumerate(["zebra", "anchor", "bottle"] * 4, 1)), None),
    ("wallet-key", f"private key 0x{HEX}{HEX}", f"0x{HEX}{HEX}"),
]  # fmt: skip

HARMLESS = [
    "password: str",
    "password = None",
    "password is required",
    "Your password is too short.",
    "The password was wrong; the password is not stored.",
    "password = getpass.getpass()",
    "password=os.environ['DB_PASSWORD']",
    "passwd: <your password>",
    "password: ********",
    "PASSWORD=${DB_PASSWORD}",
    "DB_PASSWORD=changeme",
    "API_KEY=your-api-key-here",
    "SECRET_KEY = SETTINGS_SECRET",
    'X_API_KEY = "x-api-key"',
    "SECRET_KEY = get_secret_value()",
    "password: list[str9]",
    "export TOKEN=$(cat token.txt)",
    "postgres://user:password@localhost/db",
    "https://user:${TOKEN}@example.org",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "Authorization: Bearer\tOpenAI chat-completions",
    "Authorization: Basic authentication is used here",
    "basic understanding of things",
    "x-api-key + anthropic-version",
    "MISTRAL_API_KEY is read from the keyring",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
    "The seed phrase is a list of twelve words that must never be shown to anyone at all.",
    "def check_password(self, password: str, hashed: bytes) -> bool:",
    "together model = meta-llama/Llama-3.3-70B-Instruct-Turbo",
    "openai model: gpt-5-mini-2026-04-14-preview-large-context",
    "the risk-assessment of task-management-and-planning-for-everyone",
]


@pytest.mark.parametrize(("rule", "text", "part"), SECRETS)
def test_a_secret_is_found(found: Found, rule: str, text: str, part: str | None) -> None:
    hits = {hit for hit in found(text) if hit[0] not in ("url", "email", "ipv4")}
    assert hits
    assert part is None or any(part in shown for _, shown in hits), hits


@pytest.mark.parametrize(("rule", "text", "part"), SECRETS)
def test_its_own_rule_finds_it(rule: str, text: str, part: str | None) -> None:
    [own] = [one for one in OWN_RULES if one.id == rule]
    data = text.encode()
    assert any(word.encode() in data.lower() for word in own.keywords)
    spans = list(own.search(data, lambda: None))
    assert spans
    assert part is None or part in {data[start:end].decode() for start, end in spans}


@pytest.mark.parametrize(("rule", "text", "part"), SECRETS)
def test_what_was_redacted_no_longer_blocks(
    scanner: PatternScanner, rule: str, text: str, part: str | None
) -> None:
    redacted = redact(text, scanner.scan(text).findings)
    assert not scanner.scan(redacted.text).blocks, redacted.text


@pytest.mark.parametrize(("rule", "text", "part"), SECRETS)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_secret_is_found_in_the_bytes_that_would_leave(
    scanner: PatternScanner, rule: str, text: str, part: str | None, ascii_only: bool
) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    body = json.dumps({"model": "m", "messages": messages}, ensure_ascii=ascii_only)
    assert scanner.scan(body).blocks


def test_every_own_rule_is_tried() -> None:
    assert {rule.id for rule in OWN_RULES} == {rule for rule, _, _ in SECRETS}


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_blocks_nothing(found: Found, text: str) -> None:
    assert not {hit for hit in found(text) if hit[0] not in ("url", "email")}

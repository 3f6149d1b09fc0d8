"""The shapes of secrets that gitleaks knows, read from the file that lies beside this one."""

import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import log2
from pathlib import Path

from assistant.domain.errors import StorageError
from assistant.domain.fields import Fields
from assistant.scanning.patterns import Pattern, compiled
from assistant.scanning.rules import Hit, Rule

PATH = Path(__file__).with_name("secret_rules.toml")


@dataclass(frozen=True, slots=True)
class SecretRules:
    """The rules, and which release of gitleaks they are from."""

    rules: tuple[Rule, ...]
    release: str
    as_of: str


@dataclass(frozen=True)
class _Allowed:
    """Patterns of what is no secret, compiled when they are first needed."""

    sources: tuple[str, ...]

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        return tuple(compiled(source) for source in self.sources)

    def within(self, text: bytes) -> bool:
        return any(pattern.search(text) for pattern in self.patterns)

    def whole(self, text: bytes) -> bool:
        return any(pattern.fullmatch(text) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class _Sieve:
    """The check of one rule: random enough, and nothing that is known to be harmless."""

    entropy: float
    everywhere: _Allowed
    value: _Allowed
    match: _Allowed
    line: _Allowed
    stopwords: tuple[str, ...]

    def __call__(self, hit: Hit) -> bool:
        value = hit.value
        if self.entropy and entropy(value) <= self.entropy:
            return False
        low = value.lower()
        if any(word in low for word in self.stopwords):
            return False
        # The patterns for all rules are anchored, but one of them only in a part; they mean the whole value.
        raw = hit.data[hit.start : hit.end]
        if self.everywhere.whole(raw) or self.value.within(raw):
            return False
        return not (self.match.within(hit.match) or self.line.within(hit.line))


def entropy(text: str) -> float:
    """Shannon's entropy in bits per character; 0 for an empty text."""
    length = len(text)
    return -sum(n / length * log2(n / length) for n in Counter(text).values())


def load(path: Path = PATH) -> SecretRules:
    """The rules of the file. Raises: StorageError where it is missing or damaged."""
    try:
        return _read(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        problem = f"the rules for secrets in {path.name} cannot be used: {error}"
        raise StorageError(problem, "install the program again") from error


_Table = dict[str, object]


def _read(document: _Table) -> SecretRules:
    facts = Fields(document)
    everywhere, stopwords = _Allowed(_texts(document, "allow")), _texts(document, "stopwords")
    tables = document.get("rules")
    if not isinstance(tables, list) or not tables:
        raise ValueError("it holds no rules")
    rules = tuple(_rule(table, everywhere, stopwords) for table in tables)
    return SecretRules(rules, facts.text("release"), facts.text("as_of"))


def _rule(table: _Table, everywhere: _Allowed, stopwords: tuple[str, ...]) -> Rule:
    fields = Fields(table)
    sieve = _Sieve(
        entropy=(fields.maybe_number("entropy") or 0) if "entropy" in table else 0,
        everywhere=everywhere,
        value=_Allowed(_texts(table, "allow")),
        match=_Allowed(_texts(table, "allow_match")),
        line=_Allowed(_texts(table, "allow_line")),
        stopwords=stopwords + _texts(table, "stopwords"),
    )
    return Rule(
        id=fields.text("id"),
        pattern=fields.text("regex"),
        keywords=_texts(table, "keywords"),
        check=sieve,
        group=fields.whole("group") if "group" in table else None,
    )


def _texts(table: _Table, key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise ValueError(f"{key} is not a list of texts")
    return tuple(value)

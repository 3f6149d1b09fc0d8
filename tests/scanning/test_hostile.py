"""Hostile texts: made to be slow, to be dense, or to be no text at all. The time stays bounded, and the answer is no."""

import itertools
import time
from collections.abc import Iterator

import pytest

from assistant.domain.findings import Gap
from assistant.scanning.rules import Rule
from assistant.scanning.scanner import BUDGET_MS, MOST_BYTES, PatternScanner
from tests.scanning.pattern_samples import Samples

OVERRUN_MS = 750
"""What one pass over the longest text may take past the budget, on a slow and busy machine."""

DENSE = {
    "digits": "4111 1111 1111 1112 ",
    "one card after the other": "4111 1111 1111 1111 ",
    "emails": "a@b.co,",
    "escapes": "\\n%41&lt;",
    "terminal escapes": "\x1b[31mx",
    "nearly base64": "QUtJQUlPU0ZPRE5ON0VY ",
    "base64 lines": "QUJD" * 19 + "\n",
    "curl that never ends": "curl \r\n -H 'Authorization: x",
    "assignments without values": "api_key = '' ",
    "keywords alone": "key token secret pass akia ghp_ sk- xoxb- eyJ curl aws s.",
    "words": "seed phrase: " + "abandon " * 40,
    "a URL that never ends": "a://" + ":" * 60,
    "passwords": "password: ",
    "IPv6": "a:b:c:",
    "accounts": "DE89 3704 ",
    "brackets": "((((((((",
    "placeholders": "⟦email-1⟧",
    "NUL": "\x00",
    "lone surrogates": "\ud800\udfff",
    "right to left": "\u202e\u2066",
    "large characters": "🎉",
}  # fmt: skip


def long(unit: str) -> str:
    """`unit` over and over, up to the bound."""
    times = MOST_BYTES // len(unit.encode("utf-8", "replace"))
    return unit * times


@pytest.mark.parametrize("unit", DENSE.values(), ids=DENSE)
def test_a_dense_text_ends_in_time(scanner: PatternScanner, unit: str) -> None:
    scan = scanner.scan(long(unit), [unit * 3])
    assert scan.took_ms < BUDGET_MS + OVERRUN_MS
    assert scan.scanned or scan.gap is Gap.TOO_SLOW


def parts(rule: Rule) -> Iterator[str]:
    """A text of the rule, and texts that begin like one."""
    [text] = itertools.islice(Samples(rule.pattern, seed=3), 1)
    yield from (text, text[:-1], text[: len(text) // 2] + "-")


def search_ms(rule: Rule, data: bytes) -> float:
    """What this thread worked until the rule's first finding, or its none."""
    began = time.thread_time()
    next(rule.search(data, lambda: None), None)
    return (time.thread_time() - began) * 1000


def test_no_pattern_is_slow_on_what_it_nearly_matches(scanner: PatternScanner) -> None:
    slow: list[tuple[str, str, float]] = []
    for rule in scanner.rules:
        for part in filter(None, parts(rule)):
            data = long(part).encode()[: MOST_BYTES // 8]
            # Twice: what is slow by itself is so each time, what the machine's other work slowed down is not.
            took_ms = min(search_ms(rule, data) for _ in range(2))
            slow += [(rule.id, part, took_ms)] if took_ms > (BUDGET_MS + OVERRUN_MS) / 8 else []
    assert not slow

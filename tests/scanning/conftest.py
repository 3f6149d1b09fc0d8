"""One scanner for all tests of the room: it holds nothing of what it saw."""

import time
from collections.abc import Callable

import pytest

from assistant.domain.findings import Scan
from assistant.scanning.scanner import PatternScanner


@pytest.fixture(scope="session")
def scanner() -> PatternScanner:
    """The scanner as it ships, but measured by the time that this thread works: the tests share their machine."""
    made = PatternScanner(lambda: time.thread_time() * 1000)
    made.warm()
    return made


@pytest.fixture(scope="session")
def found(scanner: PatternScanner) -> Callable[[str], set[tuple[str, str]]]:
    """Scans a text; gives the rules that found something, each with what it found."""

    def scan(text: str) -> set[tuple[str, str]]:
        scan: Scan = scanner.scan(text)
        assert scan.scanned
        return {(f.rule, text[f.start : f.end]) for f in scan.findings}

    return scan

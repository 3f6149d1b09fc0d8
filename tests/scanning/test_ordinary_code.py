"""Ordinary code passes: of all modules of Python's own library two lines block, and one of them does show a password."""

import sysconfig
from pathlib import Path

from assistant.scanning.scanner import MOST_BYTES, PatternScanner

LIBRARY = Path(sysconfig.get_path("stdlib"))
MODULES = sorted([*LIBRARY.glob("*.py"), *LIBRARY.glob("[!ist_]*/[!t]*.py")])
KNOWN = {"geheim$parole", "win32api.RegEnumKey"}
"""In the documentation of urllib.request; in distutils, until Python 3.12."""


def test_pythons_own_library_is_no_secret() -> None:
    # No time passes: what is found must not hang on how busy the machine is.
    scanner = PatternScanner(lambda: 0.0)
    texts = [path.read_text("utf-8", "replace") for path in MODULES]
    assert sum(map(len, texts)) > 3_000_000
    scans = [(text, scanner.scan(text)) for text in texts if len(text.encode()) <= MOST_BYTES]
    assert all(scan.scanned for _, scan in scans)
    blocked = {
        text[f.start : f.end] for text, scan in scans for f in scan.findings if f.verdict == "block"
    }
    assert blocked <= KNOWN

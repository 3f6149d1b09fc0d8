"""Makes `assistant/scanning/secret_rules.toml` from gitleaks: the rules that can see a text, without those for file names.

    python scripts/secret_rules.py GITLEAKS --release 8.30.1 --as-of 2026-11-23 > assistant/scanning/secret_rules.toml

GITLEAKS is the program itself, which carries its rules inside, or its `config/gitleaks.toml`.
"""

import argparse
import hashlib
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

_BEGINS = b"# This file has been auto-generated. Do not edit manually."
_LICENCE = """\
MIT License

Copyright (c) 2019 Zachary Rice

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
_HEADER = """\
Shapes of secrets. Made by scripts/secret_rules.py from the rules of gitleaks; not to be edited by hand.
A finding is the value that the pattern captures, where it is more random than `entropy` (bits per character) and
nothing of `allow` and `stopwords` is in it. A pattern runs only over a text that holds one of its keywords.

What follows is a part of gitleaks:

"""

_Table = dict[str, object]


def rules_of(file: bytes) -> bytes:
    """The TOML text in `file`. Raises: ValueError where there is none."""
    begin = file.find(_BEGINS)
    if begin < 0:
        raise ValueError("no gitleaks rules in this file")
    end = file.find(b"\0", begin)
    return file[begin:] if end < 0 else file[begin:end]


def trimmed(config: _Table) -> Iterator[_Table]:
    """First the table for all rules, then one table per rule; what asks for a file's name is left out."""
    everywhere = cast(_Table, config["allowlist"])
    yield {"allow": everywhere["regexes"], "stopwords": everywhere["stopwords"]}
    for rule in cast(list[_Table], config["rules"]):
        if "regex" in rule:
            yield _trim(rule)


def _trim(rule: _Table) -> _Table:
    kept: _Table = {"id": rule["id"], "regex": rule["regex"]}
    renamed = (("entropy", "entropy"), ("secretGroup", "group"), ("keywords", "keywords"))
    kept |= {ours: rule[theirs] for theirs, ours in renamed if theirs in rule}
    for allowed in cast(list[_Table], rule.get("allowlists", [])):
        if allowed.get("condition") == "AND" and "paths" in allowed:
            continue
        target = allowed.get("regexTarget", "secret")
        key = "allow" if target == "secret" else f"allow_{target}"
        kept[key] = [
            *cast(list[str], kept.get(key, [])),
            *cast(list[str], allowed.get("regexes", [])),
        ]
        kept["stopwords"] = [
            *cast(list[str], kept.get("stopwords", [])),
            *cast(list[str], allowed.get("stopwords", [])),
        ]
    return {key: value for key, value in kept.items() if value != []}


def toml_value(value: object) -> str:
    """A number, or texts as TOML literals, which keep a pattern's backslashes as they are."""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        quote = "'''" if "'" in value else "'"
        return f"{quote}{value}{quote}"
    parts = [toml_value(part) for part in cast(list[str], value)]
    line = f"[{', '.join(parts)}]"
    return line if len(line) <= 100 else "[\n" + "".join(f"  {part},\n" for part in parts) + "]"


def written(source: bytes, release: str, as_of: str) -> Iterator[str]:
    """The lines of the file."""
    for line in (_HEADER + _LICENCE).splitlines():
        yield f"# {line}".rstrip()
    everywhere, *rules = trimmed(tomllib.loads(source.decode("utf-8")))
    facts = {
        "release": release,
        "as_of": as_of,
        "source_sha256": hashlib.sha256(source).hexdigest(),
    }
    yield ""
    for key, value in ({"source": "gitleaks config/gitleaks.toml", **facts} | everywhere).items():
        yield f"{key} = {toml_value(value)}"
    for rule in rules:
        yield ""
        yield "[[rules]]"
        for key, value in rule.items():
            yield f"{key} = {toml_value(value)}"


def main() -> None:
    """Prints the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("gitleaks", type=Path)
    parser.add_argument("--release", required=True)
    parser.add_argument("--as-of", required=True)
    given = parser.parse_args()
    lines = written(rules_of(given.gitleaks.read_bytes()), given.release, given.as_of)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

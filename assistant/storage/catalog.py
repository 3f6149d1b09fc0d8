"""Reads the catalogue of models that can be had, and believes no row that is not whole."""

import re
import tomllib
from dataclasses import dataclass
from typing import Final

from assistant.domain.errors import StorageError
from assistant.domain.models import CONTEXT_TOKENS, CatalogEntry, memory_need

FORMAT: Final = 1
SOURCES: Final = ("package", "https")

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPOSITORY = {
    "package": re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+"),
    "https": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*"),
}
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_TOP: Final = {"format", "starter", "origin", "hosts", "model"}
_TEXTS: Final = ("id", "name", "parameters", "source", "repository", "file", "licence", "evidence")
_COUNTS: Final = ("size_bytes", "context_tokens", "layers", "kv_heads", "head_size")
_OPTIONAL_TEXTS: Final = ("quantisation", "licence_terms", "note", "sha256", "package_sha256")

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The models that can be had; `origin` serves the files of source `https`, `hosts` are where it may redirect to."""

    origin: str
    hosts: tuple[str, ...]
    starter: CatalogEntry
    entries: tuple[CatalogEntry, ...]


def read_catalog(text: str, where: str) -> Catalog:
    """The catalogue in `text`; `where` names the file in errors. Raises: StorageError that says which row is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(where, str(error)) from error
    _only(table, _TOP, where)
    if table.get("format") != FORMAT:
        raise _wrong(where, f"its format is {table.get('format')!r}, this program reads {FORMAT}")
    rows, hosts = table.get("model"), table.get("hosts")
    if not isinstance(rows, list) or not isinstance(hosts, list) or not hosts:
        raise _wrong(where, "it needs [[model]] rows and a list of hosts")
    entries = tuple(_entry(row, f"{where}, model {n}") for n, row in enumerate(rows, 1))
    by_id = {entry.id: entry for entry in entries}
    if len(by_id) != len(entries):
        raise _wrong(where, "two models have the same id")
    starter = by_id.get(_text(table, "starter", where))
    if starter is None:
        raise _wrong(where, "starter names no model")
    origin = _text(table, "origin", where)
    if not re.fullmatch(r"https://[a-z0-9.-]+(:[0-9]+)?", origin):
        raise _wrong(where, f"origin {origin!r} is not https://HOST")
    return Catalog(origin, tuple(str(host) for host in hosts), starter, entries)


def _entry(row: Row, where: str) -> CatalogEntry:
    if not isinstance(row, dict):
        raise _wrong(where, "it is not a table")
    where = f"{where} ({row.get('id', 'no id')})"
    known = {*_TEXTS, *_COUNTS, *_OPTIONAL_TEXTS, "download_bytes", "verified"}
    _only(row, known, where)
    texts = {name: _text(row, name, where) for name in _TEXTS}
    texts |= {name: _text(row, name, where) if name in row else "" for name in _OPTIONAL_TEXTS}
    counts = {name: _count(row, name, where) for name in _COUNTS}
    _check_forms(texts, where)
    verified = row.get("verified")
    if not isinstance(verified, bool) or (verified and not texts["sha256"]):
        raise _wrong(where, "verified must be true or false, and true needs sha256")
    kv_bytes = 4 * counts["layers"] * counts["kv_heads"] * counts["head_size"]
    context = min(CONTEXT_TOKENS, counts["context_tokens"])
    quantisation = texts["quantisation"]
    return CatalogEntry(
        id=texts["id"],
        name=f"{texts['name']} {quantisation}".rstrip(),
        source=texts["source"],
        repository=texts["repository"],
        file=texts["file"],
        size_bytes=counts["size_bytes"],
        sha256=texts["sha256"] or None,
        package_sha256=texts["package_sha256"] or None,
        licence=texts["licence"],
        context_tokens=counts["context_tokens"],
        memory_bytes=memory_need(counts["size_bytes"], kv_bytes, context),
        parameters=texts["parameters"],
        verified=verified,
        note=texts["note"],
        licence_terms=texts["licence_terms"],
        download_bytes=_count(row, "download_bytes", where) if "download_bytes" in row else None,
        evidence=texts["evidence"],
    )


def _check_forms(texts: dict[str, str], where: str) -> None:
    """Raises: StorageError where a text could lead a download or a file name astray."""
    source = texts["source"]
    if source not in SOURCES:
        raise _wrong(where, f"source {source!r} is none of {', '.join(SOURCES)}")
    forms = {"id": _ID, "repository": _REPOSITORY[source], "file": _FILE}
    for name, form in forms.items():
        if not form.fullmatch(texts[name]):
            raise _wrong(where, f"{name} {texts[name]!r} is not of the form {form.pattern}")
    for name in ("sha256", "package_sha256"):
        if texts[name] and not _SHA256.fullmatch(texts[name]):
            raise _wrong(where, f"{name} is not 64 lower-case hex digits")
    if source == "package" and not (texts["package_sha256"] and texts["sha256"]):
        raise _wrong(where, "a package needs package_sha256 and sha256")


def _text(row: Row, name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, f"{name} must be a text")
    return value


def _count(row: Row, name: str, where: str) -> int:
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _wrong(where, f"{name} must be a number above 0")
    return value


def _only(row: Row, known: set[str], where: str) -> None:
    unknown = sorted(set(row) - known)
    if unknown:
        raise _wrong(where, f"the key {unknown[0]!r} is unknown")


def _wrong(where: str, what: str) -> StorageError:
    return StorageError(f"{where}: {what}", "install the program again")

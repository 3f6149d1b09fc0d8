"""The data of genai-prices in the form in which the project publishes them, made from its package; and ways to change them."""

import functools
import json
import runpy
from pathlib import Path

from genai_prices.data_snapshot import get_snapshot

ROOT = Path(__file__).parents[1]
Data = list[dict[str, object]]


@functools.cache
def _published() -> bytes:
    raw = runpy.run_path(str(ROOT / "scripts/prices.py"))["raw"]
    return json.dumps(raw(get_snapshot().providers), default=float).encode()


def published() -> bytes:
    """The data as they are."""
    return _published()


def parsed() -> Data:
    """The same as values, to be changed."""
    found = json.loads(_published())
    assert isinstance(found, list)
    return found


def encoded(data: object) -> bytes:
    """Values as they are published."""
    return json.dumps(data).encode()


def model_of(data: Data, provider: str, model: str) -> dict[str, object]:
    """The row of one model."""
    [found] = [one for one in data if one["id"] == provider]
    rows = found["models"]
    assert isinstance(rows, list)
    [row] = [one for one in rows if one["id"] == model]
    assert isinstance(row, dict)
    return row

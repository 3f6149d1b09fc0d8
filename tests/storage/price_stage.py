"""A small snapshot of prices and shipped routes to ask them for."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from assistant.domain.cloud_routes import CloudRoute, Registry
from assistant.domain.cloud_setup import CloudSetup

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ONE_LIST: Final[dict[str, object]] = {
    "name": "one",
    "currency": "USD",
    "as_of": "2026-11-08",
    "source": "a page",
    "falls_back": [],
    "models": [
        {"model": "Plain", "prices": [{"input": "2", "output": "10"}]},
        {
            "model": "day-and-night",
            "match": {
                "begins": ["day"],
                "all": [{"of": [{"ends": ["night"]}, {"holds": ["-and-"]}]}],
            },
            "placed": True,
            "prices": [
                {"input": "1", "output": "1"},
                {"input": "3", "output": "1", "hours": ["01:00", "04:00"]},
                {"input": "1", "output": "4", "since": "2027-01-01"},
            ],
        },
        {"model": "free", "prices": []},
    ],
}
SMALL: Final[dict[str, object]] = {
    "schema": 1,
    "as_of": "2026-11-09",
    "made_from": "a test",
    "routes": {
        "openai-eu": {"list": "one"},
        "bedrock-eu-west-1": {"list": "one", "placed_only": True},
        "stackit": {"why": "its price list could not be read"},
    },
    "lists": [ONE_LIST],
}


def snapshot_of(whole: object, folder: Path) -> Path:
    path = folder / "prices.json"
    path.write_text(json.dumps(whole), "utf-8")
    return path


def row(registry: Registry, name: str) -> CloudRoute:
    found = registry.find(name)
    assert found is not None
    return found


def setup(registry: Registry, name: str, model: str) -> CloudSetup:
    found = row(registry, name)
    return CloudSetup(found.filled(dict.fromkeys(found.asks, "eu-west-1")), model)

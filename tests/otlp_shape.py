"""What OTLP's metrics look like in JSON, by the rules of protobuf's JSON mapping and OTLP's own: a reader that takes nothing else.

Written from the .proto files: names in lowerCamelCase, 64-bit numbers as decimal texts, doubles as numbers, enums as numbers.
"""

import re
from collections.abc import Callable, Mapping

Check = Callable[[object], None]


def is_text(value: object) -> None:
    assert isinstance(value, str)


def is_flag(value: object) -> None:
    assert isinstance(value, bool)


def is_double(value: object) -> None:
    assert isinstance(value, int | float)
    assert not isinstance(value, bool)


def is_64_bits(value: object) -> None:
    assert isinstance(value, str)
    assert re.fullmatch("0|[1-9][0-9]*", value)
    assert int(value) < 2**64


def is_delta(value: object) -> None:
    assert value == 1
    assert isinstance(value, int)


def each(check: Check) -> Check:
    def look(value: object) -> None:
        assert isinstance(value, list)
        for one in value:
            check(one)

    return look


def message(fields: Mapping[str, Check], *one_of: str) -> Check:
    """An object with no other fields; of `one_of` it has exactly one."""

    def look(value: object) -> None:
        assert isinstance(value, dict)
        assert set(value) <= set(fields), set(value) - set(fields)
        if one_of:
            assert len(set(one_of) & set(value)) == 1
        for name, found in value.items():
            fields[name](found)

    return look


_VALUE = message({"stringValue": is_text, "boolValue": is_flag}, "stringValue", "boolValue")
_PAIR = message({"key": is_text, "value": _VALUE})
_POINT = {"attributes": each(_PAIR), "startTimeUnixNano": is_64_bits, "timeUnixNano": is_64_bits}
_NUMBER = message(_POINT | {"asInt": is_64_bits, "asDouble": is_double}, "asInt", "asDouble")
_SPREAD = message(
    _POINT
    | {
        "count": is_64_bits,
        "sum": is_double,
        "bucketCounts": each(is_64_bits),
        "explicitBounds": each(is_double),
        "min": is_double,
        "max": is_double,
    }
)
_DELTA = {"aggregationTemporality": is_delta}
_SUM = message(_DELTA | {"dataPoints": each(_NUMBER), "isMonotonic": is_flag})
_HISTOGRAM = message(_DELTA | {"dataPoints": each(_SPREAD)})
_METRIC = message(
    {"name": is_text, "description": is_text, "unit": is_text, "sum": _SUM, "histogram": _HISTOGRAM},
    "sum",
    "histogram",
)  # fmt: skip
_SCOPE = message(
    {
        "scope": message({"name": is_text, "version": is_text}),
        "metrics": each(_METRIC),
        "schemaUrl": is_text,
    }
)
require_request = message(
    {
        "resourceMetrics": each(
            message(
                {
                    "resource": message({"attributes": each(_PAIR)}),
                    "scopeMetrics": each(_SCOPE),
                    "schemaUrl": is_text,
                }
            )
        )
    }
)
"""Fails for what is no ExportMetricsServiceRequest."""


def metrics_of(request: object) -> dict[str, dict[str, object]]:
    """The metrics of a request, by name."""
    require_request(request)
    assert isinstance(request, dict)
    [resource] = request["resourceMetrics"]
    [scope] = resource["scopeMetrics"]
    return {metric["name"]: metric for metric in scope["metrics"]}


def points_of(metric: Mapping[str, object]) -> list[dict[str, object]]:
    """Its points, each with its attributes as an object."""
    data = metric.get("sum") or metric.get("histogram")
    assert isinstance(data, dict)
    found = []
    for point in data["dataPoints"]:
        pairs = {one["key"]: next(iter(one["value"].values())) for one in point["attributes"]}
        found.append(point | {"attributes": pairs})
    return found

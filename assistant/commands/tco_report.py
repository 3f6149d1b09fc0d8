"""A comparison over years as a command prints it: tables of 80 columns, one object, or lines of CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from textwrap import wrap
from typing import Final

from assistant.domain.hygiene import one_cell, one_line
from assistant.domain.tco import Result, Row, over_volumes, reach_of
from assistant.domain.tco_break_even import requests_words
from assistant.domain.tco_inputs import FIELDS, plain, value_of
from assistant.domain.tco_measured import Measured
from assistant.domain.tco_prices import AtList
from assistant.domain.tco_sensitivity import Lever, sensitivity
from assistant.domain.tco_words import (
    UNKNOWN,
    about_list_prices,
    fitting,
    list_break_even,
    list_source,
    money,
    nodes_words,
    notes,
    sides,
    verdict,
)

WIDTH: Final = 80
_VOLUMES: Final = 41
_CELL: Final = 16


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known of one comparison."""

    preset: str
    result: Result
    listed: Sequence[AtList]
    begun: tuple[str, ...]
    measured: Measured | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of it beside the figures."""
        return (*self.begun, *notes(self.result))

    @property
    def volumes(self) -> tuple[Row, ...]:
        """Both sides over the volume."""
        return over_volumes(self.result.inputs, reach_of(self.result), _VOLUMES)

    def to_json(self) -> dict[str, object]:
        """The object of `tco --json`."""
        inputs = self.result.inputs
        numbers = {field.name: value_of(inputs, field.name) for field in FIELDS}
        if inputs.power_unknown:
            numbers["power_per_node"] = None
        return {
            **self.result.to_json(),
            "preset": self.preset,
            "inputs": {
                **{name: None if one is None else plain(one) for name, one in numbers.items()},
                "currency": inputs.currency,
                "life_months": None if inputs.life_months is None else plain(inputs.life_months),
                "cached_tokens": plain(inputs.cached_tokens),
                "cloud_cached": None if inputs.cloud_cached is None else plain(inputs.cloud_cached),
                "split_assumed": inputs.split_assumed,
                "power_unknown": inputs.power_unknown,
                "cloud_price_is_listed": inputs.cloud_listed,
            },
            "telemetry": self.measured.to_json() if self.measured else None,
            "notes": list(self.notes),
            "at_list_prices": [one.to_json() for one in self.listed],
            "sensitivity": [one.to_json() for one in sensitivity(self.result)],
            "volumes": [_row_json(row) for row in self.volumes],
        }

    def csv(self) -> Iterator[str]:
        """One line for each figure: which table, which row, both sides, and what the edge saves."""
        yield _csv("table", "row", "edge", "cloud", "edge_saves", "currency")
        currency = self.result.inputs.currency
        for table, row, *figures in self._figures():
            yield _csv(table, row, *figures, currency)

    def _figures(self) -> Iterator[tuple[str, str, Decimal | None, Decimal | None, Decimal | None]]:
        for line in sides(self.result):
            saves = self.result.edge_saves if line.label == "total" else None
            yield "costs", line.label, line.edge, line.cloud, saves
        for one in self.listed:
            at = one.result
            figures = (at.edge.total, at.cloud.total, at.edge_saves) if at else (None, None, None)
            yield "list price", one_cell(one.price.name), *figures
        for lever in sensitivity(self.result):
            yield "sensitivity", f"{lever.label} -20 %", None, None, lever.lower
            yield "sensitivity", f"{lever.label} +20 %", None, None, lever.higher
        for row in self.volumes:
            saves = row.cloud - row.edge
            yield "requests a day", plain(row.requests_per_day), row.edge, row.cloud, saves

    def text(self) -> Iterator[str]:
        """The tables, in lines of at most 80 columns."""
        yield from self._sides()
        yield ""
        yield verdict(self.result)
        yield from wrap(f"Break-even: {self.result.break_even.words}.", WIDTH)
        yield ""
        yield from wrap(about_list_prices(self.result) + ".", WIDTH)
        yield from self._list_prices()
        yield ""
        yield "What the edge saves with one input 20 % lower and 20 % higher"
        yield from _levers(sensitivity(self.result))

    def _sides(self) -> Iterator[str]:
        inputs, result = self.result.inputs, self.result
        years = "1 year" if inputs.years == 1 else f"{plain(inputs.years)} years"
        tokens = plain(inputs.tokens_per_request)
        asked = requests_words(f"{inputs.requests_per_day:,f}")
        yield f"{asked} a day x {tokens} tokens x {inputs.days_per_year} days, {years}"
        growth = f", {plain(inputs.growth * 100)} % more each year" if inputs.growth else ""
        yield f"{result.tokens.to_integral_value():,f} tokens{growth}"
        yield ""
        head = f"{inputs.currency}, {years}"
        yield f"{head:<24}{'edge, ' + nodes_words(result.nodes):>20}{'cloud':>20}{'edge saves':>16}"
        for line in sides(result):
            edge, cloud, saves = line.shown(_CELL)
            yield f"{line.label:<24}{edge:>20}{cloud:>20}{saves:>{_CELL}}"

    def _list_prices(self) -> Iterator[str]:
        if not self.listed:
            yield "  nothing is compared (costs.compare in the settings)"
            return
        yield f"  {'':<30}{'cloud total':>13}{'edge saves':>13}{'wins':>7}{'edge wins':>15}"
        for one in self.listed:
            total = saves = wins = UNKNOWN
            if one.result is not None:
                total = fitting(one.result.cloud.total, 13, estimated=True)
                saves = fitting(one.result.edge_saves, 13, estimated=True)
                wins = one.result.cheaper
            name, even = one_line(one.price.name, 30), list_break_even(one)
            yield f"  {name:<30}{total:>13}{saves:>13}{wins:>7}{even:>15}"
            if one.result is None:
                yield from wrap(one.why, WIDTH, initial_indent="    ", subsequent_indent="    ")
        if source := list_source(self.listed):
            yield f"  {source}"


def _levers(levers: Sequence[Lever]) -> Iterator[str]:
    yield f"  {'':<27}{'-20 %':>16}{'+20 %':>16}{'between':>16}"
    for one in levers:
        turns = "  !" if one.turns else ""
        figures = f"{money(one.lower):>16}{money(one.higher):>16}{money(one.swing):>16}"
        yield f"  {one.label:<27}{figures}{turns}"
    if any(one.turns for one in levers):
        yield "  ! the other side wins at one of these"


def _row_json(row: Row) -> dict[str, object]:
    return {
        "requests_per_day": int(row.requests_per_day),
        "nodes": int(row.nodes),
        "edge": plain(row.edge),
        "cloud": plain(row.cloud),
    }


def _csv(*cells: Decimal | str | None) -> str:
    shown = ["" if cell is None else cell if isinstance(cell, str) else plain(cell) for cell in cells]  # fmt: skip
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(shown)
    return line.getvalue()

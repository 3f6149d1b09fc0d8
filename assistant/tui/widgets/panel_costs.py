"""The panel's section on money: what requests cost, what they would have cost elsewhere, and what is left of a limit."""

import functools
from collections.abc import Callable, Iterator
from decimal import Decimal

from assistant.domain.hygiene import one_line
from assistant.domain.running_costs import (
    UNKNOWN,
    Amount,
    Limit,
    RunningCosts,
    Scope,
    cloud_here,
    difference,
    elsewhere,
    full,
    of_today,
    spent,
)
from assistant.tui.widgets.meters import Glyphs, cropped
from assistant.tui.widgets.panel_sheet import Line, Sheet

EMPTY = "Nothing counted yet."
_MOST_PLACES = 6
_LEAST_LABEL = 10
_SHORT = ((Decimal(10) ** 3, "k"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 9, "G"))


def cost_lines(sheet: Sheet, costs: RunningCosts | None) -> Iterator[Line]:
    """The whole section."""
    if costs is None:
        yield sheet.rule("Cost")
        yield sheet.row((EMPTY, "quiet"))
        return
    yield sheet.rule(f"Cost {costs.exchange.currency}")
    yield from _limits(sheet, costs, near=True)
    yield from _block(sheet, costs, (("turn", costs.turn, 0), ("chat", costs.conversation, 0)))
    yield sheet.blank
    days = (("today", costs.today, 1), ("month", costs.month, costs.days))
    yield from _block(sheet, costs, days)
    yield from _notes(sheet, costs)


def today(costs: RunningCosts | None, glyphs: Glyphs) -> list[str]:
    """For the one line: what is left of a limit that is near, and `today 0.15 EUR`; nothing where nothing is known."""
    if costs is None:
        return []
    amount, own = of_today(costs), costs.exchange.currency
    known = amount.amount is not None and costs.today.turns
    said = [f"today {money(amount, 0, glyphs)} {own}"] if known else []
    near = (one for one in costs.limits if one.near)
    return [*(f"{one.name} {_left(one, glyphs)} {one.limit.currency} left" for one in near), *said]


_Column = tuple[str, Scope | None, int]
"""A head, what is counted (None: it still runs), and for how many days what the machine costs is added."""


def _block(sheet: Sheet, costs: RunningCosts, columns: tuple[_Column, ...]) -> Iterator[Line]:
    """Scopes side by side."""

    def row(label: str, of: Callable[[Scope, int], Amount], *, signed: bool = False) -> Line:
        found = [UNKNOWN if scope is None else of(scope, days) for _, scope, days in columns]
        return _row(sheet, label, found, signed=signed)

    exchange = costs.exchange
    heads = "".join(head.rjust(_cells(sheet)) for head, _, _ in columns)
    yield sheet.row((" " * _label(sheet), ""), (heads, "quiet"))
    if any(days for _, _, days in columns):
        yield row("here full", lambda scope, days: full(costs, scope, days))
    yield row("energy", lambda scope, _: spent(scope.works, exchange))
    yield row("cloud", lambda scope, _: spent(scope.cloud, exchange))
    if any(scope.cloud.turns for _, scope, _ in columns if scope):
        yield row("if here", lambda scope, _: cloud_here(scope, exchange))
    if costs.compared:
        yield sheet.row(("if all had gone to", "quiet"))
    for pair in costs.compared:
        yield row(one_line(pair[1].rpartition("/")[2]), functools.partial(_elsewhere, costs, pair))
    if costs.compared:
        yield row("saved", functools.partial(_saved, costs), signed=True)


def _elsewhere(costs: RunningCosts, pair: tuple[str, str], scope: Scope, _days: int) -> Amount:
    return elsewhere(scope, *pair, costs.exchange)


def _saved(costs: RunningCosts, scope: Scope, days: int) -> Amount:
    """The difference to the first of those compared; with the costs of the time where there are days."""
    here = full(costs, scope, days) if days else spent(scope.works, costs.exchange)
    theirs = _elsewhere(costs, costs.compared[0], scope, days)
    return difference(theirs, (here, spent(scope.cloud, costs.exchange)))


def _notes(sheet: Sheet, costs: RunningCosts) -> Iterator[Line]:
    if costs.compared:
        yield sheet.row((sheet.plain("not the same model · ±20 %"), "quiet"))
    yield from _limits(sheet, costs, near=False)
    if costs.prices_days is not None:
        yield sheet.row((f"prices are {costs.prices_days} days old", "cloud"))


def _limits(sheet: Sheet, costs: RunningCosts, *, near: bool) -> Iterator[Line]:
    """What is left of the limits: of those that are near before all else, of the others below."""
    for limit in costs.limits:
        if limit.near is near:
            of = money(Amount(limit.limit.amount), 0, sheet.glyphs)
            said = f"{limit.name}: {_left(limit, sheet.glyphs)} of {of} left"
            yield sheet.row((said, "cloud" if near else "strong"))


def _left(limit: Limit, glyphs: Glyphs) -> str:
    return money(Amount(limit.left.amount) if limit.left else UNKNOWN, 0, glyphs)


def _row(sheet: Sheet, label: str, amounts: list[Amount], *, signed: bool = False) -> Line:
    cells = _cells(sheet)
    shown = "".join(money(one, cells, sheet.glyphs, signed=signed) for one in amounts)
    name = cropped(label, max(0, _label(sheet) - 1), sheet.glyphs)
    return sheet.row((f"{name} ", "quiet"), (shown, ""))


def _cells(sheet: Sheet) -> int:
    return max(7, min(10, (sheet.text - _LEAST_LABEL) // 2))


def _label(sheet: Sheet) -> int:
    return max(0, sheet.text - 2 * _cells(sheet))


def money(amount: Amount, width: int, glyphs: Glyphs, *, signed: bool = False) -> str:
    """An amount right-aligned in `width`, with two digits that count; `~` marks an estimate, `+` that more is unknown on top.

    One cell at least stays free before it; thousands and millions are short where there is no room.
    """
    if amount.amount is None:
        return glyphs.unknown.rjust(width)
    mark = ("~" if amount.estimated else "") + ("+" if amount.more else "")
    room = width - len(mark) - 1 if width else 99
    text = _digits(amount.amount, room, signed=signed)
    return f"{text}{mark}".rjust(width)


def _digits(value: Decimal, room: int, *, signed: bool) -> str:
    sign = "+" if signed and value > 0 else ""
    if value == 0:
        return "0"
    places = min(_MOST_PLACES, max(2, 1 - value.adjusted()))
    texts = (
        *(f"{sign}{value:,.{n}f}" for n in range(places, -1, -1)),
        *(f"{sign}{value / by:,.{n}f}{unit}" for by, unit in _SHORT for n in (1, 0)),
    )
    text = next((one for one in texts if len(one) <= room), texts[-1])
    if not any(digit in text for digit in "123456789"):
        bound = "<" if value > 0 else ">-"
        last = max(1, min(places, room - len(bound) - 2))
        return f"{bound}{Decimal(1).scaleb(-last):f}"
    return text

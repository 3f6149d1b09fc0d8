"""What the cost screen says, before any widget: its period, its curves, the line that compares, the keys."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from textual.content import Content

from assistant.domain.cost_report import CostReport, Curve, Elsewhere, Line, Series
from assistant.domain.cost_table import Row
from assistant.domain.cost_words import (
    ESTIMATE,
    TYPED,
    UNKNOWN,
    band_text,
    break_even_text,
    cost_text,
    figure,
    gap_text,
    notes,
    of_requests,
    price_notes,
    side_note,
)
from assistant.domain.hygiene import one_line
from assistant.domain.ledger import By, Chosen
from assistant.tui.widgets import plot

KEYS: Final = "[[costs.by_day d]] day · [[costs.by_month m]] month · [[costs.by_route r]] route · [[costs.by_model o]] model · [[costs.by_conversation c]] chat · [[costs.export e]] export · [[costs.tco t]] years · esc"
MORE_KEYS: Final = "enter details · [[costs.find /]] find · [[costs.only f]] only this line · [[costs.next x]] another cloud"

_ROLES: Final = {
    Curve.FULL: "local",
    Curve.ENERGY: "local",
    Curve.SPENT: "cloud",
    Curve.ELSEWHERE: "cloud",
}
_X_TICKS: Final = 5
_A_MONTH: Final = 31


@dataclass(frozen=True, slots=True)
class Period:
    """A month, or all there is (`first` None)."""

    first: date | None

    @property
    def last(self) -> date | None:
        """Its last day."""
        return None if self.first is None else following(self.first) - timedelta(days=1)

    @property
    def chosen(self) -> Chosen:
        """Its requests."""
        return Chosen(self.first, self.last)

    @property
    def words(self) -> str:
        """As a title has it, with the keys that change it around it."""
        if self.first is None:
            return "all · [[costs.move_back []] month"
        return f"[[costs.move_back []] {self.first:%Y-%m} [[costs.move_on ]]] · [[costs.all a]] all"

    def moved(self, months: int, today: date) -> "Period":
        """The month before or after; from all there is, the one of today. No month begins after today."""
        if self.first is None:
            return month_of(today)
        moved = (
            following(self.first) if months > 0 else month_of(self.first - timedelta(days=1)).first
        )
        return self if moved is None or moved > today else Period(moved)


def month_of(day: date) -> Period:
    """The month of `day`."""
    return Period(day.replace(day=1))


def following(day: date) -> date:
    """The first day of the next month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def part_of(line: Line, by: By, chosen: Chosen) -> Chosen:
    """The requests of one line of a report on `chosen`."""
    if by is By.DAY:
        day = date.fromisoformat(line.key)
        return Chosen(day, day)
    if by is By.MONTH:
        return month_of(date.fromisoformat(f"{line.key}-01")).chosen
    days = Chosen(chosen.since, chosen.until)
    if by is By.ROUTE:
        return replace(days, route=line.key, model=line.model)
    if by is By.MODEL:
        return replace(days, model=line.key)
    return replace(days, conversation=line.key)


def only_words(only: Chosen) -> str:
    """What alone is counted, as the title has it; "" where all is."""
    named = " ".join(part for part in (only.route, only.model) if part)
    named = one_line(named, 40) or ("one chat" if only.conversation else "")
    return f"{named} alone, f all · " if named else ""


def elsewhere_rows(report: CostReport) -> Sequence[Elsewhere]:
    """Those that everything is compared with."""
    return [one for one in report.whole.elsewhere if not one.here]


def graph(report: CostReport, there: Elsewhere | None) -> plot.Graph:
    """The curves of this machine and of what the cloud took, and one of the clouds that they are compared with."""
    shown = [one for one in report.series if one.curve is not Curve.ELSEWHERE or _is(one, there)]
    pays = break_even_text(there.break_even) if there else ""
    return plot.Graph(
        tuple(_curve(one) for one in shown),
        x_label=pays,
        y_label=report.currency,
        x_ticks=_ticks(report.days),
    )


def compared(report: CostReport, there: Elsewhere | None) -> Content:
    """What all would have cost there, from how little to how much, and how that stands to what it cost; "not the same model" beside it."""
    if there is None:
        return Content.styled("nothing is compared: set costs.compare", "$foreground-muted")
    name = f"all on {one_line(there.name, 60)} (not the same model) "
    if not there.cost.known:
        return Content.assemble(
            name, (UNKNOWN, "bold"), (" no price or no count is known", "$foreground-muted")
        )
    bounds = [band_text(there), of_requests(there.cost) if there.cost.unknown else ""]
    known = "".join(f", {one}" for one in bounds if one)
    said = []
    if there.against_full is not None:
        said.append(f"{gap_text(there.against_full)} than it cost")
    if there.against_energy is not None:
        said.append(f"{gap_text(there.against_energy)} than energy alone")
    cost = f"{cost_text(there.cost)} {report.currency if there.cost.own else ''}".rstrip()
    return Content.assemble(name, (cost, "bold"), f"{known} · {' · '.join(said)}")


def noted(report: CostReport) -> Content:
    """The notes that belong below the table, on one line; stale prices are the first, and stand out.

    That it is not the same model stands above already, and so does the band.
    """
    stale = set(price_notes(report))
    said = [
        Content.styled(one, "$text-warning") if one in stale else Content(one)
        for one in (*notes(report), *side_note(report))
        if not one.startswith("elsewhere:")
    ]
    return Content(" · ").join(said)


def row_text(row: Row) -> Content:
    """A row of the table."""
    return Content.assemble(row.name, row.figures)


def _is(series: Series, there: Elsewhere | None) -> bool:
    return there is not None and (series.route, series.model) == (there.route, there.model)


def _curve(series: Series) -> plot.Series:
    """It begins at 0, before its first day; its name says where it ends."""
    mark = ESTIMATE if series.estimated else TYPED if series.typed else ""
    end = f"{series.bound}{figure(series.points[-1])}{mark}"
    name = (
        series.curve.value
        if series.curve is not Curve.ELSEWHERE
        else f"all on {one_line(series.model, 30)}"
    )
    points = ((0.0, 0.0), *((day + 1.0, float(value)) for day, value in enumerate(series.points)))
    return plot.Series(f"{name} {end}", points, _ROLES[series.curve])


def _ticks(days: Sequence[date]) -> tuple[tuple[float, str], ...]:
    """A few days written out, in ISO's order."""
    count = len(days)
    at = sorted({round(number * (count - 1) / _X_TICKS) for number in range(_X_TICKS + 1)})
    style = "%m-%d" if count <= _A_MONTH else "%Y-%m-%d"
    return tuple((number + 1.0, days[number].strftime(style)) for number in at if count)

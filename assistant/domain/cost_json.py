"""A report on costs as an object for programs: amounts exact and as texts, an unknown null."""

from collections.abc import Sequence
from decimal import Decimal

from assistant.domain.cost_report import (
    Amount,
    BreakEven,
    CostReport,
    Elsewhere,
    Gap,
    Line,
    Series,
    Whole,
    Works,
    told,
)
from assistant.domain.cost_words import notes
from assistant.domain.ledger import Totals
from assistant.domain.local_costs import Known
from assistant.domain.percentiles import Percentiles
from assistant.domain.pricing import Money

Json = dict[str, object]


def report_json(report: CostReport) -> Json:
    """The object of `assistant costs --json`."""
    chosen, household = report.chosen, report.household
    return {
        "by": report.by.value,
        "since": chosen.since.isoformat() if chosen.since else None,
        "until": chosen.until.isoformat() if chosen.until else None,
        "route": chosen.route or None,
        "model": chosen.model or None,
        "conversation": chosen.conversation or None,
        "today": household.today.isoformat(),
        "first_day": report.first_day.isoformat() if report.first_day else None,
        "currency": report.currency,
        "prices_as_of": household.prices_as_of.isoformat() if household.prices_as_of else None,
        "lines": [_line(one) for one in report.lines],
        "whole": _whole(report.whole),
        "days": [day.isoformat() for day in report.days],
        "curves": [_series(one) for one in report.series],
        "conversations": [_line(one) for one in report.conversations],
        "notes": list(notes(report)),
    }


def _line(line: Line) -> Json:
    return {
        "key": line.key,
        "model": line.model or None,
        "title": line.title or None,
        "place": line.place.value if line.place else None,
        **_totals(line.totals),
        "cost": _amount(line.cost),
        "per_1000": _own(line.cost.per_thousand),
        "ttft_ms": _times(line.ttft),
    }


def _totals(found: Totals) -> Json:
    """Sums over requests; tokens are those that were counted, energy that which was metered. Null where none was."""
    known = told(found)
    return {
        "requests": found.turns,
        "failed": found.failed,
        "cancelled": found.cancelled,
        "retries": found.again,
        "attempts": found.attempts,
        "estimated": found.estimated,
        "estimated_counts": found.estimated_counts,
        "estimated_costs": found.estimated_costs,
        "uncounted": found.uncounted,
        "unpriced": found.unpriced,
        "unmetered": found.unmetered,
        "input_tokens": known.input,
        "cached_input_tokens": known.cached,
        "cache_write_tokens": known.cache_write,
        "output_tokens": known.output,
        "reasoning_tokens": known.thought,
        "energy_joules": None if known.joules is None else _text(known.joules),
        "busy_ms": found.busy_ms,
    }


def _whole(whole: Whole) -> Json:
    return {
        **_totals(whole.totals),
        "days": whole.days,
        "fixed": _known(whole.fixed),
        "here_full": _amount(whole.full) if whole.full else None,
        "here_energy": _amount(whole.energy),
        "cloud_spent": _amount(whole.cloud),
        "network_requests": whole.network,
        "side_work": {"cost": _amount(whole.side), "kinds": [_works(one) for one in whole.works]},
        "elsewhere": [_elsewhere(one) for one in whole.elsewhere],
    }


def _works(found: Works) -> Json:
    known = told(found.totals)
    return {
        "kind": found.kind.value,
        "works": found.totals.turns,
        "input_tokens": known.input,
        "cached_input_tokens": known.cached,
        "output_tokens": known.output,
        "energy_joules": None if known.joules is None else _text(known.joules),
        "busy_ms": found.totals.busy_ms,
        "cost": _amount(found.cost),
    }


def _elsewhere(row: Elsewhere) -> Json:
    return {
        "route": row.route,
        "model": row.model,
        "same_model": False,
        "here": row.here,
        "cost": _amount(row.cost),
        "low": _own(row.low),
        "high": _own(row.high),
        "less_full": _gap(row.against_full),
        "less_energy": _gap(row.against_energy),
        "break_even": _break_even(row.break_even),
    }


def _amount(amount: Amount) -> Json:
    return {
        "amounts": _money(amount.native),
        "own": _own(amount.own),
        "converted": amount.converted,
        "estimated": amount.marked,
        "known": amount.known,
        "unknown": amount.unknown,
    }


def _gap(gap: Gap | None) -> Json | None:
    if gap is None:
        return None
    return {"amount": _own(gap.money), "bound": gap.bound.name.lower()}


def _break_even(found: BreakEven | None) -> Json | None:
    if found is None:
        return None
    return {
        "requests_a_month": found.requests,
        "bound": found.bound.name.lower(),
        "capacity_a_month": found.capacity,
    }


def _series(series: Series) -> Json:
    return {
        "curve": series.curve.name.lower(),
        "route": series.route or None,
        "model": series.model or None,
        "estimated": series.estimated,
        "bound": series.bound.name.lower(),
        "points": [_text(one) for one in series.points],
    }


def _money(amounts: Sequence[Money]) -> list[Json]:
    return [{"currency": one.currency, "amount": _text(one.amount)} for one in amounts]


def _times(found: Percentiles | None) -> Json | None:
    if found is None:
        return None
    return {"n": found.n, "p50": found.p50, "p95": found.p95, "p99": found.p99}


def _known(found: Known) -> Json:
    amount = None if found.amount is None else _text(found.amount)
    return {"own": amount, "source": found.source.value, "why": found.why or None}


def _own(money: Money | None) -> str | None:
    return None if money is None else _text(money.amount)


def _text(value: Decimal) -> str:
    return f"{value:f}"

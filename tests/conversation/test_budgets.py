"""Limits read anew for each send: from the settings and from what the ledger says; what cannot be read denies."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from assistant.conversation.budgets import Budgets
from assistant.domain.budget import Scope
from assistant.domain.cost_settings import CostSettings
from assistant.domain.errors import AssistantError, SettingsError, StorageError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.limits import Drawn, NoBudgets
from assistant.domain.pricing import Money
from assistant.ports.accounting import Limits
from tests.fakes import FakeClock

SPENT = Money(Decimal("1.20"), "EUR")
LIMITED = CostSettings(month_limit="5.00", conversation_limit="2.00")


@dataclass
class Desk:
    """A Budgets over values; keeps what the ledger was asked."""

    costs: CostSettings | AssistantError = LIMITED
    spent: Sequence[Money] | AssistantError | None = (SPENT,)
    at: datetime = datetime(2026, 11, 27, 12, tzinfo=UTC)
    zone: ZoneInfo | None = None
    asked: list[tuple[date, str]] = field(default_factory=list)

    def drawn(self, conversation: str = "talk") -> Sequence[Drawn] | NoBudgets:
        clock = FakeClock(int(self.at.timestamp() * 1000))
        rates = Exchange("EUR", {"USD": Rated(Decimal("0.92"), "2026-11-20")})
        zone = self.zone or ZoneInfo("UTC")
        limits: Limits = Budgets(clock, self._costs, self._outlay, lambda _costs: rates, zone)
        return limits.drawn(conversation)

    def _costs(self) -> CostSettings:
        if isinstance(self.costs, AssistantError):
            raise self.costs
        return self.costs

    def _outlay(self, since: date, conversation: str) -> Sequence[Money] | None:
        self.asked.append((since, conversation))
        if isinstance(self.spent, AssistantError):
            raise self.spent
        return self.spent


def found(desk: Desk) -> Sequence[Drawn]:
    drawn = desk.drawn()
    assert not isinstance(drawn, NoBudgets)
    return drawn


def test_each_limit_has_what_was_spent_under_it() -> None:
    desk = Desk()
    month, talk = found(desk)
    assert (month.budget.scope, month.outlay) == (Scope.MONTH, (SPENT,))
    assert (talk.budget.scope, talk.budget.conversation) == (Scope.CONVERSATION, "talk")
    assert desk.asked == [(date(2026, 11, 1), ""), (date.min, "talk")]
    assert month.budget.exchange.rates["USD"].rate == Decimal("0.92")


def test_without_limits_the_ledger_is_not_asked() -> None:
    desk = Desk(CostSettings())
    assert found(desk) == ()
    assert desk.asked == []


@pytest.mark.parametrize("spent", [None, StorageError("the file is gone", "look for it")])
def test_what_nobody_knows_of_what_was_spent_is_unknown(spent: StorageError | None) -> None:
    assert [one.outlay for one in found(Desk(spent=spent))] == [None, None]


def test_settings_that_cannot_be_read_are_no_limits() -> None:
    drawn = Desk(SettingsError("line 3 is wrong", "mend it")).drawn()
    assert isinstance(drawn, NoBudgets)
    assert "line 3 is wrong" in drawn.problem
    assert isinstance(Desk(CostSettings(month_limit="a lot")).drawn(), NoBudgets)


@pytest.mark.parametrize(
    ("at", "since"),
    [
        ("2026-11-30T22:59:59", date(2026, 11, 1)),
        ("2026-11-30T23:00:00", date(2026, 12, 1)),
        ("2026-10-31T22:59:59", date(2026, 10, 1)),
        ("2026-07-31T22:00:00", date(2026, 8, 1)),
        ("2026-12-31T23:00:00", date(2027, 1, 1)),
    ],
)
def test_a_month_begins_where_the_machine_is(at: str, since: date) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    [month] = found(Desk(CostSettings(month_limit="5"), at=moment, zone=ZoneInfo("Europe/Berlin")))
    assert month.budget.since == since


def test_a_clock_that_shows_no_day_lets_nothing_pass() -> None:
    clock = FakeClock(2**63)
    limits = Budgets(clock, lambda: LIMITED, lambda since, talk: ())
    assert limits.drawn("talk") == NoBudgets("the clock shows no day")


def test_rates_that_are_no_numbers_let_nothing_pass() -> None:
    def broken(_costs: CostSettings) -> Exchange:
        return Exchange("EUR", {"USD": Rated(Decimal("x"))})

    limits = Budgets(FakeClock(), lambda: LIMITED, lambda since, talk: (), broken)
    assert limits.drawn("talk") == NoBudgets("an exchange rate is no number")

"""The person's limits in money, read anew for each send: from the settings, held against what the ledger says was spent."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from decimal import DecimalException

from assistant.domain.budget import Budget
from assistant.domain.cost_settings import CostSettings
from assistant.domain.errors import AssistantError
from assistant.domain.exchange import Exchange
from assistant.domain.limits import Drawn, NoBudgets, budgets_of, typed_exchange
from assistant.domain.pricing import Money
from assistant.ports import Clock

Outlay = Callable[[date, str], Sequence[Money] | None]
"""As ports.accounting.Ledger.outlay."""


class Budgets:
    """Implements ports.accounting.Limits. Where something cannot be read, what hangs on it is unknown, and that denies."""

    def __init__(
        self,
        clock: Clock,
        costs: Callable[[], CostSettings],
        outlay: Outlay,
        exchange: Callable[[CostSettings], Exchange] = typed_exchange,
        zone: tzinfo | None = None,
    ) -> None:
        """`costs` gives the settings of the moment; it and `outlay` may raise an AssistantError.

        `exchange` says what other currencies are worth in the person's. A month is one of `zone` (None: the machine's).
        """
        self._clock = clock
        self._costs = costs
        self._outlay = outlay
        self._exchange = exchange
        self._zone = zone

    def drawn(self, conversation: str) -> Sequence[Drawn] | NoBudgets:
        """See ports."""
        try:
            today = datetime.fromtimestamp(self._clock.now_ms() / 1000, self._zone).date()
            budgets = budgets_of(self._costs(), conversation, today, self._exchange)
        except AssistantError as error:
            return NoBudgets(error.note().line())
        except DecimalException:
            return NoBudgets("an exchange rate is no number")
        except (OverflowError, OSError, ValueError):
            return NoBudgets("the clock shows no day")
        return tuple(Drawn(one, self._spent(one)) for one in budgets)

    def _spent(self, budget: Budget) -> tuple[Money, ...] | None:
        try:
            outlay = self._outlay(budget.since, budget.conversation)
        except AssistantError:
            # Why is told where the file itself is looked at; here it is enough that nobody knows.
            return None
        return None if outlay is None else tuple(outlay)

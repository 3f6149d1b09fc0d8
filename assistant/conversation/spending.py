"""Reads from the ledger what the panel says of money; every later turn is folded on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from assistant.domain.budget import Scope as Extent
from assistant.domain.exchange import Exchange
from assistant.domain.ledger import NOTHING, Chosen
from assistant.domain.limits import Drawn
from assistant.domain.places import Place
from assistant.domain.pricing import Money
from assistant.domain.running_costs import Limit, RunningCosts, Scope
from assistant.ports.accounting import Ledger


@dataclass(frozen=True, slots=True)
class Books:
    """What the settings say of money at this moment.

    `fixed_per_day` is what this machine costs a day whether it works or not (None: unknown); `prices_days` the age of the
    prices where they are too old. `limits` stand as they were drawn upon, those of a conversation for the one in view. `compared` are
    the routes and models that the person compares with, in their order.
    """

    exchange: Exchange
    fixed_per_day: Money | None = None
    limits: Sequence[Drawn] = ()
    compared: tuple[tuple[str, str], ...] = ()
    prices_days: int | None = None


def running_costs(ledger: Ledger, books: Books, chat: str, today: date) -> RunningCosts:
    """What was spent so far on the day `today` and in its month, and in the conversation `chat` ("": a new one).

    Raises: StorageError.
    """
    first = today.replace(day=1)
    # What the machine cost before anything was counted on it is not this program's to tell.
    begun = min(today, max(first, ledger.first_day() or today))
    return RunningCosts(
        exchange=books.exchange,
        day=today.isoformat(),
        chat=chat,
        conversation=_scope(ledger, Chosen(conversation=chat)) if chat else Scope(),
        today=_scope(ledger, Chosen(today, today)),
        month=_scope(ledger, Chosen(first, today)),
        fixed_per_day=books.fixed_per_day,
        days=(today - begun).days + 1,
        limits=tuple(_limits(books.limits)),
        prices_days=books.prices_days,
        compared=books.compared,
    )


def _scope(ledger: Ledger, chosen: Chosen) -> Scope:
    places = {place: ledger.totals(replace(chosen, place=place)) for place in Place}
    here = places[Place.THIS_MACHINE].plus(places[Place.THIS_NETWORK])
    side = NOTHING
    for one in ledger.sides(chosen):
        side = side.plus(one.totals)
    return Scope(here, places[Place.CLOUD], tuple(ledger.what_if(chosen)), side)


def _limits(drawn: Sequence[Drawn]) -> list[Limit]:
    return [
        Limit(_NAMES[one.budget.scope], one.budget.limit, one.budget.left(one.outlay))
        for one in drawn
        if one.budget.scope is Extent.MONTH or one.budget.conversation
    ]


_NAMES = {Extent.MONTH: "month", Extent.CONVERSATION: "chat"}

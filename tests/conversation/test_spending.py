"""What the panel says of money, as it is read from the ledger."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from assistant.conversation.spending import Books, running_costs
from assistant.domain.budget import Budget, Scope
from assistant.domain.charges import Source
from assistant.domain.exchange import Exchange
from assistant.domain.ledger import Entry, WhatIf
from assistant.domain.limits import Drawn
from assistant.domain.places import Place
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.running_costs import Limit, elsewhere, spent
from tests.memory_ledger import MemoryLedger

TODAY = date(2026, 11, 27)
EURO = Exchange("EUR")
HERE = Entry(
    "t1",
    "c1",
    0,
    TODAY,
    "cpu",
    Place.THIS_MACHINE,
    "toy",
    Finish.STOP,
    12,
    0,
    None,
    2,
    cost=Money(Decimal("0.1"), "EUR"),
    energy_joules=Decimal(9),
    energy_source=Source.SET,
)
AWAY = replace(HERE, turn="t2", place=Place.CLOUD, route="x", cost=Money(Decimal("0.5"), "EUR"))
THERE = (Money(Decimal("0.3"), "EUR"),)


def days(*found: Entry) -> MemoryLedger:
    what_if = WhatIf("x", "m", False, THERE, THERE, THERE, 1)
    return MemoryLedger(found, {one.turn: (what_if,) for one in found})


def test_each_scope_has_its_turns() -> None:
    yesterday = replace(HERE, turn="t3", day=date(2026, 11, 26), conversation="c2")
    before = replace(HERE, turn="t4", day=date(2026, 10, 31), conversation="c1")
    costs = running_costs(days(HERE, AWAY, yesterday, before), Books(EURO), "c1", TODAY)
    turns = (costs.conversation.turns, costs.today.turns, costs.month.turns)
    assert turns == (3, 2, 3)
    assert spent(costs.today.here, EURO).amount == Decimal("0.1")
    assert spent(costs.today.cloud, EURO).amount == Decimal("0.5")
    assert elsewhere(costs.month, "x", "m", EURO).amount == Decimal("0.9")
    assert (costs.day, costs.chat) == ("2026-11-27", "c1")
    order = (("z", "m"), ("a", "m"))
    assert running_costs(days(), Books(EURO, compared=order), "", TODAY).compared == order


def test_a_new_chat_has_cost_nothing() -> None:
    costs = running_costs(days(HERE), Books(EURO), "", TODAY)
    assert (costs.conversation.turns, costs.today.turns) == (0, 1)


def test_servers_of_the_network_stand_with_what_is_not_the_cloud() -> None:
    server = replace(HERE, place=Place.THIS_NETWORK, cost=None)
    costs = running_costs(days(server), Books(EURO), "", TODAY)
    assert spent(costs.today.here, EURO).amount is None
    assert costs.today.cloud.turns == 0


def test_the_machine_costs_from_its_first_counted_day_on() -> None:
    first = replace(HERE, turn="t5", day=date(2026, 11, 20))
    assert running_costs(days(first, HERE), Books(EURO), "", TODAY).days == 8
    older = replace(HERE, turn="t5", day=date(2026, 3, 1))
    assert running_costs(days(older), Books(EURO), "", TODAY).days == 27
    assert running_costs(days(), Books(EURO), "", TODAY).days == 1
    ahead = replace(HERE, day=date(2026, 12, 24))
    assert running_costs(days(ahead), Books(EURO), "", TODAY).days == 1


def test_limits_say_what_is_left_and_those_of_a_conversation_only_in_one() -> None:
    five = Money(Decimal(5), "EUR")
    month = Budget(Scope.MONTH, five, TODAY, EURO)
    nowhere = Budget(Scope.CONVERSATION, five, TODAY, EURO)
    talk = replace(nowhere, conversation="c1")
    drawn = (Drawn(month, (Money(Decimal(2), "EUR"),)), Drawn(nowhere, ()), Drawn(talk, None))
    costs = running_costs(days(), Books(EURO, limits=drawn), "c1", TODAY)
    assert costs.limits == (
        Limit("month", five, Money(Decimal(3), "EUR")),
        Limit("chat", five, None),
    )

"""What the core asks of the world about cost: a meter, what a turn comes to, and the ledger that keeps it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from assistant.domain.attempts import Attempt
from assistant.domain.charges import Compared, Cost, Energy
from assistant.domain.ledger import By, Chosen, Entry, Side, Sum, Totals, WhatIf
from assistant.domain.limits import Drawn, NoBudgets
from assistant.domain.places import Route
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.turns import Usage


class Metering(Protocol):
    """One measurement that runs."""

    def end(self) -> Energy | None:
        """Ends it; the energy above idle since its begin, None where nothing says it. Quick; never raises; once ended, the same."""
        ...


class Meter(Protocol):
    """Measures what this machine takes."""

    def begin(self, route: Route) -> Metering:
        """Begins a measurement for a turn on `route`, which runs on this machine. Quick; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Spent:
    """One turn at its end: what it used, and whether anything of it had left this machine (`left`).

    `at_ms` is its end (Unix time). `status` is that of the server's answer (HTTP; None: none came), `model` the one that
    answered in the server's own words ("": it did not say). `read` says that a token of the prompt was read, as far as the engine tells.
    """

    turn: str
    route: Route
    usage: Usage
    finish: Finish
    at_ms: int
    total_ms: float | None
    energy: Energy | None
    left: bool = False
    status: int | None = None
    model: str = ""
    read: bool = False


@dataclass(frozen=True, slots=True)
class Charge:
    """What goes into the record: the cost where it ran, what others would have taken, the usage with its estimates, the day.

    `settles` is the most that the send can have come to, by the provider's own counts or because nothing was taken; None where
    nobody knows, and then what was reserved for it stays reserved.
    """

    cost: Cost
    compared: tuple[Compared, ...]
    usage: Usage
    day: str
    settles: Money | None = None


class Accounts(Protocol):
    """What turns come to, with the prices of the moment. Never raises: what cannot be known is None."""

    def charge(self, spent: Spent) -> Charge:
        """Reckons one turn. Blocks for a file at most."""
        ...


class Quotes(Protocol):
    """What models cost over cloud routes."""

    def quote(self, route: str, model: str, at: datetime) -> Quote | NoPrice:
        """The price of `model` over `route`, set up or only shipped, at that moment; else why nobody knows. Never raises."""
        ...


class Limits(Protocol):
    """The limits in money that the person has set, with what was spent under them; read anew each time."""

    def drawn(self, conversation: str) -> Sequence[Drawn] | NoBudgets:
        """Those that a send in `conversation` has to keep to now; NoBudgets where they cannot be read. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """What this machine took lately for a token on `route`: joules above idle, over `turns` metered turns.

    Counted are the tokens that it had to work on: those of the prompt that were not kept from before, and those of the reply.
    """

    route: str
    model: str
    joules_per_token: Decimal
    turns: int


class Ledger(Protocol):
    """The figures of every turn that had a permit, kept at least 400 days, whatever becomes of its conversation.

    Each method may raise a StorageError.
    """

    def totals(self, chosen: Chosen) -> Totals:
        """The sums over what is chosen."""
        ...

    def what_if(self, chosen: Chosen) -> Sequence[WhatIf]:
        """What the chosen turns would have cost elsewhere, a row for each route and model that was compared."""
        ...

    def sums(
        self, by: By, chosen: Chosen, limit: int = 0, *, compared: bool = True
    ) -> Sequence[Sum]:
        """A line for each day, month, route and model, model or conversation: days ascend, the rest by cost, the dearest first.

        `limit` 0 means all; of days and months it leaves the latest. Amounts are not converted: where there are several
        currencies, the largest number decides. Lines without a known cost come last, those with the most turns first. Where
        nobody needs what a line would have cost elsewhere (not `compared`), it is left out: that takes most of the time.
        """
        ...

    def entries(self, chosen: Chosen) -> Iterator[Entry]:
        """The turns themselves, in the order in which they ended."""
        ...

    def attempts(self, entry: Entry) -> Sequence[Attempt]:
        """Each attempt of a turn that took several, in order. Nothing where it took one, which the entry tells of, and where
        nobody kept them apart."""
        ...

    def sides(self, chosen: Chosen) -> Sequence[Side]:
        """What this machine worked on that is no request, a sum for each kind and day that there was; it is in no other sum."""
        ...

    def ttft_ms(self, route: str, model: str, chosen: Chosen) -> Sequence[float]:
        """The times to the first token of the latest 1,000 such turns that had one, unordered."""
        ...

    def rates(self) -> Sequence[Rate]:
        """What this machine's routes took lately, the latest used first."""
        ...

    def first_day(self) -> date | None:
        """The first day with a turn; None where there is none."""
        ...

    def outlay(self, since: date, conversation: str = "") -> Sequence[Money] | None:
        """What permits from the day `since` on have cost or may yet cost, by currency; None where one of them has no known bound.

        A permit counts with its worst case until it is settled, and for good where nobody said what it came to. Days after today
        count too: a clock that was set back frees no budget.
        """
        ...

"""Reads what models cost: the shipped snapshot or a newer one that was fetched, and the person's own `prices.toml`, which wins."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.domain.errors import AssistantError, StorageError
from assistant.domain.price_list import Found, NoPrice, Quote, Tariff, find, is_stale
from assistant.domain.pricing import NO_SURCHARGE
from assistant.storage import shipped
from assistant.storage.own_prices import NO_OWN_PRICES, OwnPrices, read_own_prices
from assistant.storage.paths import Places
from assistant.storage.price_book import PriceBook

if TYPE_CHECKING:
    from assistant.domain.cloud_routes import CloudRoute
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.departure import PriceBound

SHIPPED: Final = "config/prices.json"
FILE: Final = "prices.toml"
"""The name of the person's own file in the config folder."""

FETCHED: Final = "prices.json"
"""The name of what was fetched, in the data folder."""

_Stamp = tuple[int, int, int]


class PriceFiles:
    """The prices in force; the person's file is read anew where it changed. Safe to call from any thread.

    Implements ports.leaving.Prices. Where one of the files cannot be read, no price is known, and `problem` says why.
    """

    def __init__(
        self,
        own: Path,
        find: Callable[[str], Path] = shipped.path,
        fetched: Path | None = None,
    ) -> None:
        """`own` is the person's file, `fetched` what they had fetched; neither need exist."""
        self._own = own
        self._find = find
        self._fetched = fetched
        self._known: tuple[_Stamp | None, PriceBook | StorageError] | None = None
        self._read: tuple[_Stamp | None, OwnPrices] = (None, NO_OWN_PRICES)

    def bound(
        self, setup: "CloudSetup", input_tokens: int, reply_tokens: int
    ) -> "PriceBound | None":
        """The most that a send may cost, whenever it goes; None where no price is known. Never raises."""
        try:
            amounts = [
                (money.amount, money.currency, quote.as_of, quote.model if quote.other else "")
                for quote in self._quotes(setup)
                if (money := quote.most(input_tokens, reply_tokens)) is not None
            ]
        except AssistantError:
            return None
        if not amounts:
            return None
        cost, currency, as_of, other = max(amounts)
        from assistant.domain.departure import PriceBound

        return PriceBound(cost, currency, as_of.isoformat(), other)

    def quote(self, setup: "CloudSetup", at: datetime) -> Quote | NoPrice:
        """What its model costs over that route at the moment `at` (with its time zone), or why nobody knows. Never raises."""
        return self.quote_of(setup, setup.model, at)

    def dearest(self, setup: "CloudSetup", at: datetime) -> Quote | NoPrice:
        """The same at the dearest hours of that day. Never raises."""
        return self._quote_of(setup, setup.model, lambda found, by: found.dearest(by, at))

    def quote_of(self, way: "CloudSetup | CloudRoute", model: str, at: datetime) -> Quote | NoPrice:
        """The same as `quote` for any `model` over a route that is set up, or over a row of the registry that need not be."""
        return self._quote_of(way, model, lambda found, by: found.quote(by, at))

    def _quote_of(
        self,
        way: "CloudSetup | CloudRoute",
        model: str,
        of: Callable[[Found, Decimal], Quote | NoPrice],
    ) -> Quote | NoPrice:
        """The person's own price, else what `of` says of the listed one and of the factor of the place. Never raises."""
        from assistant.domain.cloud_setup import CloudSetup

        row = way.row if isinstance(way, CloudSetup) else way
        try:
            own = self._own_prices().find(row.id, model)
            if own is not None:
                return own
            row.require_model(model)
            found = self._found(way, model)
            if isinstance(found, NoPrice):
                return found
            return of(found, row.facts.price_multiplier)
        except AssistantError as error:
            return NoPrice(error.note().line())

    def plain_quote(self, route: str, model: str, at: datetime) -> Quote | NoPrice | None:
        """What `quote_of` a shipped route says, but for the factor of its place; None where that takes its row. Never raises.

        It takes the row where a model's name decides the place: the row says which models the route has.
        """
        try:
            book = self.book()
            tariff = book.tariffs.get(route)
            if tariff is None or (isinstance(tariff, Tariff) and tariff.named_places):
                return None
            found = self._own_prices().find(route, model)
            if found is not None:
                return found
            row = find(book.tariffs, book.prices, route, model)
            return row if isinstance(row, NoPrice) else row.quote(NO_SURCHARGE, at)
        except AssistantError as error:
            return NoPrice(error.note().line())

    def listed(self, route: str, model: str) -> str | None:
        """The name that lists of prices have for `model` over a shipped route, or anywhere; None where none has one.

        Raises: StorageError.
        """
        book = self.book()
        found = find(book.tariffs, book.prices, route, model)
        if isinstance(found, Found):
            return found.row.model
        name = model.lower()
        rows = (row for one in book.names for row in book.prices(one).models)
        return next((row.model for row in rows if row.model.lower() == name), None)

    @property
    def problem(self) -> str:
        """Why no price is known at all; "" where the files can be read."""
        try:
            self._own_prices()
            self.book()
        except AssistantError as error:
            return error.note().line()
        return ""

    @property
    def as_of(self) -> date | None:
        """The day of the prices in force; single lists may be older. None where they cannot be read."""
        try:
            return self.book().as_of
        except AssistantError:
            return None

    def age_days(self, today: date) -> int | None:
        """How old those prices are; None where they cannot be read."""
        as_of = self.as_of
        return None if as_of is None else (today - as_of).days

    def stale(self, today: date) -> bool:
        """Whether those prices are too old to be relied on, or cannot be read."""
        as_of = self.as_of
        return as_of is None or is_stale(as_of, today)

    def own(self) -> OwnPrices:
        """The person's prices. Raises: SettingsError."""
        return self._own_prices()

    @property
    def digest(self) -> str:
        """SHA-256 in hex of the prices in force, for the record; "" where they cannot be read."""
        try:
            both = (self.book().digest, self._own_prices().digest)
        except AssistantError:
            return ""
        return hashlib.sha256("\0".join(both).encode()).hexdigest()

    def _quotes(self, setup: "CloudSetup") -> tuple[Quote, ...]:
        """Every price that may hold. Raises: SettingsError, StorageError."""
        own = self._own_prices().find(setup.id, setup.model)
        if own is not None:
            return (own,)
        found = self._found(setup, setup.model)
        multiplier = setup.row.facts.price_multiplier
        return () if isinstance(found, NoPrice) else found.quotes(multiplier)

    def _found(self, way: "CloudSetup | CloudRoute", model: str) -> Found | NoPrice:
        """The listed price of the row that the route was made from, whatever the person calls it. Raises: StorageError."""
        from assistant.domain.cloud_setup import CloudSetup

        name = way.id
        if isinstance(way, CloudSetup):
            if way.own:
                return NoPrice(f"{way.id} is an endpoint of your own: its prices go into {FILE}")
            name = way.origin or way.id
        book = self.book()
        return find(book.tariffs, book.prices, name, model)

    def book(self) -> PriceBook:
        """The lists in force: read once, and anew where other ones were fetched. Raises: StorageError, each time the same."""
        stamp = None if self._fetched is None else _stamp(self._fetched)
        known = self._known
        if known is None or known[0] != stamp:
            known = self._known = (stamp, self._read_book())
        if isinstance(known[1], StorageError):
            raise known[1]
        return known[1]

    def _read_book(self) -> PriceBook | StorageError:
        try:
            return PriceBook(self._find(SHIPPED), self._fetched)
        except StorageError as error:
            return error

    def _own_prices(self) -> OwnPrices:
        """The person's prices. Raises: SettingsError."""
        stamp = _stamp(self._own)
        known, prices = self._read
        if stamp != known or stamp is None:
            prices = read_own_prices(self._own)
            self._read = (stamp, prices)
        return prices


def price_files(places: Places) -> PriceFiles:
    """The prices of this user."""
    return PriceFiles(places.config / FILE, fetched=places.data / FETCHED)


def _stamp(path: Path) -> _Stamp | None:
    """What changes when the file does; None where that cannot be told."""
    try:
        state = path.stat()
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_size, state.st_ino)

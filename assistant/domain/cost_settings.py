"""The settings of money and power as values: each field is one key of `settings.toml`, its docstring the comment there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

DEFAULT_COMPARED = (
    "ovhcloud:gpt-oss-120b",
    "mistral-eu:mistral-medium-latest",
    "openai-global:gpt-5-mini",
)
"""A small, a middle and a well-known one, so that no comparison is made with the dearest alone."""


@dataclass(frozen=True, slots=True)
class CostSettings:
    """`[costs]`: what is compared, in which currency, and what must not be passed."""

    currency: str = "EUR"
    """The currency that figures are shown in, as three letters."""
    compare: tuple[str, ...] = DEFAULT_COMPARED
    """Up to three routes and models that every request is compared with, as "route:model"."""
    exchange: tuple[str, ...] = ()
    """What another currency is worth in yours, such as "USD 0.92"; without one, a dated rate that is shipped."""
    month_limit: str = ""
    """The most that the cloud may cost in a month, in your currency, such as "5.00"; empty means no limit."""
    conversation_limit: str = ""
    """The most that the cloud may cost in one conversation; empty means no limit."""


@dataclass(frozen=True, slots=True)
class PowerSettings:
    """`[power]`: how the energy of a reply is known."""

    source: str = "auto"
    """Where watts come from: "auto", "rapl", "pmic", "plug", "watts" (the two below), or "none"."""
    idle_watts: float = 0.0
    """What the idle machine takes; 0 means as measured while nothing runs."""
    busy_watts: float = 0.0
    """What it takes while a reply runs, where no meter says it; 0 means unknown."""
    hat_watts: float = 0.0
    """What the HAT takes above idle while it works; the Pi's own meter does not see it. 0 means unknown."""
    pmic_slope: float = 1.1451
    """Calibration of a Pi 5: watts at the wall for each watt that its rails add up to."""
    pmic_rest_watts: float = 0.5879
    """Calibration of a Pi 5: watts at the wall that its rails do not show."""
    plug: str = ""
    """A smart plug's reading, such as http://192.168.1.20/rpc/Switch.GetStatus?id=0; empty means none."""
    plug_field: str = "apower"
    """Where the watts stand in what the plug answers (JSON), such as "apower" or "meters.0.power"."""


@dataclass(frozen=True, slots=True)
class TariffSettings:
    """`[tariff]`: what a kWh costs."""

    country: str = ""
    """Your country as two letters, for a dated mean price where you give none; empty means the EU's."""
    per_kwh: str = ""
    """What you pay for a kWh in your currency, such as "0.29"; empty means that mean price."""
    night_per_kwh: str = ""
    """What you pay at night; empty means the same as by day."""
    night_from: str = "22:00"
    """When the night begins, by this machine's clock."""
    night_to: str = "06:00"
    """When the night ends."""


@dataclass(frozen=True, slots=True)
class HardwareSettings:
    """`[hardware]`: what this machine costs whether it works or not."""

    preset: str = ""
    """A shipped set of prices, such as "pi5-8gb-hat2" (assistant costs --presets); empty means the figures below alone."""
    price: str = ""
    """What it cost with its accessories, in your currency; empty means the preset's price, or unknown."""
    resale: str = "0"
    """What it will sell for at the end."""
    life_months: int = 36
    """How many months it is used."""
    owned: bool = False
    """Counts it as paid for already: no part of its price is added."""
    hours_on: float = 24.0
    """How many hours a day it is on; its idle power is a cost of those hours."""
    upkeep_hours: float = 0.0
    """Hours of your work on it in a month."""
    upkeep_rate: str = "0"
    """What an hour of that is worth."""


AMOUNTS = (
    "costs.month_limit",
    "costs.conversation_limit",
    "tariff.per_kwh",
    "tariff.night_per_kwh",
    "hardware.price",
    "hardware.resale",
    "hardware.upkeep_rate",
)
"""The texts among them that are amounts of money, from 0 on; those whose default is empty may be empty."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "power.source": ("auto", "rapl", "pmic", "plug", "watts", "none"),
}
"""The texts among them that are one of a few words."""

CURRENCY = "costs.currency"
COMPARE = "costs.compare"
EXCHANGE = "costs.exchange"
COUNTRY = "tariff.country"
TIMES = ("tariff.night_from", "tariff.night_to")
MOST_COMPARED = 3


def unfit(key: str, value: object) -> str:
    """What the setting `key` must be, where `value` is not that; "" where it fits, or is of another kind."""
    if key in AMOUNTS and not _is_amount(str(value), empty=key not in _NEVER_EMPTY):
        return 'an amount from 0 on, such as "0.29"'
    if key == CURRENCY and not _CURRENCY.fullmatch(str(value)):
        return 'three letters, such as "EUR"'
    if key == COUNTRY and value and not _COUNTRY.fullmatch(str(value)):
        return 'two letters, such as "DE"'
    if key in TIMES and not _TIME.fullmatch(str(value)):
        return 'a time of the day, such as "22:00"'
    texts = [str(one) for one in value] if isinstance(value, list | tuple) else []
    if key == COMPARE and not _are_compared(texts):
        return f'at most {MOST_COMPARED} texts such as "openai-global:gpt-5-mini"'
    if key == EXCHANGE and not _are_rates(texts):
        return 'texts such as "USD 0.92", one for a currency'
    return ""


_NEVER_EMPTY = ("hardware.resale", "hardware.upkeep_rate")
_CURRENCY = re.compile("[A-Z]{3}")
_COUNTRY = re.compile("[A-Z]{2}")
_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


def _is_amount(text: str, *, empty: bool) -> bool:
    return (empty and not text) or bool(_AMOUNT.fullmatch(text))


def _are_compared(texts: list[str]) -> bool:
    parts = [one.partition(":") for one in texts]
    return len(texts) <= MOST_COMPARED and all(route and model for route, _, model in parts)


def _are_rates(texts: list[str]) -> bool:
    names = [one.partition(" ")[0] for one in texts]
    return len(set(names)) == len(names) and all(_is_rate(one) for one in texts)


def _is_rate(text: str) -> bool:
    currency, _, rate = text.partition(" ")
    fits = _CURRENCY.fullmatch(currency) and _is_amount(rate, empty=False)
    return bool(fits) and Decimal(rate) > 0

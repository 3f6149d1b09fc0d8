"""What a comparison over years rests on: its inputs, what each may be, and the two sets that the guide gives."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from assistant.domain.charges import rounded
from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line

PER_MILLION: Final = 6
"""The decimal places between a price per token and one per million."""

_LADDER: Final = tuple(Decimal(rung) for rung in ("1", "1.5", "2", "3", "5", "7", "10"))
_JOULES_PER_KWH: Final = 3_600_000
_MOST_PLACES: Final = 18
_LARGEST: Final = Decimal(10**12)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Money is in `currency`. The edge: `nodes` machines; the cloud: prices per million tokens, and work of a year on it.

    `resale` is what a node will sell for at the end. `power_per_node` is power and network of a node for a year;
    `energy_per_request` comes on top for each request (0: counted in the former). `capacity_per_node` is how many requests a node
    can do in a day (None: not said): where more are needed, more nodes are bought, all at the begin. `growth` 0.2 means 20 % more
    requests each year. `life_months` is how long a node lasts: over other years it costs by parts of its life (None: it is bought once
    and lasts for all of them). `split_assumed`: nobody said how many of the tokens are input; `power_unknown`: nobody knows what idle
    nodes take, and 0 stands in its place; `cloud_listed`: the cloud's price is a model's list price, so what it comes to is an estimate.
    `cached_tokens` of the input tokens come from the provider's cache, at `cloud_cached` (None: they cost what input does).
    """

    requests_per_day: Decimal
    input_tokens: Decimal
    output_tokens: Decimal
    nodes: Decimal
    node_price: Decimal
    fte: Decimal
    salary: Decimal
    power_per_node: Decimal
    cloud_input: Decimal
    cloud_output: Decimal
    cloud_operations: Decimal
    years: Decimal = Decimal(3)
    days_per_year: Decimal = Decimal(365)
    growth: Decimal = Decimal(0)
    resale: Decimal = Decimal(0)
    energy_per_request: Decimal = Decimal(0)
    capacity_per_node: Decimal | None = None
    life_months: Decimal | None = None
    currency: str = "USD"
    split_assumed: bool = True
    power_unknown: bool = False
    cloud_listed: bool = False
    cached_tokens: Decimal = Decimal(0)
    cloud_cached: Decimal | None = None

    @property
    def tokens_per_request(self) -> Decimal:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Field:
    """One input: what it is called, what it may be, and by how much a key changes it (None: to the next round number)."""

    name: str
    label: str
    unit: str
    low: Decimal
    high: Decimal
    whole: bool = False
    step: Decimal | None = None
    optional: bool = False

    def parsed(self, text: str, where: str = "") -> Decimal | None:
        """What a person typed; "" and "-" mean not said, where that is allowed. Raises: UsageError, which names `where`."""
        written = text.strip()
        if self.optional and written in ("", "-"):
            return None
        percent = self.unit == "%"
        number = written.removesuffix("%").strip() if percent else written
        try:
            value = Decimal(number)
        except InvalidOperation:
            raise self._wrong(f"{one_line(written, 30)!r} is no number", where) from None
        return self.checked(value.scaleb(-2) if percent and value.is_finite() else value, where)

    def checked(self, value: Decimal, where: str = "") -> Decimal:
        """`value`, where the input may be that. Raises: UsageError."""
        if not value.is_finite():
            raise self._wrong(f"{value} is no number", where)
        if not self.low <= value <= self.high:
            raise self._wrong(f"{one_line(str(value), 30)} is out of reach", where)
        if self.whole and value != value.to_integral_value():
            raise self._wrong(f"{one_line(str(value), 30)} is not whole", where)
        if -int(value.normalize().as_tuple().exponent) > _MOST_PLACES:
            raise self._wrong("that has too many decimals", where)
        return value

    def stepped(self, value: Decimal | None, up: bool) -> Decimal | None:
        """The next value up or down that a person would try; at the end of what is allowed it stays."""
        if value is None:
            return Decimal(100) if up else None
        if self.step is not None:
            moved = value + (self.step if up else -self.step)
        else:
            moved = _next_rung(value, up=up)
        if self.whole:
            moved = moved.to_integral_value()
        return min(max(moved, self.low), self.high)

    def shown(self, value: Decimal | None) -> str:
        """`value` as a person reads and types it."""
        if value is None:
            return "-"
        return plain(value.scaleb(2) if self.unit == "%" else value)

    def _wrong(self, what: str, where: str) -> UsageError:
        kind = "a whole number" if self.whole else "a number"
        low, high = self.shown(self.low), self.shown(self.high)
        unit = " %" if self.unit == "%" else ""
        return UsageError(f"{where or self.label}: {what}", f"{kind} from {low} to {high}{unit}")


_NONE, _ONE = Decimal(0), Decimal(1)

FIELDS: Final = (
    Field("requests_per_day", "requests a day", "", _NONE, Decimal(10**9)),
    Field("input_tokens", "input tokens a request", "", _NONE, Decimal(10**7)),
    Field("output_tokens", "output tokens a request", "", _NONE, Decimal(10**7)),
    Field("years", "years", "", _ONE, Decimal(30), whole=True, step=_ONE),
    Field("growth", "growth a year", "%", Decimal("-0.9"), _ONE * 10, step=Decimal("0.05")),
    Field("days_per_year", "days a year", "", _ONE, Decimal(366), whole=True, step=_ONE),
    Field("nodes", "nodes", "", _NONE, Decimal(10**6), whole=True, step=_ONE),
    Field("node_price", "price of a node", "money", _NONE, _LARGEST),
    Field("resale", "resale of a node", "money", _NONE, _LARGEST),
    Field(
        "capacity_per_node", "requests a node can do a day", "", _ONE, Decimal(10**9), optional=True
    ),
    Field("fte", "upkeep, full posts (FTE)", "", _NONE, Decimal(10**4), step=Decimal("0.05")),
    Field("salary", "salary of a post a year", "money", _NONE, _LARGEST),
    Field("power_per_node", "power, network a node, a year", "money", _NONE, _LARGEST),
    Field("energy_per_request", "energy of a request on top", "money", _NONE, Decimal(10**6)),
    Field("cloud_input", "cloud, million input tokens", "money", _NONE, Decimal(10**6)),
    Field("cloud_output", "cloud, million output tokens", "money", _NONE, Decimal(10**6)),
    Field("cloud_operations", "cloud operations a year", "money", _NONE, _LARGEST),
)
"""Every input that is a number, in the order in which a person fills them."""

LIFE: Final = Field("life_months", "life of a node, months", "", _ONE, Decimal(1200), optional=True)
"""No line of the form: the person's own machine brings it along."""

BY_NAME: Final = {field.name: field for field in (*FIELDS, LIFE)}


def value_of(inputs: Inputs, name: str) -> Decimal | None:
    """The number of the input `name`."""
    found = getattr(inputs, name)
    assert found is None or isinstance(found, Decimal)
    return found


def with_said(inputs: Inputs, values: Mapping[str, Decimal | None]) -> Inputs:
    """`inputs` with what a person said; what was assumed, unknown or from a list before is so no more."""
    changed: dict[str, object] = dict(values)
    if "input_tokens" in values or "output_tokens" in values:
        changed["split_assumed"] = False
    if "input_tokens" in values:
        changed["cached_tokens"] = Decimal(0)
    if "cloud_input" in values or "cloud_output" in values:
        changed |= {"cloud_listed": False, "cloud_cached": None}
    if "power_per_node" in values:
        changed["power_unknown"] = False
    return replace(inputs, **changed)  # type: ignore[arg-type]  # each field has a number of its own


def checked(inputs: Inputs) -> Inputs:
    """`inputs`, where each is what it may be and they fit together. Raises: UsageError."""
    for field in FIELDS:
        value = value_of(inputs, field.name)
        if value is not None:
            field.checked(value)
        elif not field.optional:
            raise UsageError(f"{field.label}: it is not said")
    if inputs.resale > inputs.node_price:
        raise UsageError(
            f"resale of a node: {plain(inputs.resale)} is more than its price, {plain(inputs.node_price)}",
            "what it will sell for at the end",
        )
    if not inputs.nodes and inputs.capacity_per_node is None and inputs.requests_per_day:
        raise UsageError("nodes: 0 of them do no request", "1 or more, or what a node can do a day")
    if inputs.tokens_per_request == 0:
        raise UsageError("tokens a request: 0 are none", "input or output tokens above 0")
    if len(inputs.currency) != 3 or not (inputs.currency.isascii() and inputs.currency.isupper()):
        raise UsageError(f"{one_line(inputs.currency, 20)!r} is no currency", 'write it like "EUR"')
    return inputs


def split(tokens: Decimal, input_share: Decimal) -> tuple[Decimal, Decimal]:
    """So many tokens as input and output. Raises: UsageError for a share that is none."""
    if not input_share.is_finite() or not 0 <= input_share <= 1:
        raise UsageError(f"input share: {input_share} is no share", "a number from 0 to 1")
    inward = rounded(tokens * input_share)
    return inward, tokens - inward


def power_per_year(watts: Decimal, per_kwh: Decimal, days: Decimal) -> Decimal:
    """What a machine that takes `watts` day and night costs in a year of `days`."""
    return rounded(watts * 24 * days * per_kwh / 1000)


def energy_cost(joules: Decimal, per_kwh: Decimal) -> Decimal:
    """What `joules` cost, rounded to what records keep."""
    return rounded(joules * per_kwh / _JOULES_PER_KWH)


def plain(amount: Decimal) -> str:
    """`amount` exact, without zeros at its end and without an exponent."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


GUIDE: Final = Inputs(
    requests_per_day=Decimal(10_000),
    input_tokens=Decimal(30),
    output_tokens=Decimal(30),
    nodes=Decimal(10),
    node_price=Decimal(1_200),
    fte=Decimal("0.5"),
    salary=Decimal(70_000),
    power_per_node=Decimal(300),
    cloud_input=Decimal(800),
    cloud_output=Decimal(800),
    cloud_operations=Decimal(30_000),
)
"""The worked example of the guide, with its tokens counted right."""

AS_PRINTED: Final = replace(GUIDE, input_tokens=Decimal(3), output_tokens=Decimal(3))
"""The same so that it gives what the guide prints."""

PRESETS: Final = {"guide": GUIDE, "guide-as-printed": AS_PRINTED}

WHY_AS_PRINTED: Final = (
    "The guide prints 65,700,000 tokens. 10,000 requests x 60 tokens x 365 days x 3 years are 657,000,000: a slip by ten. "
    "To give its figures, this preset takes 6 tokens a request in the place of 60."
)

WHY_GUIDE: Final = (
    "The guide's example: 0.0008 a token is 800 a million tokens, far above list prices. It prints a cloud total of 142,560, "
    "because it counts 65,700,000 tokens where there are 657,000,000 (--preset guide-as-printed)."
)

THE_REST: Final = "What is not given is as in the guide's example: look at each input before you rely on the answer."
"""What is to be said of inputs that are not wholly a person's own."""

WHY: Final = {"guide": WHY_GUIDE, "guide-as-printed": WHY_AS_PRINTED}
"""What is to be said of each preset."""


def _next_rung(value: Decimal, *, up: bool) -> Decimal:
    """The nearest of 1, 1.5, 2, 3, 5, 7 times a power of ten above or below; below the smallest there is 0."""
    if value <= 0:
        return Decimal("0.01") if up else Decimal(0)
    unit = Decimal(1).scaleb(value.adjusted())
    rungs = [rung * unit for rung in (Decimal("0.7"), *_LADDER)]
    if up:
        return next(rung for rung in rungs if rung > value)
    below = [rung for rung in rungs if rung < value]
    return below[-1] if below[-1] >= Decimal("0.000001") else Decimal(0)

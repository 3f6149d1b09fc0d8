"""`assistant tco`: what a workload costs over years on machines of one's own and in the cloud, and where they meet."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from assistant.commands.talk import say, show
from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line

if TYPE_CHECKING:
    from assistant.commands.tco_report import Report
    from assistant.domain.tco_inputs import Inputs
    from assistant.domain.tco_measured import Measured
    from assistant.ports.comparing import Comparing

_FLAGS: Final = (
    ("requests_per_day", "--requests-per-day", "N", "requests a day, in the first year"),
    ("input_tokens", "--input-tokens", "N", "tokens in, of a request"),
    ("output_tokens", "--output-tokens", "N", "tokens out, of a request"),
    ("years", "--years", "N", "over how many years, 1 to 30"),
    ("growth", "--growth", "PERCENT", "how much more requests each year, such as 20"),
    ("days_per_year", "--days-per-year", "N", "days of work a year"),
    ("nodes", "--nodes", "N", "how many machines are planned"),
    ("node_price", "--node-price", "X", "what one costs"),
    ("resale", "--resale", "X", "what one will sell for at the end"),
    ("life_months", "--life-months", "N", "how long one lasts, where it is bought anew by then"),
    ("capacity_per_node", "--capacity-per-node", "N", "requests that one can do a day; more are bought where they are needed"),
    ("fte", "--fte", "X", "upkeep of all of them, in full posts"),
    ("salary", "--salary", "X", "what a post costs a year"),
    ("energy_per_request", "--energy-per-request", "X", "energy of a request, in money, on top of --power-per-node"),
    ("cloud_operations", "--cloud-ops", "X", "work and other costs of the cloud a year"),
)  # fmt: skip
"""Inputs that one flag sets, by their name in domain.tco_inputs."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `tco` to the grammar."""
    parser = commands.add_parser(
        "tco",
        help="what a workload costs over years, on your machines and in the cloud, and where they meet",
        description="Total cost of ownership. What you do not give is as in the guide's example: 10,000 requests a day, 60 tokens, 3 years, "
        "10 nodes. Amounts are in one currency; nothing is fetched.",
    )
    parser.add_argument("--preset", choices=("guide", "guide-as-printed", "mine"), default="guide", help="what it begins from")  # fmt: skip
    parser.add_argument("--from-telemetry", action="store_true", help="requests, tokens and energy as measured here")  # fmt: skip
    parser.add_argument("--since", metavar="D", help="measured from this day on, such as 2026-11-01")  # fmt: skip
    for name, flag, metavar, meaning in _FLAGS:
        parser.add_argument(flag, dest=name, metavar=metavar, help=meaning)
    _add_tokens_and_power(parser)
    price = parser.add_mutually_exclusive_group()
    price.add_argument("--cloud-per-token", metavar="X", help="what a token costs, in or out")
    price.add_argument("--cloud-per-million", metavar="IN:OUT", help="what a million tokens cost, in and out")  # fmt: skip
    price.add_argument("--cloud-route", metavar="ROUTE:MODEL", help="the list price of a model, such as openai-global:gpt-5-mini")  # fmt: skip
    parser.add_argument("--currency", metavar="CUR", help="of all amounts; no amount is converted by it")  # fmt: skip
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one object")
    output.add_argument("--csv", action="store_true", help="print tables, one line for each figure")
    parser.set_defaults(run=run)


def _add_tokens_and_power(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tokens-per-request", metavar="N", help="tokens of a request, in and out")
    parser.add_argument("--input-share", metavar="X", help="how much of them is input, 0 to 1")
    power = parser.add_mutually_exclusive_group()
    power.add_argument("--power-per-node", metavar="X", help="power and network of one a year, in money")  # fmt: skip
    power.add_argument("--watts-per-node", metavar="W", help="what one takes day and night; needs --per-kwh, or tariff.per_kwh")  # fmt: skip
    parser.add_argument("--per-kwh", metavar="X", help="what a kWh costs; in the place of tariff.per_kwh")  # fmt: skip
    parser.add_argument("--network-per-node", metavar="X", help="network of one a year; goes with --watts-per-node")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Prints the comparison; the exit code is that of design §4."""
    from textwrap import fill

    from assistant.commands.tco_report import WIDTH
    from assistant.wiring.tco import open_comparing

    with open_comparing() as world:
        report = _report(args, world)
    if args.json:
        show(report.to_json())
    elif args.csv:
        print("\n".join(report.csv()))
    else:
        for note in report.notes:
            say(fill(note, WIDTH))
        print("\n".join(report.text()))
    return 0


@dataclass(frozen=True, slots=True)
class _Begun:
    """Inputs on their way, with what is to be said of them."""

    inputs: "Inputs"
    notes: tuple[str, ...] = ()
    relabelled: tuple[str, ...] = ()
    measured: "Measured | None" = None


def _report(args: argparse.Namespace, world: "Comparing") -> "Report":
    from assistant.commands.tco_report import Report
    from assistant.domain.tco import reckon
    from assistant.domain.tco_inputs import PRESETS, THE_REST, WHY, checked
    from assistant.domain.tco_mine import still_true
    from assistant.domain.tco_prices import at_list_prices

    begun = _begin(args, world)
    inputs = _priced(args, world, _powered(args, world, _tokens(args, _plain(args, begun.inputs))))
    result = reckon(checked(inputs))
    listed = at_list_prices(inputs, world.list_prices(), world.exchange())
    as_preset = inputs == PRESETS.get(args.preset)
    why = still_true(begun.notes, inputs) or (WHY[args.preset] if as_preset else THE_REST,)
    return Report(args.preset, result, listed, (*why, *begun.relabelled), begun.measured)


def _begin(args: argparse.Namespace, world: "Comparing") -> _Begun:
    """The preset, and over it what was measured, where that is wanted."""
    from assistant.domain.tco_measured import fill

    inputs, notes = _base(args.preset, world)
    relabelled = _relabelled(args, inputs.currency)
    if relabelled:
        inputs = replace(inputs, currency=args.currency)
    if not args.from_telemetry:
        if args.since is not None:
            raise UsageError("--since: it goes with --from-telemetry")
        return _Begun(inputs, notes, relabelled)
    found = world.measured(_day(args.since))
    inputs, filled = fill(inputs, found, _per_kwh(args, world, inputs.currency))
    rest = (
        "nodes, prices and upkeep are not measured: they are the guide's, where no flag gives yours (--preset mine)",
    )
    return _Begun(inputs, (*filled, *(notes or rest)), relabelled, found)


def _relabelled(args: argparse.Namespace, currency: str) -> tuple[str, ...]:
    """What is to be said of --currency, where it changes anything. Raises: UsageError."""
    if args.currency in (None, currency):
        return ()
    if args.preset == "mine":
        raise UsageError(
            f"--currency: your machine's amounts are {currency}, and would not be converted",
            "leave it out, or set costs.currency",
        )
    return (f"amounts are called {one_line(args.currency, 20)}, not converted: those of the guide are {currency}",)  # fmt: skip


def _base(preset: str, world: "Comparing") -> tuple["Inputs", tuple[str, ...]]:
    """What it begins from, and what is to be said of that. Raises: UsageError."""
    from assistant.domain.tco_inputs import PRESETS

    if preset != "mine":
        return PRESETS[preset], ()
    from assistant.domain.tco_mine import mine

    return mine(world.keeping(), world.list_prices(), world.exchange())


def _plain(args: argparse.Namespace, inputs: "Inputs") -> "Inputs":
    """With every flag that stands for one input."""
    from assistant.domain.tco_inputs import with_said

    given = {
        name: _number(name, getattr(args, name), flag)
        for name, flag, _, _ in _FLAGS
        if getattr(args, name) is not None
    }
    return with_said(inputs, given)


def _tokens(args: argparse.Namespace, inputs: "Inputs") -> "Inputs":
    from assistant.domain.tco_inputs import split

    if args.tokens_per_request is None and args.input_share is None:
        return inputs
    if args.input_tokens is not None or args.output_tokens is not None:
        raise UsageError("--tokens-per-request and --input-share are one way, --input-tokens and --output-tokens another", "use one")  # fmt: skip
    tokens = inputs.tokens_per_request
    if args.tokens_per_request is not None:
        tokens = _number("input_tokens", args.tokens_per_request, "--tokens-per-request")
    said = args.input_share is not None
    share = _decimal(args.input_share, "--input-share") if said else Decimal("0.5")
    inward, outward = split(tokens, share)
    return replace(inputs, input_tokens=inward, output_tokens=outward, split_assumed=not said)


def _powered(args: argparse.Namespace, world: "Comparing", inputs: "Inputs") -> "Inputs":
    from assistant.domain.tco_inputs import power_per_year, with_said

    if args.power_per_node is not None:
        power = _number("power_per_node", args.power_per_node, "--power-per-node")
        return with_said(inputs, {"power_per_node": power})
    if args.watts_per_node is None:
        if args.network_per_node is not None:
            raise UsageError("--network-per-node: it goes with --watts-per-node")
        return inputs
    per_kwh = _per_kwh(args, world, inputs.currency)
    if per_kwh is None:
        raise UsageError("--watts-per-node: what a kWh costs is not known", "--per-kwh, or tariff.per_kwh in the settings")  # fmt: skip
    watts = _number("power_per_node", args.watts_per_node, "--watts-per-node")
    network = Decimal(0)
    if args.network_per_node is not None:
        network = _number("power_per_node", args.network_per_node, "--network-per-node")
    power = power_per_year(watts, per_kwh, Decimal(365)) + network
    return with_said(inputs, {"power_per_node": power})


def _priced(args: argparse.Namespace, world: "Comparing", inputs: "Inputs") -> "Inputs":
    from assistant.domain.tco_inputs import PER_MILLION, with_said
    from assistant.domain.tco_prices import with_price

    if args.cloud_route is not None:
        return with_price(inputs, world.list_price(args.cloud_route), world.exchange())
    if args.cloud_per_token is not None:
        million = _decimal(args.cloud_per_token, "--cloud-per-token").scaleb(PER_MILLION)
        prices: Sequence[str] = (str(million), str(million))
        flag = "--cloud-per-token (a million)"
    elif args.cloud_per_million is not None:
        flag = "--cloud-per-million"
        prices = args.cloud_per_million.split(":")
        if len(prices) != 2:
            raise UsageError(f"{flag}: {one_line(args.cloud_per_million, 40)!r} is not IN:OUT", "such as 0.25:2")  # fmt: skip
    else:
        return inputs
    inward, outward = (_number("cloud_input", price, flag) for price in prices)
    return with_said(inputs, {"cloud_input": inward, "cloud_output": outward})


def _per_kwh(args: argparse.Namespace, world: "Comparing", currency: str) -> Decimal | None:
    if args.per_kwh is None:
        return world.per_kwh(currency)
    return _number("energy_per_request", args.per_kwh, "--per-kwh")


def _number(name: str, text: str, flag: str) -> Decimal:
    """`text` as the input `name` may be. Raises: UsageError, which names `flag`."""
    from assistant.domain.tco_inputs import BY_NAME

    value = replace(BY_NAME[name], optional=False).parsed(text, flag)
    assert value is not None  # an input that is not optional has a number
    return value


def _decimal(text: str, flag: str) -> Decimal:
    """A number of at most 18 decimals, 0 or more. Raises: UsageError, which names `flag`."""
    return _number("node_price", text, flag)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since: {one_line(text, 30)!r} is no day", "such as 2026-11-01") from None  # fmt: skip

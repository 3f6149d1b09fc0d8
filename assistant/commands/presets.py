"""The shipped prices of hardware, as lines or as an object: what the setting `hardware.preset` may name."""

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from assistant.commands.talk import show
from assistant.domain.cost_words import ESTIMATE, UNKNOWN, figure
from assistant.domain.hygiene import harmless

if TYPE_CHECKING:
    from assistant.domain.exchange import Exchange
    from assistant.domain.hardware import Preset

_WIDTH = 80


def show_presets(*, as_json: bool) -> int:
    """Prints them. Raises: SettingsError for settings that cannot be read."""
    from assistant.storage import paths
    from assistant.storage.settings import TomlSettings
    from assistant.storage.tariffs import TariffFile

    files = TariffFile()
    exchange = files.exchange(TomlSettings(paths.find().settings_file).load().costs)
    if as_json:
        show({"presets": [_json(one, exchange) for one in files.presets]})
        return 0
    for one in files.presets:
        for line in _lines(one, exchange):
            print(harmless(line))
    return 0


def _json(preset: "Preset", exchange: "Exchange") -> dict[str, object]:
    price = preset.price(exchange)
    return {
        "id": preset.id,
        "price": None if price is None else f"{price:f}",
        "currency": exchange.currency,
        "as_of": preset.as_of.isoformat(),
        "parts": [
            {
                "name": part.name,
                "price": f"{part.price.amount:f}",
                "currency": part.price.currency,
                "as_of": part.as_of.isoformat(),
                "source": part.source,
            }
            for part in preset.parts
        ],
    }


def _lines(preset: "Preset", exchange: "Exchange") -> Iterator[str]:
    price = preset.price(exchange)
    shown = UNKNOWN if price is None else f"{figure(price)}{ESTIMATE} {exchange.currency}"
    yield f"{preset.id:<20} {shown:>14}  as of {preset.as_of.isoformat()}"
    parts = ", ".join(
        f"{part.name} {figure(part.price.amount)} {part.price.currency}" for part in preset.parts
    )
    yield from wrap(parts, _WIDTH, initial_indent="    ", subsequent_indent="    ")

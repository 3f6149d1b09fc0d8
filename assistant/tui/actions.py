"""Names for what a key does, so that a person can give it another one: a rule makes them, of a place and an action."""

from collections.abc import Iterable
from dataclasses import replace

from textual.binding import Binding, BindingType

EVERYWHERE = "everywhere"
"""The place whose keys work in all of the chat."""


def named(place: str, bindings: Iterable[BindingType]) -> list[BindingType]:
    """The bindings of a class, each with the id `PLACE.ACTION`; one that has an id keeps it.

    One without a description that asks the screen is the same action as the screen's, and has its id.
    """
    return [_named(place, each) if isinstance(each, Binding) else each for each in bindings]


def _named(place: str, binding: Binding) -> Binding:
    if binding.id:
        return binding
    if not binding.description and binding.action.startswith("screen."):
        place = EVERYWHERE
    return replace(binding, id=f"{place}.{action_name(binding.action)}")


def action_name(action: str) -> str:
    """`step(-1)` as `step_back`, `page(10)` as `page_on_10`, `screen.by('day')` as `by_day`, `dismiss(False)` as `close`."""
    name, _, rest = action.partition("(")
    name = name.rpartition(".")[2]
    if name == "dismiss":
        return "close"
    words = [_word(part.strip()) for part in rest.removesuffix(")").split(",") if part.strip()]
    return "_".join([name, *words])


def _word(argument: str) -> str:
    sign = argument.removeprefix("-")
    if sign.isdecimal():
        way = "back" if argument != sign else "on"
        return way if sign == "1" else f"{way}_{sign}"
    return {"True": "on", "False": "back"}.get(argument, argument.strip("'\""))

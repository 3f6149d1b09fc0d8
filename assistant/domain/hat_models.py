"""The HAT's models as a person sees them: those on it, those that it can fetch, and which one answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

from assistant.domain.hat import Hat, HatState
from assistant.domain.models import HAT_PREFIX
from assistant.domain.places import HAT


class HatModelJson(TypedDict):
    """One model of the HAT in `models list --json`."""

    id: str
    name: str
    on: str
    installed: bool
    in_use: bool


class HatStockJson(TypedDict):
    """The object of `models list --json`'s `hat` field."""

    state: str
    why: str
    remedy: str | None
    models: list[HatModelJson]


@dataclass(frozen=True, slots=True)
class HatModel:
    """A model under the HAT's own name for it (`qwen2.5-instruct:1.5b`)."""

    name: str
    installed: bool
    in_use: bool = False

    @property
    def id(self) -> str:
        """What the commands call it."""
        return HAT_PREFIX + self.name

    def to_json(self) -> HatModelJson:
        """One row of `models list --json`."""
        return {
            "id": self.id,
            "name": self.name,
            "on": HAT,
            "installed": self.installed,
            "in_use": self.in_use,
        }


@dataclass(frozen=True, slots=True)
class HatStock:
    """The HAT, and its models: the installed ones first; `why` says in one sentence whether prompts can go there."""

    hat: Hat
    why: str
    models: tuple[HatModel, ...] = ()

    def find(self, name: str) -> HatModel | None:
        """The model of that name; None where the HAT neither has it nor can fetch it."""
        return next((model for model in self.models if model.name == name), None)

    def to_json(self) -> HatStockJson:
        """The object of `models list --json`'s `hat` field; without a HAT its state is `none`."""
        return {
            "state": self.hat.state.value,
            "why": self.why,
            "remedy": self.hat.remedy,
            "models": [model.to_json() for model in self.models],
        }

    def lines(self) -> Iterator[str]:
        """What `models list` says of it; nothing where there is no HAT."""
        if self.hat.state is HatState.NONE:
            return
        yield f"On the HAT: {self.why}"
        if self.hat.remedy:
            yield f"  what mends it: {self.hat.remedy}"
        yield from (f"{'*' if m.in_use else ' '} {m.id}" for m in self.models if m.installed)
        offered = [model for model in self.models if not model.installed]
        if offered:
            yield "To be had for the HAT with: assistant models pull ID"
            yield from (f"  {model.id}" for model in offered)


def stock(
    hat: Hat,
    installed: Sequence[str],
    offered: Sequence[str],
    in_use: str | None,
    why: str = "",
) -> HatStock:
    """The HAT's models, each once; `in_use` is the one that answers (None: none does); `why` "": the HAT's own."""
    here = [HatModel(name, True, name == in_use) for name in dict.fromkeys(installed)]
    more = [HatModel(name, False) for name in dict.fromkeys(offered) if name not in installed]
    return HatStock(hat, why or hat.why, (*here, *more))

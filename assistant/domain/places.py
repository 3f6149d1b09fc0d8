"""Where a route runs: places and routes."""

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where a prompt is worked on."""

    THIS_MACHINE = "this-machine"
    THIS_NETWORK = "this-network"
    CLOUD = "cloud"


SHORT_NAMES = {Place.THIS_MACHINE: "local", Place.THIS_NETWORK: "network", Place.CLOUD: "cloud"}
"""The word that stands next to the colour of a place."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way to an answer: what runs it, where, with which model."""

    id: str
    place: Place
    backend: str
    model: str

    def to_json(self) -> dict[str, str]:
        """The object of the turn's `route` field."""
        return {
            "id": self.id,
            "place": self.place.value,
            "backend": self.backend,
            "model": self.model,
        }

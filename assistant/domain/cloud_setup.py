"""A cloud route as a person set it up: a row of the registry with its blanks filled, or an endpoint of their own, and a model."""

from dataclasses import dataclass, replace
from typing import Final

from assistant.domain.cloud_routes import CloudRoute
from assistant.domain.own_routes import Endpoint, endpoint
from assistant.domain.places import Place, Route

CLOUD: Final = "cloud"
"""The backend of cloud routes."""

WINDOW_TOKENS: Final = 128_000
"""The window that is counted on where the person has not said the model's own."""


@dataclass(frozen=True, slots=True)
class CloudSetup:
    """`row` has an address and asks for nothing more; `context_tokens` is the model's window (None: not said).

    `own` means that the address was typed by the person: its facts are what they declared, or unknown. `origin` is the id of the
    registry's row that it was made from ("": none); a person may give it another id. `images` is True where they said that the
    model takes them.
    """

    row: CloudRoute
    model: str
    context_tokens: int | None = None
    own: bool = False
    origin: str = ""
    images: bool = False

    def __post_init__(self) -> None:
        """Raises: UsageError for an address that is none, and for a model that the row's facts do not hold for."""
        self.row.require_model(self.model)
        if self.row.base_url is not None:
            endpoint(self.row.base_url)

    @property
    def id(self) -> str:
        """The route's id."""
        return self.row.id

    @property
    def route(self) -> Route:
        """The route as the policy sees it. Facts that nobody declared satisfy no rule, so it counts as declared here."""
        return Route(self.id, Place.CLOUD, CLOUD, self.model, images=self.images)

    @property
    def endpoint(self) -> Endpoint | None:
        """Where it is spoken to; None where nobody knows the address."""
        return None if self.row.base_url is None else endpoint(self.row.base_url)

    @property
    def fingerprint(self) -> str:
        """What a grant hangs on: every fact, the address, the wire, and the model."""
        return self.row.fingerprint(self.model)

    @property
    def window_tokens(self) -> int:
        """How many tokens prompt and reply may take together."""
        return self.context_tokens or WINDOW_TOKENS

    def speaks_as(self, other: "CloudSetup") -> bool:
        """Whether it is spoken to as `other` is, to the byte: what is declared of them may differ, nothing else."""
        return replace(self, row=replace(self.row, facts=other.row.facts)) == other

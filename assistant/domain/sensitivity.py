"""How far a text may travel: labels and how they join."""

from collections.abc import Iterable
from enum import StrEnum


class Label(StrEnum):
    """What a person said of a text; `local-only` never leaves this machine."""

    PUBLIC = "public"
    NORMAL = "normal"
    LOCAL_ONLY = "local-only"


_ORDER = {Label.PUBLIC: 0, Label.NORMAL: 1, Label.LOCAL_ONLY: 2}


def join(labels: Iterable[Label]) -> Label:
    """The strictest of `labels`; the label of whatever was made from all of them (no labels: public)."""
    return max(labels, key=_ORDER.__getitem__, default=Label.PUBLIC)

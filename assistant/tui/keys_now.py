"""The keys as they are now: those that a person chose, else the usual ones."""

from collections.abc import Mapping, Sequence

from textual.binding import Binding


class Keys:
    """The keys as they are now; without a wish of the person's, as they are shipped."""

    def __init__(self, wanted: Mapping[str, Sequence[str]] | None = None) -> None:
        """`wanted` are the keys by action, checked."""
        self._wanted = _normal(wanted) if wanted else {}

    @property
    def keymap(self) -> dict[str, str]:
        """What the screen is told."""
        return {name: ",".join(those) for name, those in self._wanted.items()}

    def of(self, binding: Binding) -> str:
        """The keys of a binding, with commas between them."""
        return ",".join(self._wanted.get(binding.id or "", ())) or binding.key

    def first(self, action: str, usual: str) -> str:
        """The first key of an action."""
        return next(iter(self._wanted.get(action, ())), usual)


def _normal(wanted: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    from assistant.domain.keys import Action, chosen

    return {one.id: one.keys for one in chosen([Action(name, "", ()) for name in wanted], wanted)}

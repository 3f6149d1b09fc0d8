"""A message with pictures as a model or a person is given it: its words, with a line for each picture in the place of its bytes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from assistant.domain.attachments import Attachment, compose, has_blocks, parted, size_words
from assistant.domain.errors import UsageError
from assistant.domain.pictures import Picture
from assistant.domain.places import Route
from assistant.domain.prompt import Message, Role

NOT_TAKEN = "not sent: this route takes no images"
"""What stands behind a picture's name where it stays."""


def pictures_in(text: str) -> tuple[Picture, ...]:
    """The pictures of a person's message, in their order."""
    if not has_blocks(text):
        return ()
    return tuple(one.picture for one in parted(text)[1] if one.picture is not None)


def readable(text: str) -> str:
    """A person's message to be read, found and copied: a picture is a line with its name, pixels and size."""
    return _worded(text, _described)


def _described(picture: Picture) -> str:
    return f"{picture.name}, {picture.pixels}, {size_words(picture.size_bytes)}"


def _named(picture: Picture) -> str:
    return picture.name


def _kept(picture: Picture) -> str:
    return f"{picture.name}, {NOT_TAKEN}"


def given(messages: Sequence[Message], takes: bool) -> list[Message]:
    """`messages` for a route that `takes` pictures, beside the words, or does not. A model's words are never a picture."""
    return [_given(one, takes) if one.role is Role.USER else one for one in messages]


def _given(message: Message, takes: bool) -> Message:
    if not (found := pictures_in(message.text)):
        return message
    words = _worded(message.text, _named if takes else _kept)
    return replace(message, text=words, pictures=found if takes else ())


def _worded(text: str, line_of: Callable[[Picture], str]) -> str:
    if not has_blocks(text):
        return text
    own, found = parted(text)
    lines, rest = [], list[Attachment]()
    for one in found:
        if (picture := one.picture) is None:
            rest.append(one)
        else:
            lines.append(f"[image {line_of(picture)}]\n")
    return compose("".join([*lines, own]), rest) if lines else text


def require_taken(text: str, route: Route) -> None:
    """Raises: UsageError where a message with pictures is for a route that takes none, or of which nobody said that it does."""
    found = () if route.images else pictures_in(text)
    if found:
        many, them = ("an image", "it") if len(found) == 1 else (f"{len(found)} images", "them")
        raise UsageError(
            f"{route.id} takes no images, and this message has {many}",
            f"take {them} out, or send it to a route that was added with --images",
        )


def left_out(messages: Iterable[Message], route: Route) -> int:
    """How many pictures in `messages` stay, because `route` takes none."""
    if route.images:
        return 0
    return sum(len(pictures_in(one.text)) for one in messages if one.role is Role.USER)

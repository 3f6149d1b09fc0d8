"""Attachments as a part of a message's text: blocks before the person's own words, each with its length.

Because they are text, whatever holds for a text holds for them: labels, scans, consent, journal, search, export. What leaves
for the cloud with placeholders in it keeps the headers as they were written: they tell the sizes of the originals.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from assistant.domain.errors import AttachmentError
from assistant.domain.estimates import text_size

if TYPE_CHECKING:
    from assistant.domain.pictures import Picture

MOST_MESSAGE_BYTES: Final = 2_000_000
"""Of a message with all that is attached to it; no context window that this program serves holds more."""

ASK_FILES: Final = 20
ASK_BYTES: Final = 50_000
"""Beyond either of these a folder is attached only after a person said yes to how much it is."""

_BEGIN: Final = "--- attachment 1 of "
_HEAD = re.compile(
    r"--- attachment ([1-9][0-9]{0,5}) of ([1-9][0-9]{0,5}): (.*) "
    r"\(([a-z]+), (0|[1-9][0-9]{0,9}) bytes?, (0|[1-9][0-9]{0,9}) lines?\) ---"
)
_MOST_HEAD_BYTES: Final = 4_000
_KIND = re.compile("[a-z]+")
_PICTURES: Final = frozenset(("png", "jpeg", "webp", "gif"))


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text that goes with a message; that of a picture is its bytes as base64.

    `name` is one line, `kind` a word: `text`, `pdf`, `folder`, `list`, `paste`, or that of a picture: `png`, `jpeg`, `webp`,
    `gif`. `size_bytes` (of UTF-8) and `lines` are counted. Raises: ValueError where the name is more than a line, or too long for a header.
    """

    name: str
    kind: str
    text: str
    size_bytes: int = field(init=False)
    lines: int = field(init=False)

    def __post_init__(self) -> None:
        """Counts."""
        if "\n" in self.name or len(_raw(self.name)) > _MOST_HEAD_BYTES // 2:
            raise ValueError("the name of an attachment is one short line")
        if not _KIND.fullmatch(self.kind):
            raise ValueError("the kind of an attachment is a word")
        text = self.text
        object.__setattr__(self, "size_bytes", len(text) if text.isascii() else len(_raw(text)))
        object.__setattr__(
            self, "lines", text.count("\n") + (not text.endswith("\n") and text > "")
        )

    @property
    def picture(self) -> "Picture | None":
        """The picture that it is; None for a text, and for what only says that it is one."""
        if self.kind not in _PICTURES:
            return None
        from assistant.domain.pictures import picture_in

        return picture_in(self.name, self.kind, self.text)

    @property
    def file_bytes(self) -> int:
        """What a person is told of its size: that of its text, or of the picture's file."""
        return self.size_bytes if self.picture is None else self.picture.size_bytes

    @property
    def tokens(self) -> int:
        """About how many tokens its text, or its picture, takes."""
        if (picture := self.picture) is not None:
            return picture.tokens
        return max(round(text_size(self.text)), self.text > "")


def compose(text: str, attachments: Sequence[Attachment]) -> str:
    """The message that is sent: a block for each attachment, then `text`.

    The person's own words stand last: small models answer what they read last, and what is attached first can be read by
    the engine while they are still typed.
    """
    parts = [_block(one, number, len(attachments)) for number, one in enumerate(attachments, 1)]
    return "".join([*parts, text])


def parted(text: str) -> tuple[str, tuple[Attachment, ...]]:
    """A person's own words and the attachments of a message; all of it is their own where it is not exactly what `compose` makes.

    A file cannot fake an end or another block, whatever it holds: only lengths are followed. Who pastes a whole message with
    its blocks attaches them again.
    """
    if not has_blocks(text):
        return text, ()
    try:
        own, found = _followed(_raw(text))
    except ValueError:
        return text, ()
    return (own, found) if compose(own, found) == text else (text, ())


def has_blocks(text: str) -> bool:
    """Whether `text` begins as one with attachments does; quick, and no more than that."""
    return text.startswith(_BEGIN)


def joined(texts: Iterable[str]) -> str:
    """Messages as one: their attachments, then their own words, an empty line between them; empty ones are left out."""
    parts = [parted(text) for text in texts if text]
    own = "\n\n".join(words for words, found in parts if words or not found)
    return compose(own, [one for _, found in parts for one in found])


def headline(text: str) -> str:
    """What a message is called where only a line of it is shown: the person's own words, else what is attached."""
    own, found = parted(text)
    if own.strip() or not found:
        return own
    # A paste has no name that tells anything.
    return ", ".join(one.text if one.kind == "paste" else one.name for one in found)


def size_words(size_bytes: int) -> str:
    """`812 bytes`, `1.2 kB`, `100 kB`, `1.0 MB`."""
    if size_bytes < 1_000:
        return f"{size_bytes} byte" + "s" * (size_bytes != 1)
    if size_bytes < 9_950:
        return f"{size_bytes / 1_000:.1f} kB"
    if size_bytes < 999_500:
        return f"{size_bytes / 1_000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def token_words(tokens: int) -> str:
    """`~310 tokens`: an estimate, and marked as one."""
    return f"~{tokens:,} token" + "s" * (tokens != 1)


def checked(text: str) -> str:
    """`text`, a whole message. Raises: AttachmentError where that is more than a message may hold."""
    if len(_raw(text)) > MOST_MESSAGE_BYTES:
        most = size_words(MOST_MESSAGE_BYTES)
        raise AttachmentError(
            f"the prompt with its attachments has more than {most}", "attach less"
        )
    return text


def described(one: Attachment) -> str:
    """`src/main.py · 1.2 kB · ~310 tokens`; `photo.png · 1024 x 768 · 80 kB · ~1,049 tokens`."""
    return f"{one.name} · {amount_of(one)}"


def amount_of(one: Attachment) -> str:
    """The same without the name."""
    pixels = one.picture.pixels if one.picture else ""
    parts = (pixels, size_words(one.file_bytes), token_words(one.tokens))
    return " · ".join(filter(None, parts))


def _block(one: Attachment, number: int, of: int) -> str:
    counts = f"{one.size_bytes} byte{'s' * (one.size_bytes != 1)}, {one.lines} line{'s' * (one.lines != 1)}"
    head = f"--- attachment {number} of {of}: {one.name} ({one.kind}, {counts}) ---"
    return f"{head}\n{one.text}{_end(number)}"


def _end(number: int) -> str:
    return f"\n--- end of attachment {number} ---\n"


def _followed(raw: bytes) -> tuple[str, tuple[Attachment, ...]]:
    """Reads block after block by their lengths. Raises: ValueError where it is not one."""
    found: list[Attachment] = []
    at, of = 0, 1
    while len(found) < of:
        line = raw.find(b"\n", at, at + _MOST_HEAD_BYTES)
        head = _HEAD.fullmatch(_read(raw[at : max(line, at)]))
        if head is None or int(head[1]) != len(found) + 1:
            raise ValueError
        of, start = int(head[2]), line + 1
        end = start + int(head[5])
        found.append(Attachment(head[3], head[4], _read(raw[start:end])))
        at = end + len(_raw(_end(len(found))))
        if raw[end:at] != _raw(_end(len(found))):
            raise ValueError
    return _read(raw[at:]), tuple(found)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _read(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")

"""Long pastes and attachments, folded into a short token while a text is edited and unfolded when it is sent."""

from assistant.domain.attachments import Attachment, amount_of, compose, size_words
from assistant.domain.hygiene import one_line

FOLD_CHARACTERS = 4_000
FOLD_LINES = 60
"""Beyond either of these a paste is folded: the text area takes 10 ms a key at 8,000 characters in one line, 108 ms at 100,000."""
PASTED = "pasted text"
"""What a long paste is called as an attachment."""

_NAME = 40
_BRACKETS = str.maketrans("⟦⟧", "[]")


def is_long(text: str) -> bool:
    """Whether `text` would make the composer slow or larger than the screen."""
    return len(text) > FOLD_CHARACTERS or text.count("\n") >= FOLD_LINES


def amount(text: str) -> str:
    """The size of `text` in UTF-8, in words: `100 kB`, `812 bytes`."""
    return size_words(len(text.encode("utf-8", "replace")))


class Pastes:
    """The texts behind the tokens of one composer."""

    def __init__(self) -> None:
        self._texts: dict[str, str | Attachment] = {}

    def fold(self, text: str) -> str:
        """The token that stands for `text`, in whose place the text stands again when it is sent."""
        known = next((token for token, it in self._texts.items() if it == text), "")
        return known or self._new(f"{amount(text)} of text", text, text)

    def attach(self, attachment: Attachment, beside: str = "") -> str:
        """The token that stands for `attachment`; one that does not stand in the text `beside` it already."""
        for token, it in self._texts.items():
            if it == attachment and token not in beside:
                return token
        name = one_line(attachment.name, 4_000).translate(_BRACKETS)
        shown = name if len(name) <= _NAME else "…" + name[1 - _NAME :]
        return self._new(f"{shown} · {amount_of(attachment)}", attachment, beside)

    def paste(self, text: str) -> str:
        """The token that stands for a long paste, which goes as an attachment."""
        count = 1
        for token, it in self._texts.items():
            if isinstance(it, Attachment) and it.kind == "paste":
                if it.text == text:
                    return token
                count += 1
        return self.attach(Attachment(PASTED if count == 1 else f"{PASTED} {count}", "paste", text))

    def shown(self, own: str, attachments: tuple[Attachment, ...]) -> str:
        """A message as it stands in the composer: its tokens, then the person's own words, folded where they are long."""
        self._texts.clear()
        return self.tokens(own, attachments)

    def tokens(self, own: str, attachments: tuple[Attachment, ...], beside: str = "") -> str:
        """The same, in a text in which other tokens stand: `beside`."""
        words = self.fold(own) if is_long(own) else own
        shown = ""
        for one in attachments:
            shown += f"{self.attach(one, own + beside + shown)} "
        return shown + words

    def parts(self, text: str) -> tuple[str, tuple[Attachment, ...]]:
        """The person's own words in `text`, and what is attached; inside of a sentence an attachment's name stands for it.

        What a paste holds is not looked into.
        """
        own: list[str] = []
        found: dict[str, Attachment] = {}
        while starts := [(text.find(token), token) for token in self._texts if token in text]:
            start, token = min(starts)
            own.append(text[:start])
            text = text[start + len(token) :]
            what = self._texts[token]
            if isinstance(what, str):
                own.append(what)
                continue
            found.setdefault(token, what)
            if "".join(own).strip():
                own.append(what.name)
            elif text[:1] in (" ", "\n"):
                text = text[1:]
        return "".join([*own, text]), tuple(found.values())

    def unfold(self, text: str) -> str:
        """The message that `text` stands for."""
        return compose(*self.parts(text))

    def token_around(self, line: str, column: int) -> tuple[int, int] | None:
        """Where the token lies that reaches over or ends at `column` of `line`: its first column and the one after."""
        for token in self._texts:
            start = line.find(token)
            while start >= 0:
                if start < column <= start + len(token):
                    return start, start + len(token)
                start = line.find(token, start + 1)
        return None

    def _new(self, shown: str, what: str | Attachment, beside: str) -> str:
        token, number = f"⟦{shown}⟧", 2
        while token in self._texts or token in beside:
            token, number = f"⟦{shown}, {number}⟧", number + 1
        self._texts[token] = what
        return token

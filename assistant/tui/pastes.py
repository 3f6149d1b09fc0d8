"""Long pastes, folded into a short token while a text is edited and unfolded when it is sent."""

FOLD_CHARACTERS = 4_000
FOLD_LINES = 60
"""Beyond either of these a paste is folded: the text area takes 10 ms a key at 8,000 characters in one line, 108 ms at 100,000."""


def is_long(text: str) -> bool:
    """Whether `text` would make the composer slow or larger than the screen."""
    return len(text) > FOLD_CHARACTERS or text.count("\n") >= FOLD_LINES


def amount(text: str) -> str:
    """The size of `text` in UTF-8, in words: `100 kB`, `812 bytes`."""
    size_bytes = len(text.encode("utf-8", "replace"))
    if size_bytes < 1_000:
        return f"{size_bytes} bytes"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1_000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


class Pastes:
    """The texts behind the tokens of one composer."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def fold(self, text: str) -> str:
        """The token that stands for `text`."""
        token = f"⟦pasted {amount(text)}⟧"
        number = 2
        while self._texts.get(token, text) != text:
            token = f"⟦pasted {amount(text)}, {number}⟧"
            number += 1
        self._texts[token] = text
        return token

    def unfold(self, text: str) -> str:
        """`text` with each token replaced by what it stands for; what a paste holds is not looked into."""
        parts: list[str] = []
        while text:
            starts = [(text.find(token), token) for token in self._texts if token in text]
            if not starts:
                break
            start, token = min(starts)
            parts += [text[:start], self._texts[token]]
            text = text[start + len(token) :]
        return "".join([*parts, text])

    def token_around(self, line: str, column: int) -> tuple[int, int] | None:
        """Where the token lies that reaches over or ends at `column` of `line`: its first column and the one after."""
        for token in self._texts:
            start = line.find(token)
            while start >= 0:
                if start < column <= start + len(token):
                    return start, start + len(token)
                start = line.find(token, start + 1)
        return None

    def clear(self) -> None:
        """Forgets every paste."""
        self._texts.clear()

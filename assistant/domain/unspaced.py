"""Scripts that put no blank between words, Chinese and Japanese: each of their characters is found by itself, and so any run of them."""

import functools
import re
from typing import Final

_SIGN: Final = (
    "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_TOKEN = re.compile(r"[^\W_]+")


@functools.cache
def _one() -> re.Pattern[str]:
    """One such character; made when it is asked for, because so wide a class takes milliseconds."""
    return re.compile(f"[{_SIGN}]")


@functools.cache
def _pieces() -> re.Pattern[str]:
    return re.compile(f"[{_SIGN}]|[^{_SIGN} ]+")


def is_unspaced(sign: str) -> bool:
    """Whether one character is of such a script."""
    return sign > "\u3000" and _one().match(sign) is not None


def apart(text: str) -> str:
    """`text` with blanks around each such character: `Python入門` as `Python 入 門`."""
    if text.isascii() or _one().search(text) is None:
        return text
    return " ".join(_pieces().findall(text))


def signs(text: str) -> str:
    """The words of `text` that have such characters in them, taken apart; "" where there are none to be taken apart."""
    if text.isascii() or (one := _one()).search(text) is None:
        return ""
    words = " ".join(word for word in _TOKEN.findall(text) if len(word) > 1 and one.search(word))
    return apart(words)

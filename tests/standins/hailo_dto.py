"""Reads request bodies as strictly as the real server does: wrong types are errors, unknown fields are nothing."""

from collections.abc import Callable, Mapping

Json = dict[str, object]
Reader = Callable[[object], object]


class MismatchError(Exception):
    """A field does not have the type that the server declares."""


def _typed(kind: type, name: str) -> Reader:
    def read(value: object) -> object:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise MismatchError(f"{name} expected, not {type(value).__name__}")
        return value

    return read


TEXT = _typed(str, "String")
FLAG = _typed(bool, "Boolean")
INT32 = _typed(int, "Int32")


def uint32(value: object) -> object:
    """A negative number wraps round, as it does in the server's parser."""
    number = INT32(value)
    assert isinstance(number, int)
    return number % 2**32


def real(value: object) -> object:
    """A number with or without a point."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MismatchError(f"Float32 expected, not {type(value).__name__}")
    return float(value)


def listed(one: Reader) -> Reader:
    """A vector of such values."""

    def read(value: object) -> object:
        if not isinstance(value, list):
            raise MismatchError(f"Vector expected, not {type(value).__name__}")
        return [one(each) for each in value]

    return read


def fields(declared: Mapping[str, Reader]) -> Reader:
    """An object; what is not declared is dropped, null is as good as absent."""

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise MismatchError(f"Object expected, not {type(value).__name__}")
        present = {name: value[name] for name in declared if value.get(name) is not None}
        return {name: declared[name](each) for name, each in present.items()}

    return read


ANYTHING = _typed(dict, "Object")
OPTIONS = fields(
    {
        "temperature": real,
        "seed": INT32,
        "top_k": uint32,
        "top_p": real,
        "frequency_penalty": real,
        "num_predict": uint32,
        "use_mlock": FLAG,
    }
)
MESSAGE = fields({"role": TEXT, "content": TEXT})
MESSAGE_540 = fields(
    {"role": TEXT, "content": TEXT, "tool_calls": listed(ANYTHING), "tool_name": TEXT}
)
_COMMON: Mapping[str, Reader] = {
    "model": TEXT,
    "format": TEXT,
    "options": OPTIONS,
    "stream": FLAG,
    "keep_alive": INT32,
}
CHAT = fields({**_COMMON, "messages": listed(MESSAGE), "tools": TEXT})
CHAT_540 = fields({**_COMMON, "messages": listed(MESSAGE_540), "tools": listed(ANYTHING)})
GENERATE = fields(
    {
        **_COMMON,
        "prompt": TEXT,
        "suffix": TEXT,
        "images": listed(TEXT),
        "template": TEXT,
        "raw": FLAG,
    }
)
COMPLETION = fields(
    {
        "model": TEXT,
        "messages": listed(MESSAGE),
        "frequency_penalty": real,
        "presence_penalty": real,
        "max_completion_tokens": INT32,
        "max_tokens": INT32,
        "temperature": real,
        "seed": INT32,
        "top_p": real,
        "stream": FLAG,
        "n": INT32,
    }
)
NAMED = fields({"model": TEXT, "stream": FLAG})


def read(declared: Reader, value: object) -> Json:
    """The declared fields of a body. Raises: MismatchError."""
    found = declared(value)
    assert isinstance(found, dict)
    return found

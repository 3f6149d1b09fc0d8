"""Reads what a GGUF file says of itself, trusting none of it: every count and length is bounded before it is used.

The format: ggml's `docs/gguf.md`; block sizes: `gguf-py/gguf/constants.py` of llama.cpp.
"""

import struct
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from assistant.domain.errors import ModelError
from assistant.domain.hygiene import one_line

MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MOST_KEYS: Final = 16_384
_MOST_TENSORS: Final = 262_144
_MOST_ELEMENTS: Final = 16_777_216
_LONGEST_KEY: Final = 512
_LONGEST_KEPT_TEXT: Final = 1024
_LONGEST_KEPT_LIST: Final = 1024
_MOST_DIMENSIONS: Final = 4
_MOST_COUNT: Final = 2**40
_DEFAULT_ALIGNMENT: Final = 32
_LARGEST_ALIGNMENT: Final = 2**20

_SCALARS: Final = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?"} | {
    10: "<Q",
    11: "<q",
    12: "<d",
}
_TEXT: Final = 8
_ARRAY: Final = 9
_INTEGERS: Final = (0, 1, 2, 3, 4, 5, 10, 11)

# Type number: (values in a block, bytes of a block).
_BLOCKS: Final = (
    {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34)}
    | {9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176)}
    | {14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98)}
    | {19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136)}
    | {24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56)}
    | {30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36)}
    | {41: (128, 18), 42: (64, 18)}
)

_FILE_TYPES: Final = (
    {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K"}
    | {11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S"}
    | {17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS"}
    | {23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S"}
    | {29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0"}
    | {38: "MXFP4", 39: "NVFP4", 40: "Q1_0", 41: "Q2_0"}
)

_ALIENS: Final = {
    b"lmgg": "an old GGML file; convert it to GGUF",
    b"tjgg": "an old GGML file; convert it to GGUF",
    b"fmgg": "an old GGML file; convert it to GGUF",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"<!DO": "a web page; the download gave a page in place of the model",
    b"<htm": "a web page; the download gave a page in place of the model",
    b"vers": "a Git LFS pointer; fetch the file itself",
}
_HINT: Final = "get the file again, or choose another model with: assistant models list"


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """What a GGUF file says of its model; None where it says nothing.

    `name` and `licence` are the file's own words, made harmless. `kv_bytes_per_token` is for 16-bit keys and values.
    """

    size_bytes: int
    version: int
    architecture: str
    name: str
    licence: str
    quantisation: str | None
    context_tokens: int | None
    layers: int | None
    heads: int | None
    kv_heads: int | None
    embedding: int | None
    vocabulary: int
    chat_template: bool
    kv_bytes_per_token: int | None


@dataclass(slots=True)
class _Metadata:
    """The key-value part: numbers and short texts are kept, of the rest only how long it is."""

    numbers: dict[str, int | float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[str, tuple[int, ...]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)

    def count(self, key: str) -> int | None:
        """A positive whole number of believable size; None where there is none."""
        value = self.numbers.get(key)
        return value if isinstance(value, int) and 0 < value < _MOST_COUNT else None


class _Cursor:
    """Goes through a file front to back and never past its end."""

    def __init__(self, stream: BinaryIO, size_bytes: int, where: str) -> None:
        self._stream = stream
        self.size_bytes = size_bytes
        self.where = where
        self.at = 0

    def bad(self, what: str) -> ModelError:
        """The error for a file that breaks the format."""
        return ModelError(f"{self.where} is damaged: {what} (at byte {self.at:,})", _HINT)

    def take(self, length: int) -> bytes:
        """The next `length` bytes. Raises: ModelError at the end of the file."""
        self._advance(length)
        data = self._stream.read(length)
        if len(data) != length:
            raise self.bad("it ends in the middle of its header")
        return data

    def skip(self, length: int) -> None:
        """Goes on by `length` bytes. Raises: ModelError at the end of the file."""
        self._advance(length)
        self._stream.seek(length, 1)

    def number(self, form: str) -> int | float:
        """One little-endian value."""
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return value  # type: ignore[no-any-return]

    def whole(self, form: str, most: int, what: str) -> int:
        """A count or length. Raises: ModelError above `most`."""
        value = int(self.number(form))
        if value > most:
            raise self.bad(f"{what} is {value:,}, more than {most:,}")
        return value

    def _advance(self, length: int) -> None:
        if length > self.size_bytes - self.at:
            raise self.bad("it ends in the middle of its header")
        self.at += length


def read(stream: BinaryIO, size_bytes: int, where: str) -> GgufFacts:
    """The facts of the GGUF file in `stream`, which is at its start and `size_bytes` long; `where` names it in errors.

    Raises: ModelError where it is no GGUF file, a damaged or cut one, or one that holds no chat model.
    """
    where = one_line(where, 200)
    cursor = _Cursor(stream, size_bytes, where)
    version = _opening(cursor)
    tensors = cursor.whole("<Q", _MOST_TENSORS, "the number of tensors")
    keys = cursor.whole("<Q", _MOST_KEYS, "the number of keys")
    metadata = _Metadata()
    for _ in range(keys):
        _entry(cursor, metadata)
    _check_kind(metadata, tensors, where)
    _check_whole(cursor, tensors, metadata)
    return _facts(metadata, size_bytes, version, where)


def _opening(cursor: _Cursor) -> int:
    if cursor.size_bytes < 24:
        raise ModelError(
            f"{cursor.where} is no model: it has {cursor.size_bytes:,} bytes only", _HINT
        )
    magic = cursor.take(4)
    if magic != MAGIC:
        what = _ALIENS.get(magic, "not a GGUF file")
        raise ModelError(f"{cursor.where} is {what}", "models here are .gguf files")
    version = int(cursor.number("<I"))
    if version in _VERSIONS:
        return version
    if version.to_bytes(4, "little")[::-1] in [v.to_bytes(4, "little") for v in _VERSIONS]:
        raise ModelError(f"{cursor.where} was made for a big-endian machine", _HINT)
    raise ModelError(
        f"{cursor.where} is GGUF version {version:,}; this program reads 2 and 3", _HINT
    )


def _entry(cursor: _Cursor, metadata: _Metadata) -> None:
    length = cursor.whole("<Q", _LONGEST_KEY, "the length of a key")
    key = cursor.take(length).decode("utf-8", "replace")
    if key in metadata.lengths:
        raise cursor.bad(f"the key {one_line(key, 60)} comes twice")
    kind = int(cursor.number("<I"))
    if kind == _TEXT:
        metadata.lengths[key] = _text(cursor, key, metadata)
    elif kind == _ARRAY:
        metadata.lengths[key] = _array(cursor, key, metadata)
    elif kind in _SCALARS:
        metadata.numbers[key] = cursor.number(_SCALARS[kind])
        metadata.lengths[key] = 1
    else:
        raise cursor.bad(f"the key {one_line(key, 60)} is of the unknown type {kind:,}")


def _text(cursor: _Cursor, key: str, metadata: _Metadata) -> int:
    length = int(cursor.number("<Q"))
    if length <= _LONGEST_KEPT_TEXT:
        metadata.texts[key] = cursor.take(length).decode("utf-8", "replace")
    else:
        cursor.skip(length)
    return length


def _array(cursor: _Cursor, key: str, metadata: _Metadata) -> int:
    kind = int(cursor.number("<I"))
    count = cursor.whole("<Q", _MOST_ELEMENTS, "the length of an array")
    if kind == _TEXT:
        for _ in range(count):
            cursor.skip(int(cursor.number("<Q")))
    elif kind in _SCALARS:
        _numbers(cursor, key, kind, count, metadata)
    else:
        raise cursor.bad(f"the key {one_line(key, 60)} is an array of the unknown type {kind:,}")
    return count


def _numbers(cursor: _Cursor, key: str, kind: int, count: int, metadata: _Metadata) -> None:
    form = _SCALARS[kind]
    length = count * struct.calcsize(form)
    if kind in _INTEGERS and count <= _LONGEST_KEPT_LIST:
        metadata.lists[key] = struct.unpack(f"<{count}{form[1]}", cursor.take(length))
    else:
        cursor.skip(length)


def _check_kind(metadata: _Metadata, tensors: int, where: str) -> None:
    """Raises: ModelError where the file is sound but nothing that one can chat with."""
    kind = metadata.texts.get("general.type", "model")
    if kind != "model":
        raise ModelError(f"{where} is not a model but its {one_line(kind, 40)}", _HINT)
    parts = metadata.count("split.count")
    if parts is not None and parts > 1:
        raise ModelError(
            f"{where} is one of {parts} parts of a model",
            "join the parts with llama-gguf-split --merge, or choose a model in one file",
        )
    if not tensors or not metadata.texts.get("general.architecture"):
        raise ModelError(f"{where} holds no weights or names no architecture", _HINT)
    if not metadata.lengths.get("tokenizer.ggml.tokens"):
        raise ModelError(f"{where} holds no tokenizer", _HINT)


def _check_whole(cursor: _Cursor, tensors: int, metadata: _Metadata) -> None:
    """Raises: ModelError where the file ends before its last tensor does."""
    end = max(_tensor_end(cursor) for _ in range(tensors))
    alignment = metadata.numbers.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or not _is_alignment(alignment):
        raise cursor.bad(f"the alignment is {alignment}")
    total = -(-cursor.at // alignment) * alignment + end
    if total > cursor.size_bytes:
        missing = total - cursor.size_bytes
        raise ModelError(
            f"{cursor.where} is cut: {missing:,} of {total:,} bytes are missing",
            "get the file again",
        )


def _is_alignment(value: int) -> bool:
    return 0 < value <= _LARGEST_ALIGNMENT and value & (value - 1) == 0


def _tensor_end(cursor: _Cursor) -> int:
    """Where a tensor's bytes end, counted from the start of the data; a type unknown here counts as empty."""
    cursor.skip(cursor.whole("<Q", _LONGEST_KEY, "the length of a tensor's name"))
    dimensions = cursor.whole("<I", _MOST_DIMENSIONS, "the number of a tensor's dimensions")
    values = 1
    for _ in range(dimensions):
        values *= cursor.whole("<Q", _MOST_COUNT, "a tensor's dimension")
    kind, offset = int(cursor.number("<I")), int(cursor.number("<Q"))
    block_values, block_bytes = _BLOCKS.get(kind, (1, 0))
    return offset + -(-values // block_values) * block_bytes


def _facts(metadata: _Metadata, size_bytes: int, version: int, where: str) -> GgufFacts:
    texts = metadata.texts
    architecture = texts["general.architecture"]

    def count(key: str) -> int | None:
        return metadata.count(f"{architecture}.{key}")

    kv_heads = _kv_heads(metadata, architecture)
    file_type = metadata.numbers.get("general.file_type")
    return GgufFacts(
        size_bytes=size_bytes,
        version=version,
        architecture=one_line(architecture, 40),
        name=one_line(texts.get("general.name", ""), 80) or where,
        licence=one_line(texts.get("general.license", ""), 80),
        quantisation=_FILE_TYPES.get(file_type) if isinstance(file_type, int) else None,
        context_tokens=count("context_length"),
        layers=count("block_count"),
        heads=count("attention.head_count"),
        kv_heads=max(kv_heads, default=None),
        embedding=count("embedding_length"),
        vocabulary=metadata.lengths["tokenizer.ggml.tokens"],
        chat_template="tokenizer.chat_template" in metadata.lengths,
        kv_bytes_per_token=_kv_bytes(metadata, architecture, kv_heads),
    )


def _kv_heads(metadata: _Metadata, architecture: str) -> tuple[int, ...]:
    """KV heads layer by layer; empty where the file does not say."""
    listed = metadata.lists.get(f"{architecture}.attention.head_count_kv")
    if listed is not None:
        return tuple(min(max(0, heads), _MOST_COUNT) for heads in listed)
    layers = metadata.count(f"{architecture}.block_count")
    heads = metadata.count(f"{architecture}.attention.head_count_kv") or metadata.count(
        f"{architecture}.attention.head_count"
    )
    if layers is None or heads is None or layers > _MOST_TENSORS:
        return ()
    return (heads,) * layers


def _kv_bytes(metadata: _Metadata, architecture: str, kv_heads: tuple[int, ...]) -> int | None:
    """Bytes of keys and values for one token at 16 bits: 2·Σ kv_heads·(key + value length) (facts/hailo.md §6.4)."""
    heads = metadata.count(f"{architecture}.attention.head_count")
    embedding = metadata.count(f"{architecture}.embedding_length")
    usual = embedding // heads if heads and embedding else None
    key = metadata.count(f"{architecture}.attention.key_length") or usual
    value = metadata.count(f"{architecture}.attention.value_length") or usual
    if not kv_heads or key is None or value is None:
        return None
    return 2 * sum(kv_heads) * (key + value)

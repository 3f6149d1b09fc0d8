"""Makes tiny GGUF files: sound ones, and ones with a chosen fault."""

import struct
from collections.abc import Mapping, Sequence

Value = int | str | bool | Sequence[int] | Sequence[str]

SMALL: Mapping[str, Value] = {
    "general.architecture": "llama",
    "general.name": "Tiny",
    "general.license": "apache-2.0",
    "general.file_type": 3,
    "llama.block_count": 2,
    "llama.context_length": 512,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "tokenizer.ggml.tokens": ("a", "b", "c"),
    "tokenizer.ggml.token_type": (1, 1, 1),
    "tokenizer.chat_template": "{{ messages }}" * 200,
}


def text(value: str) -> bytes:
    """A length and the bytes."""
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def typed(value: Value) -> bytes:
    """A type number and the value."""
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if all(isinstance(item, str) for item in value):
        items = b"".join(text(str(item)) for item in value)
        return struct.pack("<IIQ", 9, 8, len(value)) + items
    numbers = [int(item) for item in value]
    return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *numbers)


_ROUND = bytes(i * 7 % 251 for i in range(251))
"""What the weights go through, over and over."""


def tiny_gguf(changes: Mapping[str, Value | None] | None = None, weights: int = 1024) -> bytes:
    """A GGUF file with `weights` F32 values in one tensor; a change to None leaves the key out."""
    keys = {k: v for k, v in {**SMALL, **(changes or {})}.items() if v is not None}
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(keys))
    for key, value in keys.items():
        head += text(key) + typed(value)
    head += text("token_embd.weight") + struct.pack("<IQIQ", 1, weights, 0, 0)
    head += b"\0" * (-len(head) % 32)
    return head + (_ROUND * (4 * weights // len(_ROUND) + 1))[: 4 * weights]

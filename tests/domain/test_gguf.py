"""The GGUF reader: what it finds, what it refuses, and that nothing gets past ModelError."""

import contextlib
import io
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.domain import gguf
from assistant.domain.errors import ModelError
from assistant.domain.models import memory_need
from tests.gguf_maker import Value, text, tiny_gguf, typed

SOUND = tiny_gguf()


def read(data: bytes) -> gguf.GgufFacts:
    return gguf.read(io.BytesIO(data), len(data), "tiny.gguf")


def test_the_facts_of_a_sound_file() -> None:
    facts = read(SOUND)
    assert facts.architecture == "llama"
    assert facts.name == "Tiny"
    assert facts.licence == "apache-2.0"
    assert facts.quantisation == "Q4_1"
    assert facts.context_tokens == 512
    assert (facts.layers, facts.heads, facts.kv_heads, facts.embedding) == (2, 4, 2, 64)
    assert facts.vocabulary == 3
    assert facts.chat_template
    # 2 layers x 2 KV heads x (16 + 16) values x 2 bytes
    assert facts.kv_bytes_per_token == 256
    assert memory_need(facts.size_bytes, 256, 512) == len(SOUND) + 256 * 512 + 400_000_000


def test_kv_heads_may_be_listed_layer_by_layer() -> None:
    facts = read(tiny_gguf({"llama.attention.head_count_kv": (0, 4)}))
    assert facts.kv_heads == 4
    assert facts.kv_bytes_per_token == 256


def test_key_and_value_length_go_before_the_usual_ones() -> None:
    lengths = {"llama.attention.key_length": 32, "llama.attention.value_length": 8}
    assert read(tiny_gguf(lengths)).kv_bytes_per_token == 2 * 4 * 40


def test_what_is_not_said_is_none() -> None:
    facts = read(tiny_gguf({"llama.block_count": None, "llama.context_length": None}))
    assert facts.layers is None
    assert facts.context_tokens is None
    assert facts.kv_bytes_per_token is None


def test_a_name_cannot_reach_the_terminal_as_control() -> None:
    facts = read(
        tiny_gguf({"general.name": "\x1b]0;owned\x07 name", "general.license": "\u202eevil"})
    )
    assert "\x1b" not in facts.name
    assert "\u202e" not in facts.licence


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "0 bytes only"),
        (b"GGUF", "4 bytes only"),
        (b"PK\x03\x04" + bytes(100), "zip archive"),
        (b"<!DOCTYPE html>" + bytes(100), "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\x7fELF" + bytes(100), "not a GGUF file"),
        (SOUND[:4] + struct.pack(">I", 3) + SOUND[8:], "big-endian"),
        (SOUND[:4] + struct.pack("<I", 1) + SOUND[8:], "version 1"),
        (SOUND[:300], "middle of its header"),
        (SOUND[:-1], "1 of"),
        (SOUND[:8] + struct.pack("<Q", 2**40) + SOUND[16:], "number of tensors"),
        (SOUND[:16] + struct.pack("<Q", 2**63) + SOUND[24:], "number of keys"),
        (tiny_gguf({"general.type": "adapter"}), "its adapter"),
        (tiny_gguf({"split.count": 2}), "2 parts"),
        (tiny_gguf({"tokenizer.ggml.tokens": None}), "no tokenizer"),
        (tiny_gguf({"general.architecture": None}), "names no architecture"),
        (tiny_gguf({"general.alignment": 24}), "alignment"),
    ],
)
def test_alien_cut_and_broken_files_are_refused(data: bytes, says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        read(data)
    assert "tiny.gguf" in caught.value.message


def with_entry(entry: bytes) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + entry + bytes(64)


@pytest.mark.parametrize(
    "entry",
    [
        struct.pack("<Q", 2**60),
        text("k") + struct.pack("<I", 99),
        text("k") + struct.pack("<IQ", 8, 2**62),
        text("k") + struct.pack("<IIQ", 9, 4, 2**62),
        text("k") + struct.pack("<IIQ", 9, 8, 2**24),
        text("k") + struct.pack("<IIQ", 9, 9, 1),
        text("k") + typed(1) + text("k") + typed(2),
    ],
    ids=["key", "type", "string", "numbers", "strings", "nested", "twice"],
)
def test_hostile_lengths_cost_nothing(entry: bytes) -> None:
    data = with_entry(entry)
    tracemalloc.start()
    with pytest.raises(ModelError):
        read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_but_model_errors(tail: bytes) -> None:
    for data in (tail, b"GGUF" + tail, b"GGUF\3\0\0\0" + tail):
        with pytest.raises(ModelError):
            read(data)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, len(SOUND) - 4097), st.integers(0, 255)), max_size=6),
    st.integers(0, len(SOUND)),
)
def test_mutated_files_are_read_or_refused(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(SOUND)
    for at, value in changes:
        data[at] = value
    for candidate in (bytes(data), bytes(data[:length])):
        with contextlib.suppress(ModelError):
            assert read(candidate).size_bytes == len(candidate)


KEYS = (
    "llama.block_count",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.key_length",
    "llama.embedding_length",
    "general.file_type",
)
VALUES = (
    st.integers(0, 2**32 - 1)
    | st.text("ab\x1b", max_size=3)
    | st.booleans()
    | st.lists(st.integers(-(2**31), 2**31 - 1), max_size=8)
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES)))
def test_strange_values_of_known_keys_are_survived(changes: dict[str, Value]) -> None:
    facts = read(tiny_gguf(changes, weights=8))
    assert facts.kv_bytes_per_token is None or facts.kv_bytes_per_token >= 0

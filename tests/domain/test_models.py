"""What fits this machine's memory, and what is advised for it."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.models import (
    OVERHEAD_BYTES,
    CatalogEntry,
    Fit,
    advice,
    fit,
    memory_need,
)

GB = 1_000_000_000
amounts = st.integers(0, 64 * GB)
FROM_GOOD_TO_BAD = [Fit.COMFORTABLE, Fit.TIGHT, Fit.TOO_LARGE]


def entry(name: str, memory_bytes: int, size_bytes: int | None = None) -> CatalogEntry:
    """A model of such a size that needs so much memory."""
    return CatalogEntry(
        id=name,
        name=name,
        source="https",
        repository="someone/something",
        file=f"{name}.gguf",
        size_bytes=size_bytes,
        sha256=None,
        package_sha256=None,
        licence="Apache-2.0",
        context_tokens=4096,
        memory_bytes=memory_bytes,
        parameters="1B",
        verified=False,
    )


def test_fit_at_its_borders() -> None:
    assert fit(8 * GB, 10 * GB) is Fit.COMFORTABLE
    assert fit(8 * GB + 1, 10 * GB) is Fit.TIGHT
    assert fit(10 * GB, 10 * GB) is Fit.TIGHT
    assert fit(10 * GB + 1, 10 * GB) is Fit.TOO_LARGE


def test_memory_that_is_not_known_fits_nothing_and_refuses_nothing() -> None:
    assert fit(1, None) is Fit.UNKNOWN
    assert advice((entry("small", 1),), None) is None


@given(amounts, amounts, amounts)
def test_more_memory_never_fits_worse(need: int, available: int, more: int) -> None:
    before = FROM_GOOD_TO_BAD.index(fit(need, available))
    assert FROM_GOOD_TO_BAD.index(fit(need, available + more)) <= before


@given(amounts, st.integers(0, 10**6), st.integers(0, 131_072))
def test_need_is_file_and_cache_and_engine(size: int, per_token: int, context: int) -> None:
    need = memory_need(size, per_token, context)
    assert need == size + per_token * context + OVERHEAD_BYTES


@given(st.lists(st.tuples(amounts, amounts), max_size=8), amounts)
def test_advised_is_the_largest_file_that_is_comfortable(
    models: list[tuple[int, int]], available: int
) -> None:
    entries = tuple(entry(f"m{i}", need, size) for i, (need, size) in enumerate(models))
    sizes = [size for need, size in models if fit(need, available) is Fit.COMFORTABLE]
    advised = advice(entries, available)
    assert (advised.size_bytes if advised else None) == max(sizes, default=None)
    assert advised is None or fit(advised.memory_bytes, available) is Fit.COMFORTABLE

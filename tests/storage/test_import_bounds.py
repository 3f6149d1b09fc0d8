"""A few letters that would be very many values: counted before anything is made of them."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.storage import import_bounds as bounds
from assistant.storage.database import in_memory
from assistant.storage.import_bounds import require_few
from assistant.storage.imports.bringing import bring_in
from tests.fakes import NOW_MS

JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\[]{},:\n', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4)
    ),
    max_leaves=20,
)


def members(value: object) -> int:
    """Signs before the members of its lists and objects."""
    inside = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inside, list):
        return 0
    own = 1 + max(0, len(inside) - 1) + (len(inside) if isinstance(value, dict) else 0)
    return own + sum(map(members, inside))


@given(JSON, st.text(alphabet='[]{},:"', max_size=9))
def test_the_value_is_counted_and_nothing_behind_it(value: object, behind: str) -> None:
    if not isinstance(value, (list, dict)):
        value = [value]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "FEW", 0)
        patch.setattr(bounds, "MOST_VALUES", members(value))
        require_few(f" {json.dumps(value)}{behind}", 1)
        patch.setattr(bounds, "MOST_VALUES", members(value) - 1)
        with pytest.raises(ValueError, match="values are in one"):
            require_few(json.dumps(value) + behind)


def test_a_text_that_is_cut_holds_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "FEW", 0)
    monkeypatch.setattr(bounds, "MOST_VALUES", 2)
    require_few('["' + "[,{" * 1000)
    require_few('["' + '\\"[' * 100_000)
    require_few('["a[[[[[[[\\')


def test_a_bomb_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_VALUES", 100_000)
    bomb = b'[{"x":[' + b"[]," * 100_000 + b"[]]}]"
    with pytest.raises(UsageError, match="more than 100,000 values are in one"):
        bring_in(in_memory(NOW_MS), io.BytesIO(bomb))

"""Keys of one's own: no key ever means two things where both would answer, and what protects a person stays."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.keys import FIXED, NAMES, Action, chosen, key_of, overlaps, problems

ACTIONS = (
    Action("everywhere.costs", "costs", ("f3",)),
    Action("everywhere.help", "help", ("f1", "question_mark")),
    Action("everywhere.stop", "stop", ("escape",)),
    Action("everywhere.cloud_panic", "offline", ("f9",)),
    Action("composer.submit", "send", ("enter",)),
    Action("composer.newline", "new line", ("ctrl+j",)),
    Action("composer.text.cut", "cut", ("ctrl+x",), fixed=True),
    Action("chats.leave", "end the search", ("escape",)),
    Action("chats.open", "open", ("enter",)),
    Action("conversation.copy", "copy", ("c",)),
    Action("grants.revoke", "take back", ("r",)),
)
KEYS = ["f3", "f1", "f10", "ctrl+j", "ctrl+x", "enter", "escape", "f9", "c", "r", "ctrl+g", "?"]
WANTED = st.dictionaries(
    st.sampled_from([one.id for one in ACTIONS]),
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=2),
    max_size=4,
)


def shared(actions: Sequence[Action]) -> set[tuple[frozenset[str], str]]:
    """Every two actions that one key would reach, found the slow way."""
    chat = {"composer", "conversation", "chats"}
    found = set()
    for a, b in combinations(actions, 2):
        places = {a.place, b.place}
        if len(places) == 1 or ("everywhere" in places and places & chat):
            found |= {(frozenset((a.id, b.id)), key) for key in set(a.keys) & set(b.keys)}
    return found


@given(WANTED)
def test_what_is_taken_has_no_key_of_two_senses_and_keeps_what_protects(
    wanted: Mapping[str, Sequence[str]],
) -> None:
    found = problems(ACTIONS, wanted)
    now = {one.id: one for one in chosen(ACTIONS, wanted)}
    new = shared(tuple(now.values())) - shared(ACTIONS)
    if found:
        assert all(one.what and one.hint for one in found)
        return
    assert not new
    for one in ACTIONS:
        kept = set(one.keys) & set(FIXED)
        assert kept <= set(now[one.id].keys)
        assert not (set(now[one.id].keys) - set(one.keys)) & set(FIXED)
        if one.fixed:
            assert now[one.id] == one
        if one.place != "composer" and "enter" not in one.keys:
            assert "enter" not in now[one.id].keys


@given(WANTED)
def test_nothing_is_refused_without_a_reason(wanted: Mapping[str, Sequence[str]]) -> None:
    new = shared(chosen(ACTIONS, wanted)) - shared(ACTIONS)
    for one in problems(ACTIONS, wanted):
        said = one.what
        clash = any(all(name in said for name in pair) for pair, _ in new)
        alone = any(word in said for word in ("stay", "always", "is text", "no key", "no action"))
        assert clash or alone, said


@pytest.mark.parametrize(
    ("wanted", "what", "hint"),
    [
        (
            {"everywhere.costs": ["c"]},
            "c is both everywhere.costs and conversation.copy",
            "give everywhere.costs another key, or conversation.copy",
        ),
        ({"everywhere.cost": ["f10"]}, "no action 'everywhere.cost'", "everywhere.costs?"),
        ({"copy": ["x"]}, "no action 'copy'", "did you mean conversation.copy?"),
        ({"everywhere.costs": ["ctrl+entr"]}, "no key 'ctrl+entr'", "did you mean enter?"),
        ({"everywhere.costs": ["f9"]}, "f9 always goes offline", "another key"),
        ({"everywhere.costs": ["ctrl+q"]}, "ctrl+q always quits", "another key"),
        ({"everywhere.costs": ["ctrl+i"]}, "tab always goes", "another key"),
        ({"everywhere.costs": ["ctrl+m"]}, "enter stays what it is", "another key"),
        ({"everywhere.cloud_panic": ["f10"]}, "f9 stays with everywhere.cloud_panic", '"f9"'),
        ({"composer.submit": ["s"]}, "'s' is text where a person writes", "ctrl or alt"),
        ({"composer.text.cut": ["f10"]}, "stay as they are", "take the line out"),
        ({"everywhere.costs": []}, "everywhere.costs has no key", "write one"),
        ({"everywhere.costs": ["ctrl+x"]}, "both everywhere.costs and composer.text.cut", "give"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(wanted: dict[str, list[str]], what: str, hint: str) -> None:
    first = problems(ACTIONS, wanted)[0]
    assert what in first.what
    assert hint in first.hint


@pytest.mark.parametrize(
    "wanted",
    [
        {"everywhere.costs": ["f10"]},
        {"composer.submit": ["ctrl+j"], "composer.newline": ["enter"]},
        {"everywhere.stop": ["escape", "ctrl+g"]},
        {"grants.revoke": ["c"]},
        {"everywhere.costs": ["f1"], "everywhere.help": ["f3"]},
    ],
)  # fmt: skip
def test_what_can_live_together_is_taken(wanted: dict[str, list[str]]) -> None:
    assert problems(ACTIONS, wanted) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("?", "question_mark"),
        ("F3", "f3"),
        ("Ctrl+J", "ctrl+j"),
        ("shift+ctrl+left", "ctrl+shift+left"),
        ("esc", "escape"),
        ("ctrl+[", "escape"),
        ("A", "A"),
        ("ctrl++", "ctrl+plus"),
        ("+", "plus"),
        (" ", "space"),
        ("strg+j", None),
        ("ctrl+ctrl+j", None),
        ("f25", None),
        ("", None),
        ("ä", None),
        ("ctrl+", "ctrl+plus"),
    ],
)
def test_names_of_keys(text: str, key: str | None) -> None:
    assert key_of(text) == key


def test_the_shared_keys_of_the_sample_are_meant() -> None:
    assert overlaps(ACTIONS) == [("everywhere.stop", "chats.leave", "escape")]
    assert len(set(NAMES)) == len(NAMES)

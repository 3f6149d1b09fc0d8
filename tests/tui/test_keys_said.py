"""What names a key names the one of the moment."""

import re
from pathlib import Path

import pytest

import assistant.tui
from assistant.domain.keys import key_of, sign
from assistant.tui.app import AssistantApp
from assistant.tui.keymap import actions
from assistant.tui.keys_now import ROOM, Keys

TEXTS = [path.read_text("utf-8") for path in Path(assistant.tui.__file__).parent.rglob("*.py")]
ROOMS = sorted({found.groups() for text in TEXTS for found in ROOM.finditer(text)} - {("ACTION",)})


def test_there_are_some() -> None:
    assert len(ROOMS) > 30


@pytest.mark.parametrize(("action", "usual"), ROOMS)
def test_each_names_an_action_and_its_usual_key(action: str, usual: str) -> None:
    known = {one.id: one.keys for one in actions(AssistantApp)}
    assert key_of(usual.replace("^", "ctrl+")) in known[action]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[conversation.tree_undo u]] brings it back", "f7 brings it back"),
        ("· [[search.cycle_route ^r]] route", "· ^/ route"),
        ("[[everywhere.to_cloud ctrl+s]] and esc", "ctrl+s and esc"),
        ("[[chats.ask_turn A]]", "?"),
        ("“[[no.action evil words]]” [[x]]", "“[[no.action evil words]]” [[x]]"),
    ],
)
def test_a_key_of_the_persons_own_is_said(text: str, said: str) -> None:
    keys = Keys(
        {
            "conversation.tree_undo": ["F7", "z"],
            "search.cycle_route": ["ctrl+/"],
            "chats.ask_turn": ["?"],
        }
    )
    assert keys.said(text) == said
    assert "[[" not in Keys().said(text) or "evil" in text


def test_no_text_has_a_key_without_room_that_can_be_another() -> None:
    """The fixed ones (f9, ctrl+p, ctrl+q, ctrl+c, ctrl+z, tab, escape) may stand as they are."""
    bare = re.compile(
        r"\"[^\"\n]*(?<![\[\w] )(?<!\w)(ctrl\+[a-bd-or-y]|f[1-8])\b(?!\]\])[^\"\n]* [^\"\n]*\""
    )
    allowed = ("Binding(", "Hint(", '"""', "key ==", "key in")
    found = [
        line.strip()
        for text in TEXTS
        for line in text.splitlines()
        if bare.search(line) and not any(one in line for one in allowed)
    ]
    assert not found


def test_signs_are_read_back() -> None:
    for key in ("ctrl+slash", "question_mark", "f4", "shift+tab", "space"):
        assert key_of(sign(key)) == key

"""Which label a file has by its folder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.folder_labels import FOLDERS, FolderLabel, label_of, parsed, unfit
from assistant.domain.sensitivity import Label

paths = st.lists(st.sampled_from("ab"), max_size=4).map(lambda parts: "/" + "/".join(parts))
rules = st.lists(st.builds(FolderLabel, paths, st.sampled_from(Label)), max_size=5)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("/srv/clinic = local-only", FolderLabel("/srv/clinic", Label.LOCAL_ONLY)),
        ("~/www=public", FolderLabel("~/www", Label.PUBLIC)),
        ("/a = b = normal", FolderLabel("/a = b", Label.NORMAL)),
        ("~ = normal", FolderLabel("~", Label.NORMAL)),
    ],
)
def test_a_rule_is_a_folder_and_a_label(text: str, rule: FolderLabel) -> None:
    assert parsed(text) == rule
    assert unfit(FOLDERS, [text]) == ""


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("/srv", "FOLDER=LABEL"),
        ("= public", "FOLDER=LABEL"),
        ("clinic = local-only", "must begin with"),
        ("~other/x = public", "must begin with"),
        ("/srv = secret", "no label 'secret'"),
        ("/srv = ", "no label ''"),
    ],
)
def test_what_is_no_rule_says_why(text: str, wrong: str) -> None:
    assert wrong in unfit(FOLDERS, ["/ok = public", text])


def test_the_longest_folder_wins_and_the_strictest_of_equals() -> None:
    all_rules = [
        FolderLabel("/", Label.PUBLIC),
        FolderLabel("/home/me", Label.LOCAL_ONLY),
        FolderLabel("/home/me/www", Label.PUBLIC),
        FolderLabel("/home/me/www/", Label.NORMAL),
    ]
    assert label_of("/home/me/www/index.html", all_rules) is Label.NORMAL
    assert label_of("/home/me/diary", all_rules) is Label.LOCAL_ONLY
    assert label_of("/home/me", all_rules) is Label.LOCAL_ONLY
    assert label_of("/home/me2", all_rules) is Label.PUBLIC
    assert label_of("/home/me2", all_rules[1:]) is None


@given(paths, rules)
def test_a_label_is_one_that_was_said_of_a_folder_above(path: str, said: list[FolderLabel]) -> None:
    found = label_of(path, said)
    above = {rule.label for rule in said if (path + "/").startswith(rule.folder.rstrip("/") + "/")}
    assert (found in above) if above else found is None


@given(paths, rules, st.sampled_from(Label))
def test_no_rule_more_of_the_same_folder_makes_a_label_laxer(
    path: str, said: list[FolderLabel], label: Label
) -> None:
    order = list(Label)
    for rule in said:
        before = label_of(path, said)
        after = label_of(path, [*said, FolderLabel(rule.folder, label)])
        assert before is None or (after is not None and order.index(after) >= order.index(before))

"""The label of what is attached stays with it, in the composer, in drafts and in copies."""

from assistant.domain.attachments import Attachment, compose
from assistant.domain.sensitivity import Label
from assistant.domain.settings import LabelSettings, Settings
from assistant.tui.labels import Labels
from assistant.tui.turn import Chat

WARD = "The monitors in room 12 run late, every night since the first of May."
FILE = Attachment("ward.txt", "text", WARD)
MESSAGE = compose("why?", [FILE])


def labels(default: Label = Label.NORMAL) -> Labels:
    return Labels(lambda: Settings(labels=LabelSettings(default=default.value)))


def test_a_files_label_holds_for_the_message_and_cannot_be_toggled_away() -> None:
    found, chat = labels(), Chat()
    found.attached(chat, FILE, Label.LOCAL_ONLY)
    assert found.of_next(chat) is Label.LOCAL_ONLY
    found.toggle(chat)
    assert found.typed(chat, MESSAGE)
    assert found.of_next(chat) is Label.LOCAL_ONLY
    assert found.of_taken(MESSAGE, Label.PUBLIC) is Label.LOCAL_ONLY


def test_a_label_in_between_is_joined_and_never_lowers() -> None:
    found, chat = labels(Label.PUBLIC), Chat()
    found.attached(chat, FILE, Label.NORMAL)
    assert found.of_next(chat) is Label.NORMAL
    assert found.of_taken(MESSAGE, Label.PUBLIC) is Label.NORMAL
    assert found.of_taken("why?", Label.PUBLIC) is Label.PUBLIC
    found.attached(chat, FILE, Label.PUBLIC)
    assert found.of_taken(MESSAGE, Label.PUBLIC) is Label.NORMAL
    other = labels()
    other.attached(chat, FILE, None)
    assert other.of_taken(MESSAGE, Label.PUBLIC) is Label.PUBLIC


def test_a_copy_of_a_local_only_file_is_local_only_in_any_chat() -> None:
    found = labels()
    found.attached(Chat(), FILE, Label.LOCAL_ONLY)
    assert found.typed(Chat(), f"he said: {WARD.upper()}")
    renamed = compose("", [Attachment("b", "paste", WARD)])
    assert found.of_taken(renamed, Label.PUBLIC) is Label.LOCAL_ONLY


def test_a_large_file_is_recognised_at_once_by_its_whole_text() -> None:
    found, chat = labels(), Chat()
    large = Attachment("large", "text", "word and number 7\n" * 40_000)
    found.attached(chat, large, Label.LOCAL_ONLY)
    chat.mark = Label.PUBLIC
    assert found.typed(chat, compose("why?", [large]))


def test_a_large_file_does_not_make_what_was_said_forgotten() -> None:
    found = labels()
    found.remember([(WARD, Label.LOCAL_ONLY)])
    lines = "".join(f"a line of its own, number {number}, and words\n" for number in range(40_000))
    found.attached(Chat(), Attachment("lines", "text", lines), Label.LOCAL_ONLY)
    assert found.of_taken(f"so {WARD}", Label.PUBLIC) is Label.LOCAL_ONLY


def test_what_a_draft_was_kept_with_its_attachments_keep() -> None:
    found, chat = labels(), Chat(typed=MESSAGE)
    found.restored(chat, Label.LOCAL_ONLY)
    found.toggle(chat)
    assert found.typed(chat, MESSAGE)
    assert not labels().typed(Chat(), MESSAGE)


def test_what_was_attached_to_a_local_only_message_is_local_only() -> None:
    found = labels()
    found.remember([(MESSAGE, Label.LOCAL_ONLY), (compose("x", [FILE]), Label.PUBLIC)])
    again = compose("and?", [Attachment("other", "text", WARD)])
    assert found.typed(Chat(), again)


def test_a_draft_has_its_own_label_again_where_nobody_said_another_one_since() -> None:
    for label in Label:
        found, chat = labels(), Chat(typed=MESSAGE)
        found.restored(chat, label)
        assert found.of_next(chat) is label
    found, chat = labels(), Chat(typed=MESSAGE, mark=Label.LOCAL_ONLY)
    found.restored(chat, Label.PUBLIC)
    assert found.of_next(chat) is Label.LOCAL_ONLY
    found, chat = labels(), Chat(typed=MESSAGE, label=Label.NORMAL)
    found.restored(chat, Label.PUBLIC)
    assert found.of_next(chat) is Label.NORMAL

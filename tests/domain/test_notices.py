"""What a conversation is told of itself."""

from assistant.domain.notices import window_moved


def test_one_message_and_many_are_said_in_their_own_words() -> None:
    assert window_moved(1).startswith("The oldest message no longer fits ")
    assert window_moved(1_200).startswith("The oldest 1,200 messages no longer fit ")
    assert window_moved(1_200).endswith("does not see them.")

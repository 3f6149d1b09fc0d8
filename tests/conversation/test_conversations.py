"""Labels after the fact: a message goes further only for a reason, in a branch of its own."""

import pytest

from assistant.domain.errors import UsageError
from assistant.domain.events import Declassified
from assistant.domain.sensitivity import Label
from tests.conversation.border_doubles import Rig, local


async def test_a_declassified_message_is_a_copy_in_a_new_branch_and_labels_follow_from_it() -> None:
    rig = Rig()
    first = await local(rig, "one", None)
    second = await local(rig, "two", first, Label.LOCAL_ONLY)
    third = await local(rig, "three", second)
    path = rig.journal.path(third)
    assert [m.label for m in path[2:]] == [Label.LOCAL_ONLY] * 2 + [Label.NORMAL, Label.LOCAL_ONLY]
    head = await rig.engine.declassify(third, path[2].id, Label.NORMAL, "the ward agreed\x1b[31m")
    [event] = [e for e in rig.journal.events if isinstance(e, Declassified)]
    assert [m.label for m in event.copies] == [Label.NORMAL] * 4
    assert [m.text for m in event.copies] == [m.text for m in path[2:]]
    assert [m.parent for m in event.copies] == [path[1].id, *(m.id for m in event.copies[:-1])]
    assert not {m.id for m in event.copies} & {m.id for m in path}
    assert (head, event.message) == (event.copies[-1].id, path[2].id)
    assert "\x1b" not in event.reason


async def test_a_reply_made_from_two_local_only_messages_stays_where_one_of_them_is_left() -> None:
    rig = Rig()
    first = await local(rig, "one", None, Label.LOCAL_ONLY)
    second = await local(rig, "two", first, Label.LOCAL_ONLY)
    path = rig.journal.path(second)
    await rig.engine.declassify(second, path[0].id, Label.NORMAL, "it is on the web")
    [event] = [e for e in rig.journal.events if isinstance(e, Declassified)]
    labels = [m.label for m in event.copies]
    assert labels == [Label.NORMAL, Label.NORMAL, Label.LOCAL_ONLY, Label.LOCAL_ONLY]


@pytest.mark.parametrize(("place", "reason"), [(0, " "), (1, "why not"), (2, "not there")])
async def test_not_without_a_reason_and_not_what_is_no_message_of_ones_own(
    place: int, reason: str
) -> None:
    rig = Rig()
    head = await local(rig, "one", None, Label.LOCAL_ONLY)
    ids = [*(message.id for message in rig.journal.path(head)), "elsewhere"]
    with pytest.raises(UsageError):
        await rig.engine.declassify(head, ids[place], Label.NORMAL, reason)


async def test_a_message_that_goes_so_far_already_needs_nothing() -> None:
    rig = Rig()
    head = await local(rig, "one", None)
    with pytest.raises(UsageError, match="already"):
        await rig.engine.declassify(head, rig.journal.path(head)[0].id, Label.NORMAL, "why")

"""A copy of a local-only text is local-only, however fast it is sent and whatever part of it was copied."""

from collections.abc import Coroutine, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, Paste
from textual.pilot import Pilot

from assistant.domain.attachments import Attachment, compose
from assistant.domain.sensitivity import Label
from assistant.domain.settings import Settings
from assistant.tui.app import AssistantApp
from assistant.tui.copies import Copies
from assistant.tui.labels import Labels
from assistant.tui.turn import Chat
from tests.tui.cloud_chat import CloudChat, cloud_chat, grant
from tests.tui.driving import answered, opened, send, settled_surroundings, toasts, until

PRIVATE = "The monitors in room 12 run late."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


LETTER = (
    "The merger closes on 12 March. Price is 14.2 million, paid in two parts.\n\n"
    "The seller's lawyer is Ms. Vogel of Basel; do not call her before the notary has signed.\n"
    "- escrow: Bank of Basel, 77 12"
)


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        (LETTER, True),
        (LETTER[:-1], True),
        (LETTER.split("\n\n")[1], True),
        ("Summarise this: " + LETTER.split("\n\n")[0], True),
        (LETTER.replace("\n\n", "\n").replace(" ", "  "), True),
        ("> the merger closes on 12 march.\n> price IS 14.2 million, and", True),
        ("so do not call her before the notary has signed anything", True),
        ("what is: escrow — Bank of Basel, 77 12?", True),
        ("When does the merger close?", False),
        ("Write to the lawyer of the seller in two parts, please.", False),
        ("a merger in March at a price of 14 million", False),
        ("", False),
    ],
)
def test_a_part_of_a_text_is_a_copy_of_it(text: str, copied: bool) -> None:
    copies = Copies()
    copies.remember(LETTER)
    assert copies.holds(text) is copied


@given(
    said=st.lists(st.text(st.characters(categories=["L", "N"]), min_size=4, max_size=9), min_size=10, max_size=60),
    data=st.data(),
)  # fmt: skip
def test_any_ten_words_are_a_copy(said: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(said) - 10))
    copies = Copies()
    copies.remember(" ".join(said))
    assert copies.holds("So: " + ",\n".join(said[start : start + 10]) + " - or not?")


def words(number: int) -> str:
    """A text that has nothing in common with that of another number."""
    return " ".join(f"word{number}x{place}" for place in range(400))


def test_what_was_remembered_first_is_not_forgotten() -> None:
    """The part that is copied may be of the beginning of a long history."""
    copies = Copies()
    for number in range(400):
        copies.remember(words(number))
    assert copies.holds("word0x7 word0x8 word0x9 word0x10 word0x11 word0x12")
    assert copies.holds("word399x7 word399x8 word399x9 word399x10 word399x11 word399x12")
    assert not copies.holds("a question that has nothing to do with any of it")
    assert not copies.full


@pytest.mark.parametrize(
    "texts",
    [[words(1)], [f"line {n:04} of the long list" for n in range(200)], map(str, range(20_001))],
)
def test_what_cannot_be_told_from_a_copy_any_more_counts_as_one(texts: Iterable[str]) -> None:
    copies = Copies(most=100)
    assert not copies.holds("anything else that one may say")
    for text in texts:
        copies.remember(text)
    assert copies.full
    assert copies.holds("anything else that one may say")
    assert not copies.holds("")


@given(st.lists(st.text("ab. \n", max_size=60), max_size=8), st.integers(1, 50), st.data())
def test_any_run_of_a_text_that_is_taken_in_by_pieces_is_known(
    parts: list[str], piece: int, data: st.DataObject
) -> None:
    text, copies = LETTER + "".join(parts) + LETTER[::-1], Copies()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant.tui.copies._PIECE", piece)
        copies.remember(text)
    start = data.draw(st.integers(0, len(text) - 1))
    run = text[start : start + 70]
    assert sum(map(str.isalnum, run)) < 39 or copies.holds(f"Look: {run}")
    assert not copies.holds("How do I keep four Pis in time without a clock?")


def large() -> Attachment:
    """As much as a message takes, each line another one."""
    lines = (f"{n:06} {n * 7919:09} {n * 104_729:012} ward and room\n" for n in range(40_000))
    return Attachment("large.txt", "text", "".join(lines))


async def test_all_of_a_large_local_only_file_is_known_and_until_then_all_else_too() -> None:
    begun: list[Coroutine[None, None, None]] = []
    labels, chat, one = Labels(Settings, begun.append), Chat(), large()
    labels.attached(chat, one, Label.LOCAL_ONLY)
    whole = compose("why?", [one])
    for text in ("What is new?", whole, one.text[-300:]):
        assert labels.of_taken(text, Label.NORMAL) is Label.LOCAL_ONLY
    [work] = begun
    await work
    for start in (0, 400_000, 1_000_000, len(one.text) - 60):
        copied = one.text[start : start + 60]
        assert labels.of_taken(copied, Label.NORMAL) is Label.LOCAL_ONLY
    assert labels.of_taken("What is new?", Label.NORMAL) is Label.NORMAL
    labels.attached(chat, large(), Label.NORMAL)
    assert len(begun) == 1


async def test_until_a_long_history_is_remembered_what_is_sent_counts_as_a_copy() -> None:
    begun: list[Coroutine[None, None, None]] = []
    labels, chat = Labels(Settings, begun.append), Chat()
    texts = [(words(number), Label.LOCAL_ONLY) for number in range(20)]
    labels.remember([*texts, (LETTER, Label.NORMAL)])
    assert not labels.typed(chat, "What is new?")
    assert labels.of_taken("What is new?", Label.NORMAL) is Label.LOCAL_ONLY
    [work] = begun
    await work
    assert labels.of_taken("What is new?", Label.NORMAL) is Label.NORMAL
    assert labels.of_taken(texts[0][0][40:140], Label.NORMAL) is Label.LOCAL_ONLY
    assert labels.of_taken(LETTER, Label.NORMAL) is Label.NORMAL


async def test_what_could_not_be_remembered_leaves_every_text_a_copy() -> None:
    begun: list[Coroutine[None, None, None]] = []
    labels = Labels(Settings, begun.append)
    labels.remember([(words(number), Label.LOCAL_ONLY) for number in range(20)])
    begun[0].close()
    assert labels.of_taken("What is new?", Label.NORMAL) is Label.LOCAL_ONLY


async def test_a_short_history_is_remembered_at_once() -> None:
    begun: list[Coroutine[None, None, None]] = []
    labels = Labels(Settings, begun.append)
    labels.remember([(LETTER, Label.LOCAL_ONLY), (words(1) * 20, Label.NORMAL)])
    assert not begun
    assert labels.of_taken(LETTER, Label.NORMAL) is Label.LOCAL_ONLY


def test_a_text_too_long_to_be_looked_at_with_every_key_is_once_it_is_sent() -> None:
    labels, chat = Labels(Settings), Chat()
    labels.remember([(LETTER, Label.LOCAL_ONLY)])
    long = "x " * 40_000 + LETTER
    assert not labels.typed(chat, long)
    assert labels.of_taken(long, Label.NORMAL) is Label.LOCAL_ONLY
    assert labels.of_taken("x " * 40_000, Label.NORMAL) is Label.NORMAL


async def said_here(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A local-only text in a chat of its own; then an empty chat."""
    await pilot.press("ctrl+l")
    await send(app, pilot, PRIVATE)
    await answered(app, pilot)
    await pilot.press("ctrl+n")
    await until(pilot, lambda: not app.chat.desk.chat.head)


def labels_of(on: CloudChat, text: str) -> set[Label]:
    """Those of every message on record that says `text`."""
    journal = on.stage.journal
    paths = [journal.path(one.head or "") for one in journal.conversations()]
    return {m.label for path in paths for m in path if m.text == text}


async def test_a_copy_that_enter_follows_at_once_stays(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await said_here(app, pilot)
        await grant(app, pilot, "for everybody", "c")
        await pilot.press("ctrl+t")
        assert app.chat.desk.chat.cloud
        app.post_message(Paste(PRIVATE))
        app.post_message(Key("enter", None))
        await until(pilot, lambda: any("holds a local-only one" in t for t in toasts(app)))
        await answered(app, pilot)
    assert on.left == ["for everybody"]
    assert labels_of(on, PRIVATE) == {Label.LOCAL_ONLY}


@pytest.mark.parametrize("key", ["ctrl+s", "ctrl+t"])
async def test_a_copy_that_is_sent_to_the_cloud_at_once_comes_back(
    tmp_path: Path, key: str
) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await said_here(app, pilot)
        await grant(app, pilot, "for everybody", "c")
        app.chat.desk.chat.cloud = ""
        on.revoke()
        await app.chat.desk.sending.look()
        app.post_message(Paste(PRIVATE))
        app.post_message(Key(key, None))
        await until(pilot, lambda: any("this message is local-only" in t for t in toasts(app)))
        await until(pilot, lambda: app.chat.composer.text == PRIVATE)
    assert on.left == ["for everybody"]

"""Attachments in the plain chat: said with size, tokens and label, left out again, sent under the same rules as all else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.commands.plain_attached import path_of
from assistant.storage import paths
from tests.commands.rig import KEY, Heard, Shell, Town, beside, set_up
from tests.picture_maker import JPEG
from tests.standins.cloud import Cloud


@pytest.fixture
def town(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    home: object,
) -> Iterator[Town]:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("The fox is red.\n")
    (tmp_path / "ward").mkdir()
    (tmp_path / "ward/list.txt").write_text("The ward's monitors stand in the cellar.\n")
    shell = Shell(capsys, monkeypatch)
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        set_up(shell, cloud.port)
        settings = paths.find().settings_file
        settings.write_text(f'[labels]\nfolders = ["{tmp_path}/ward=local-only"]\n')
        yield Town(shell, cloud)


def plain(town: Town, *lines: str, more: tuple[str, ...] = ()) -> Heard:
    return town.shell("chat", "--plain", *more, stdin="".join(f"{line}\n" for line in lines))


def test_a_file_goes_with_the_message_and_is_gone_then(town: Town) -> None:
    conversation, _ = town.grant()
    done = plain(
        town,
        "/attach notes.txt",
        "/attached",
        "/cloud What colour?",
        "/attached",
        "/read 2",
        more=("--open", conversation),
    )
    assert done.code == 0, done.err
    assert "attached notes.txt, 16 bytes, ~4 tokens\n" in done.err
    assert "1. notes.txt, 16 bytes, ~4 tokens\n" in done.err
    assert "with it goes notes.txt\n" in done.err
    assert done.err.endswith("nothing is attached\n")
    assert done.out.count("attached: notes.txt, 16 bytes, ~4 tokens\nyou: What colour?\n") == 1
    [sent] = town.cloud.requests
    assert "The fox is red." in str(sent)


def test_an_image_is_said_with_its_pixels_and_kept_where_a_route_takes_none(
    town: Town, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    conversation, _ = town.grant()
    orders = ("/attach photo.jpg", "/attach notes.txt", "/attached", "/cloud Where?", "/attached")
    done = plain(town, *orders, more=("--open", conversation))
    said = "photo.jpg, 8 x 6, 322 bytes, ~85 tokens"
    assert f"attached {said}, left out: 106 bytes beside the image\n" in done.err
    assert "together 338 bytes, ~89 tokens\n" in done.err
    assert "takes no images, and this message has an image" in done.err
    assert done.err.count(f"1. {said}\n") == 2
    assert town.cloud.requests == []


def test_a_local_only_file_keeps_the_message_here_whatever_is_said_after(town: Town) -> None:
    conversation, _ = town.grant()
    done = plain(
        town,
        "/attach ward",
        "/label public",
        "/cloud Where are they?",
        "/detach",
        "/label public",
        "/cloud The ward's monitors stand in the cellar, do they?",
        more=("--open", conversation),
    )
    assert "this message is local-only\n" in done.err
    assert "the next message is local-only, as what is attached or this chat is" in done.err
    assert "refused" in done.err
    assert "not attached any more: ward/\n" in done.err
    assert "this text holds a local-only one" in done.err
    assert town.cloud.got == []


def test_what_is_attached_is_kept_with_its_label_until_it_is_sent_or_left_out(town: Town) -> None:
    plain(town, "/attach notes.txt", '/attach "ward/list.txt"', "/detach 1")
    done = plain(town, "/attached", "/label public", "/cloud Where?")
    assert "attached to it: ward/list.txt; /attached lists it" in done.err
    assert "1. ward/list.txt, " in done.err
    assert "notes.txt" not in done.err
    assert town.cloud.got == []
    plain(town, "/drop")
    assert "nothing is attached" in plain(town, "/attached").err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/attach", "what is to be attached? (/attach PATH)"),
        ("/attach nowhere.txt", "nowhere.txt"),
        ("/detach", "nothing is attached"),
        ("/detach 3", "nothing is attached"),
    ],
)
def test_what_cannot_be_is_told(town: Town, line: str, said: str) -> None:
    done = plain(town, line)
    assert said in done.err
    assert done.code != 0


def test_more_than_a_message_may_hold_is_refused(town: Town, tmp_path: Path) -> None:
    (tmp_path / "big").write_text("x" * 990_000)
    done = plain(town, "/attach big", "/attach big", "/attach big", "/attached", "/detach 7")
    assert "has more than 2.0 MB (attach less)" in done.err
    assert "2. big, 990 kB" in done.err
    assert "3. big" not in done.err
    assert "there is no attachment '7'" in done.err


@pytest.mark.parametrize(
    ("typed", "path"),
    [("a b", "a b"), ("'a b'", "a b"), ('"~/x"', "~/x"), (r"a\ b", "a b"), ("'", "'")],
)
def test_a_path_may_be_quoted_or_dropped(typed: str, path: str) -> None:
    assert path_of(typed) == path

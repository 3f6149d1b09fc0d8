"""Images on the command line: which routes take them is declared, what would leave is explained, and a terminal's yes is once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.commands import leave
from assistant.storage import paths
from assistant.storage.routes import FILE
from tests.commands.rig import FACTS, KEY, ROUTE, Shell, Town, beside, set_up
from tests.picture_maker import JPEG, image
from tests.standins.cloud import Cloud


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def town(shell: Shell) -> Iterator[Town]:
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        url = f"http://127.0.0.1:{cloud.port}"
        made = shell("routes", "add", ROUTE, "--url", url, "--model", "gpt-4.1", "--images")
        assert made.code == 0, made.err
        done = shell("routes", "declare", ROUTE, "--place", "cloud", *FACTS, "--yes-i-declare")
        assert done.code == 0, done.err
        yield Town(shell, cloud)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "photo.jpg"
    path.write_bytes(JPEG)
    return str(path)


def listed(shell: Shell) -> dict[str, object]:
    [row] = shell("routes", "list", "--json").rows("routes")
    return row


def test_which_route_takes_images_is_said_by_a_person_and_kept(town: Town) -> None:
    assert listed(town.shell)["images"] is True
    assert "gpt-4.1 at http://127.0.0.1" in town.shell("routes", "list").out
    assert " · takes images: " in town.shell("routes", "list").out
    # Declared once more, it still does.
    again = town.shell("routes", "declare", ROUTE, *FACTS, "--yes-i-declare")
    assert again.code == 0, again.err
    assert listed(town.shell)["images"] is True


def test_a_row_takes_none_unless_that_is_said(shell: Shell) -> None:
    add = ("routes", "add", "--row", "mistral-eu", "--model", "pixtral-large-latest")
    assert shell(*add).code == 0
    assert listed(shell)["images"] is False
    assert shell(*add, "--images").code == 0
    assert listed(shell)["images"] is True
    assert shell(*add).code == 0
    assert listed(shell)["images"] is False


def test_a_server_takes_none_unless_that_is_said(shell: Shell) -> None:
    add = ("routes", "add", "eyes", "--url", "http://127.0.0.1:9", "--model", "llava")
    assert shell(*add, "--json").json["images"] is False
    assert shell(*add, "--images", "--json").json["images"] is True
    assert " · takes images: " in shell("routes", "list").out


def test_it_is_explained_what_would_leave(town: Town, photo: str) -> None:
    explain = ("policy", "explain", "--route", ROUTE, "--attach", photo)
    said = town.shell(*explain, stdin="Where?")
    picture = image("photo.jpg", JPEG).picture
    assert picture is not None
    assert "attached photo.jpg · 8 x 6 · 322 bytes · ~85 tokens · left out: 106 bytes" in said.err
    assert "  image: photo.jpg · jpeg, 8 x 6 pixels, 322 bytes · not looked into" in said.out
    assert picture.base64 not in said.out + said.err
    leaving = town.shell(*explain, "--json", stdin="Where?").part("leaving")
    leaves = leaving["leaves"]
    assert isinstance(leaves, list)
    assert leaves[-1]["images"] == [
        {"name": "photo.jpg", "kind": "jpeg", "width": 8, "height": 6, "bytes": 322, "tokens": 85, "scanned": False}
    ]  # fmt: skip
    most = leaving["most_input_tokens"]
    assert isinstance(most, int)
    assert 50_000 < most < 50_600


def test_a_standing_grant_lets_no_image_leave(town: Town, photo: str) -> None:
    conversation, _ = town.grant()
    ask = ("ask", "--route", ROUTE, "--conversation", conversation, "--attach", photo)
    done = town.shell(*ask, "Where?")
    assert done.code == 3
    assert "not looked into, so each send of one needs a yes of its own" in done.err
    assert "consent grant --route" not in done.err
    assert town.cloud.got == []


@pytest.mark.parametrize(("word", "left"), [("once", 1), ("15m", 0), ("conversation", 0)])
def test_on_a_terminal_once_is_the_only_yes(
    town: Town, photo: str, monkeypatch: pytest.MonkeyPatch, word: str, left: int
) -> None:
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return word

    monkeypatch.setattr(leave, "at_terminal", lambda: True)
    monkeypatch.setattr(leave, "asked", answer)
    done = town.shell("ask", "--route", ROUTE, "--attach", photo, "Where?")
    assert questions == ["To send it type once; anything else denies: "]
    assert [len(town.cloud.requests), done.code] == [left, 0 if left else 3]
    if left:
        picture = image("photo.jpg", JPEG).picture
        assert picture is not None
        assert f"data:image/jpeg;base64,{picture.base64}".encode() in town.cloud.requests[0].body


def test_where_a_route_takes_images_no_more_older_ones_stay_and_that_is_said(
    town: Town, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, _ = town.grant()
    ask = ("ask", "--route", ROUTE, "--conversation", conversation)
    with monkeypatch.context() as typing:
        typing.setattr(leave, "at_terminal", lambda: True)
        typing.setattr(leave, "asked", lambda _question: "once")
        assert town.shell(*ask, "--attach", photo, "Where?").code == 0
    file = paths.find().config / FILE
    file.write_text(file.read_text().replace("images = true\n", ""))
    done = town.shell(*ask, "And now?")
    assert done.code == 0, done.err
    assert "An image above is not sent: this route takes no images." in done.err
    messages = json.loads(town.cloud.requests[1].body)["messages"]
    assert [one["content"] for one in messages if one["role"] == "user"] == [
        "[image photo.jpg, not sent: this route takes no images]\nWhere?",
        "And now?",
    ]


def test_a_route_that_takes_none_refuses_at_once(shell: Shell, photo: str) -> None:
    with beside(Cloud(key=KEY)) as cloud:
        set_up(shell, cloud.port)
        done = shell("ask", "--route", ROUTE, "--attach", photo, "Where?")
        assert done.code == 2
        assert f"{ROUTE} takes no images, and this message has an image" in done.err
        assert shell("history", "list", "--json").out == "[]\n"
        assert cloud.got == []

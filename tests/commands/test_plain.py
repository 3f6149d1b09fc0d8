"""`assistant chat --plain`: a pipe is a person who types quickly; what must not leave does not, and nothing typed is lost."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from assistant.storage import paths
from tests.commands.rig import KEY, Heard, Shell, Town, beside, set_up
from tests.standins.cloud import Cloud


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def town(shell: Shell) -> Iterator[Town]:
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        set_up(shell, cloud.port)
        yield Town(shell, cloud)


def plain(shell: Shell, *lines: str, more: tuple[str, ...] = ()) -> Heard:
    return shell("chat", "--plain", *more, stdin="".join(f"{line}\n" for line in lines))


def test_without_a_model_it_says_so_and_keeps_what_was_typed(shell: Shell, home: object) -> None:
    done = plain(shell, "Why?")
    assert done.code == 4
    assert done.out.startswith("you: Why?\n")
    assert "model: no model is installed" in done.err
    again = plain(shell, "/drop")
    assert "not sent yet: Why?" in again.err
    assert "not sent yet" not in plain(shell).err


def test_without_a_grant_nothing_leaves(town: Town) -> None:
    done = plain(town.shell, "/cloud Say fox.")
    assert done.code == 3
    assert "assistant" not in done.out
    assert "nothing was sent; the text is kept" in done.err
    assert "refused: you have not granted this send to gate" in done.err
    assert "assistant consent grant --route gate --conversation" in done.err
    assert town.cloud.got == []


def test_with_a_grant_it_goes_and_says_who_answers(town: Town) -> None:
    conversation, _ = town.grant()
    open_it = ("--open", conversation, "--times")
    done = plain(town.shell, "/cloud Say hello to the fox.", "/read 2", more=open_it)
    assert done.code == 0, done.err
    assert "assistant, cloud, gpt-4.1:\n" in done.out
    assert done.out.count("you: Say hello to the fox.\n") == 1
    assert "loading" not in done.err
    assert "cloud, gpt-4.1, TTFT" in done.err
    assert len(town.cloud.requests) == 1


def test_a_local_only_message_does_not_leave_nor_does_a_copy_of_it(town: Town) -> None:
    conversation, _ = town.grant()
    secret = "The ward's monitors stand in the cellar."
    done = plain(
        town.shell,
        "/label local-only",
        f"/cloud {secret}",
        "/new",
        f"/cloud Again: {secret}",
        more=("--open", conversation),
    )
    assert "this text holds a local-only one" in done.err
    assert done.err.count("local-only") > 3
    assert town.cloud.got == []


def test_what_is_set_before_the_first_word_holds_from_it_on(town: Town) -> None:
    plain(town.shell, "/keep", "/system Answer in French.", "/cloud Why?")
    done = plain(town.shell, "/list", "/open 1", "/system", "/cloud Then?")
    assert "1. Why?, 0 messages, local-only\n" in done.err
    assert "not sent yet: Why?" in done.err
    assert "Answer in French." in done.err
    assert town.cloud.got == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/qiut", "usage: there is no order /qiut (did you mean /quit?"),
        ("/open 7", "there is no conversation '7' (/list has them)"),
        ("/label secret", "a label is one of public, normal, local-only (it is normal now)"),
        ("/route gate", "gate is in the cloud"),
        ("/route none", "there is no route 'none' now"),
        ("/send", "nothing was typed and not sent"),
        ("/again", "nothing failed here"),
        ("/cloud", "there is nothing to send (/cloud TEXT)"),
        ("/stop", "no reply is on its way"),
    ],
)
def test_wrong_orders_are_told(town: Town, line: str, said: str) -> None:
    assert said in plain(town.shell, "/route", line).err


def test_a_message_that_never_became_whole_is_kept(town: Town) -> None:
    assert "kept, not sent: one two" in plain(town.shell, '"""one', "two").err
    done = plain(town.shell)
    assert "not sent yet: one two; /send sends it" in done.err


def test_a_conversation_that_is_not_there_ends_it(shell: Shell, home: object) -> None:
    done = plain(shell, more=("--open", "nowhere"))
    assert done.code == 2
    assert "there is no conversation 'nowhere'" in done.err


def test_textual_is_not_loaded(home: object) -> None:
    code = (
        "import sys\nfrom assistant.cli import main\nmain(['chat', '--plain'])\n"
        "assert not {'textual', 'rich'} & set(sys.modules), 'loaded'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"/help\n/list\nhi\n", capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"/quit: keep everything and quit" in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    assert paths.find().journal_file.exists()

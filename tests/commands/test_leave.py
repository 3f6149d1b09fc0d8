"""`assistant ask` to the cloud: with a grant it goes, without one it does not, and either is on record."""

import json
from collections.abc import Iterator

import pytest

from assistant.commands.leave import refusal_lines, terms_of
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span
from tests.commands.rig import KEY, ROUTE, Heard, Shell, Town, beside, set_up
from tests.standins.cloud import Cloud
from tests.standins.strangers import Stranger

CARD = "4111 1111 1111 1111"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def town(shell: Shell) -> Iterator[Town]:
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        set_up(shell, cloud.port)
        yield Town(shell, cloud)


def ask(town: Town, conversation: str, *more: str) -> Heard:
    return town.shell("ask", "--route", ROUTE, "--conversation", conversation, *more)


def test_with_a_grant_it_just_goes_and_the_key_goes_along(town: Town) -> None:
    conversation, _ = town.grant()
    done = ask(town, conversation, "Say hello to the fox.")
    assert done.code == 0, done.err
    assert "fox" in done.out
    [request] = town.cloud.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in done.out + done.err
    [line] = town.shell("audit", "outbox", "--json").rows("outbox")
    assert line["what"] == "left, closed"
    assert line["sent_bytes"] == len(request.body)
    assert line["said"] == {"model": "gpt-4.1", "provider": None, "geo": None}
    assert "; the reply says gpt-4.1\n" in town.shell("audit", "outbox").out


def test_without_one_nothing_leaves_and_the_way_to_one_is_named(town: Town) -> None:
    done = town.shell("ask", "--route", ROUTE, "--json", "Why?")
    assert done.code == 3
    turn = done.json
    assert done.part("decision")["verdict"] == "ask"
    assert done.part("error")["code"] == "refused"
    assert "refused: you have not granted this send to gate" in done.err
    named = f"assistant consent grant --route gate --conversation {turn['conversation']} --for 15m"
    assert named in done.err
    assert town.cloud.got == []

    words = named.removeprefix("assistant ").split()
    assert town.shell(*words, "--yes-i-grant").code == 0
    again = ask(town, str(turn["conversation"]), "Why?")
    assert again.code == 0, again.err
    kinds = [
        json.loads(line)["body"]["kind"] for line in town.shell("audit", "export").out.splitlines()
    ]
    assert kinds[0] == "denied"
    assert kinds[-3:] == ["permit", "noted", "ended"], "the note says that the key went along"


def test_a_denial_names_every_reason(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_KEY_OPENAI_US", KEY)
    assert shell("routes", "add", "--row", "openai-us", "--model", "m").code == 0
    done = shell("ask", "--route", "openai-us", "--label", "local-only", "mine")
    assert done.code == 3
    lines = [line for line in done.err.splitlines() if line.startswith("refused: ")]
    assert len(lines) > 1
    assert "local-only text never leaves this machine (ask on a local route" in lines[0]
    assert done.out == ""


def test_what_is_kept_back_comes_back_in_the_reply(town: Town) -> None:
    conversation, _ = town.grant()
    done = ask(town, conversation, f"Repeat: {CARD}")
    assert done.code == 0, done.err
    assert CARD in done.out
    assert CARD.encode() not in town.cloud.requests[0].body
    assert "card-1" in json.dumps(town.cloud.body(), ensure_ascii=False)
    # What was kept back in a conversation, and put back into a reply, is kept back in it whatever is said.
    again = ask(town, conversation, "--keep-back", "none", f"Repeat: {CARD}")
    assert again.code == 0, again.err
    assert CARD.encode() not in town.cloud.requests[1].body
    another, _ = town.grant()
    bare = ask(town, another, "--keep-back", "none", f"Repeat: {CARD}")
    assert bare.code == 3
    assert "the text holds what must not leave" in bare.err
    assert len(town.cloud.requests) == 2


def test_a_local_only_message_stays_only_where_that_was_said(town: Town) -> None:
    conversation, _ = town.grant()
    with beside(Stranger(kind="ollama")) as here:
        town.shell("routes", "add", "here", "--url", here.url)
        town.shell("routes", "declare", "here", "--place", "this-machine")
        mine = ("--conversation", conversation, "--label", "local-only", "my diary")
        assert town.shell("ask", "--route", "here", *mine).code == 0
    refused = ask(town, conversation, "And now?")
    assert refused.code == 3
    assert "--leave-out" in refused.err
    assert town.cloud.got == []
    done = ask(town, conversation, "--leave-out", "And now?")
    assert done.code == 0, done.err
    assert b"diary" not in town.cloud.requests[0].plain
    assert b"And now?" in town.cloud.requests[0].plain


def test_a_route_without_a_key_fails_as_such(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation, _ = town.grant()
    monkeypatch.delenv("ASSISTANT_KEY_GATE")
    done = ask(town, conversation, "--json", "Why?")
    assert done.code != 0
    assert town.cloud.got == []
    [line] = town.shell("audit", "outbox", "--json").rows("outbox")
    assert line["what"] == "nothing left"


def test_what_the_provider_refuses_is_an_error_without_the_key(town: Town) -> None:
    conversation, _ = town.grant()
    town.cloud.fault("401")
    done = ask(town, conversation, "--json", "Why?")
    assert done.code == 4
    assert KEY not in done.out + done.err


@pytest.mark.parametrize(
    ("word", "span"),
    [("once", Span.ONCE), ("15m", Span.WHILE), ("conversation", Span.CONVERSATION)],
)
def test_three_words_are_a_yes(word: str, span: Span) -> None:
    terms = terms_of(word)
    assert terms is not None
    assert terms.span is span


@pytest.mark.parametrize("word", ["", "y", "yes", "Once", "once more", "15", "deny"])
def test_nothing_else_is(word: str) -> None:
    assert terms_of(word) is None


def test_what_speaks_for_a_send_is_no_reason_against_it() -> None:
    reasons = (Reason("rule_passes", "a rule passes"), Reason("no_grant", "no grant"))
    decision = Decision("d", Verdict.ASK, "r", reasons, Label.NORMAL)
    assert list(refusal_lines(decision)) == ["refused: no grant (assistant consent grant)"]


def test_a_text_too_long_for_the_route_is_refused_on_record(town: Town) -> None:
    shell = town.shell
    heard = shell("ask", "--route", ROUTE, "-", stdin="many words " * 60_000)
    assert heard.code == 4
    assert "too_long" in shell("audit", "export").out

"""Which words leave: labels, what is left out, what is kept back and put back, what the window takes."""

from dataclasses import replace

import pytest

from assistant.domain.decisions import Verdict
from assistant.domain.departure import Choice, Stay
from assistant.domain.errors import RefusedError
from assistant.domain.events import Asked, Delta
from assistant.domain.findings import ScanVerdict
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from tests.conversation.border_doubles import CLOUD, KEY, CloudScripted, Rig, follow, local, prompt

ONCE = Terms(Span.ONCE)
TALK = Terms(Span.CONVERSATION)
SECRET = "AKIAZ7Q4XW2MBV5KTLRE"
CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize("leave_out", [False, True])
async def test_a_local_only_prompt_never_leaves(leave_out: bool) -> None:
    rig = Rig()
    asked = replace(prompt(), label=Label.LOCAL_ONLY)
    proposal = rig.engine.propose(asked, CLOUD.id, choice=Choice(leave_out=leave_out))
    assert proposal.decision.verdict is Verdict.DENY
    with pytest.raises(RefusedError):
        await rig.engine.grant(proposal, ONCE, "key o")
    assert (await follow(rig, proposal))[0].finish is Finish.FAILED
    assert not rig.cloud.requests


async def test_a_tainted_conversation_is_denied_or_goes_without_what_is_tainted() -> None:
    rig = Rig()
    first = await local(rig, "public words", None)
    second = await local(rig, "the ward's monitors", first, Label.LOCAL_ONLY)
    third = await local(rig, "and then?", second)
    asked = prompt("Sum it up", third)
    stopped = rig.engine.propose(asked, CLOUD.id)
    assert stopped.considered is not None
    assert stopped.decision.verdict is Verdict.DENY
    assert stopped.considered.departure.tainted
    filtered = rig.engine.propose(asked, CLOUD.id, choice=Choice(leave_out=True))
    assert filtered.considered is not None
    assert filtered.decision.verdict is Verdict.ASK
    departure = filtered.considered.departure
    assert [one.text for one in departure.leaves] == ["public words", "Hello", "Sum it up"]
    # The reply to `and then?` was made from all of it, so it stays, and its question with it.
    assert {one.why for one in departure.stays} == {Stay.LABEL}
    assert len(departure.stays) == 4
    await rig.engine.grant(filtered, ONCE, "key o")
    record, _ = await follow(rig, filtered)
    assert record.decision.label is Label.NORMAL
    assert b"ward" not in rig.cloud.compose(rig.cloud.requests[0]).body


async def test_a_conversations_label_holds_for_all_that_is_said_in_it() -> None:
    rig = Rig()
    await rig.engine.label_conversation("talk", Label.LOCAL_ONLY)
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.DENY
    assert rig.engine.propose(prompt(), "cpu").prompt.label is Label.LOCAL_ONLY


async def test_findings_are_kept_back_and_put_back_into_the_reply() -> None:
    rig = Rig(cloud=CloudScripted(pieces=("Pay with ⟦ca", "rd-1⟧, not ", "⟦x")))
    proposal = rig.engine.propose(prompt(f"Charge {CARD} please"), CLOUD.id)
    assert proposal.considered is not None
    [own] = proposal.considered.departure.leaves
    assert (own.text, own.redacted) == ("Charge ⟦card-1⟧ please", True)
    assert proposal.decision.verdict is Verdict.ASK
    await rig.engine.grant(proposal, ONCE, "key o")
    record, _ = await follow(rig, proposal)
    assert record.reply == f"Pay with {CARD}, not ⟦x"
    assert CARD.encode() not in rig.cloud.compose(rig.cloud.requests[0]).body
    assert "".join(e.text for e in rig.journal.events if isinstance(e, Delta)) in record.reply


@pytest.mark.parametrize("text", [f"use {SECRET} there", f"my key is {KEY}"])
async def test_a_found_secret_that_is_not_kept_back_is_denied_whatever_was_granted(
    text: str,
) -> None:
    rig = Rig()
    await rig.engine.grant(rig.engine.propose(prompt(), CLOUD.id), TALK, "key c")
    bare = rig.engine.propose(prompt(text), CLOUD.id, choice=Choice(keep_back=None))
    assert bare.decision.verdict is Verdict.DENY
    assert "found_secret" in [reason.code for reason in bare.decision.reasons]
    held = rig.engine.propose(prompt(text), CLOUD.id, choice=Choice(ScanVerdict.BLOCK))
    assert held.decision.verdict is Verdict.ALLOW
    assert held.considered is not None
    assert not any(part in held.considered.departure.outgoing.body for part in _parts(text))


def _parts(text: str) -> list[bytes]:
    return [secret.encode() for secret in (SECRET, KEY) if secret in text]


async def test_an_old_conversation_goes_without_its_oldest_turns_and_says_so() -> None:
    rig = Rig(cloud=CloudScripted(window_tokens=60))
    head: str | None = None
    for number in range(8):
        head = await local(rig, f"word number {number} of many", head)
    proposal = rig.engine.propose(prompt("last", head), CLOUD.id)
    assert proposal.considered is not None
    departure = proposal.considered.departure
    assert departure.leaves[-1].text == "last"
    assert {one.why for one in departure.stays} == {Stay.WINDOW}
    assert len(departure.stays) + len(departure.leaves) == 17
    assert rig.cloud.estimate(rig.cloud_messages(departure)) <= 60 - departure.reply_tokens


@pytest.mark.parametrize(
    ("system", "label"),
    [("You are a concise assistant.", Label.PUBLIC), ("You help the ward.", Label.NORMAL), ("", Label.PUBLIC)],
)  # fmt: skip
async def test_the_shipped_system_prompt_is_public_and_ones_own_is_not(
    system: str, label: Label
) -> None:
    asked = replace(prompt(), label=Label.PUBLIC, system=system)
    proposal = Rig().engine.propose(asked, CLOUD.id)
    assert proposal.considered is not None
    assert proposal.considered.departure.label is label
    leaves = proposal.considered.departure.leaves
    assert [one.text for one in leaves] == [*filter(None, [system]), asked.text]


async def test_where_a_key_is_locked_away_nothing_leaves_and_it_is_said_why() -> None:
    rig = Rig()
    await rig.engine.grant(rig.engine.propose(prompt(), CLOUD.id), TALK, "key c")
    rig.town.shut = True
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    assert proposal.decision.verdict is Verdict.DENY
    assert [reason.code for reason in proposal.decision.reasons] == ["keys_locked"]
    assert "unlock the keys" in proposal.decision.reasons[0].text
    assert (await follow(rig, proposal))[0].finish is Finish.FAILED
    assert not rig.cloud.requests
    rig.town.shut = False
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.ALLOW


PHONE = "+49 151 23456789"


def body_of(rig: Rig, text: str, parent: str, choice: Choice) -> str:
    """What would leave now, in the order of the conversation."""
    proposal = rig.engine.propose(prompt(text, parent), CLOUD.id, choice=choice)
    assert proposal.considered is not None
    return proposal.considered.departure.outgoing.body.decode()


async def sent(rig: Rig, text: str, parent: str | None, choice: Choice) -> tuple[str, str]:
    """A turn in the cloud; returns the reply's id and words."""
    proposal = rig.engine.propose(prompt(text, parent), CLOUD.id, choice=choice)
    await rig.engine.grant(proposal, ONCE, "key o")
    record, events = await follow(rig, proposal)
    return next(event.reply for event in events if isinstance(event, Asked)), record.reply


@pytest.mark.parametrize("later", [ScanVerdict.WARN, ScanVerdict.BLOCK, None])
async def test_a_placeholder_of_what_stayed_is_never_put_back(later: ScanVerdict | None) -> None:
    asks = "A haiku. ⟦secret-1⟧ ⟦phone-1⟧ ⟦card-1⟧"
    rig = Rig(cloud=CloudScripted(pieces=(asks,)))
    private = f"my password is Tr0ub4dor&3xq, call {PHONE}, card {CARD}"
    stayed = await local(rig, private, None, Label.LOCAL_ONLY)
    without = Choice(leave_out=True)
    reply, words = await sent(rig, "Write a haiku", stayed, without)
    assert words == asks
    body = body_of(rig, "Another", reply, replace(without, keep_back=later))
    assert not [part for part in ("Tr0ub4dor", PHONE, CARD) if part in body]


@pytest.mark.parametrize("later", [ScanVerdict.BLOCK, None])
async def test_what_was_kept_back_and_put_back_is_kept_back_again(
    later: ScanVerdict | None,
) -> None:
    rig = Rig(cloud=CloudScripted(pieces=("I would call ⟦phone-1⟧",)))
    reply, words = await sent(rig, f"Whom do I call? {PHONE}", None, Choice())
    assert words == f"I would call {PHONE}"
    body = body_of(rig, f"And {PHONE} again?", reply, Choice(later))
    assert PHONE not in body
    assert body.count("⟦phone-1⟧") == 3


async def test_what_was_found_in_a_text_that_stays_is_kept_back_whatever_is_chosen() -> None:
    rig = Rig()
    stayed = await local(rig, f"call {PHONE} in secret", None, Label.LOCAL_ONLY)
    body = body_of(rig, f"whose is {PHONE}?", stayed, Choice(None, leave_out=True))
    assert body.endswith("user:whose is ⟦phone-1⟧?")
    other = body_of(rig, "whose is +49 151 98765432?", stayed, Choice(None, leave_out=True))
    assert "98765432" in other

"""A summary never goes to the cloud: what leaves are the messages themselves, as the sheet shows them."""

from collections.abc import Sequence

from assistant.domain.prompt import Summary
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from tests.conversation.border_doubles import CLOUD, Rig, follow, local, prompt

SECRET = "a summary that stays here"


async def test_the_messages_leave_and_the_summary_stays() -> None:
    rig = Rig()
    first = await local(rig, "What is blue?", None)
    second = await local(rig, "And what is green?", first)
    made = Summary("s1", "talk", first, SECRET, Label.PUBLIC, "cpu", 0)
    await rig.engine.compact(made)
    await local(rig, "And red?", second)
    assert SECRET in str(rig.local.requests[-1].messages)

    proposal = rig.engine.propose(prompt("And white?", second), CLOUD.id)
    assert proposal.considered is not None
    departure = proposal.considered.departure
    texts = [one.text for one in departure.leaves]
    assert [text for text in texts if text.endswith("?")] == [
        "What is blue?",
        "And what is green?",
        "And white?",
    ]
    assert SECRET.encode() not in departure.outgoing.body
    await rig.engine.grant(proposal, Terms(Span.ONCE), "key o")
    await follow(rig, proposal)
    [request] = rig.cloud.requests
    assert SECRET not in str(request.messages)


async def test_the_journal_is_not_even_asked_for_it() -> None:
    rig = Rig()
    first = await local(rig, "What is blue?", None)

    def refuse(conversation: str, path: Sequence[str]) -> Summary | None:
        raise AssertionError(f"asked for {conversation} {path}")

    rig.journal.summary = refuse  # type: ignore[method-assign]
    proposal = rig.engine.propose(prompt("And white?", first), CLOUD.id)
    await rig.engine.grant(proposal, Terms(Span.ONCE), "key o")
    record, _ = await follow(rig, proposal)
    assert record.reply == "Hello"

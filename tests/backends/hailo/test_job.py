"""One request, planned: the same values give the same bytes, and nothing of the conversation is lost."""

import json

from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.hailo.job import Known, plan
from assistant.backends.hailo.notebook import Memory
from assistant.backends.hailo.wire import escaped
from assistant.domain.hat_facts import Dialect
from assistant.domain.places import Address
from assistant.domain.prompt import ChatMessage, Role, Sampling
from assistant.ports import Generation
from tests.backends.hailo.server_rig import SYSTEM, said, user

HERE = Address("127.0.0.1", 8000)
texts = st.text(st.characters(exclude_categories=["Cs"]))
talks = st.lists(st.builds(ChatMessage, st.sampled_from([Role.USER, Role.ASSISTANT]), texts))


def known(
    dialect: Dialect = Dialect.V5_1, memory: Memory | None = None, *held: ChatMessage
) -> Known:
    return Known(HERE, "m:1.5b", dialect, memory or Memory("m:1.5b", 0, True, True), held)


def request(*messages: ChatMessage, max_tokens: int | None = None) -> Generation:
    return Generation("t1", "c1", messages, Sampling(max_tokens=max_tokens))


@given(talks, st.sampled_from(Dialect), st.integers(0, 20), st.booleans())
def test_what_is_sent_is_the_conversation_after_a_system_message(
    talk: list[ChatMessage], dialect: Dialect, wording: int, sure: bool
) -> None:
    memory = Memory("m:1.5b", wording, sure, True)
    job = plan(request(*talk), known(dialect, memory))
    assert job.outgoing == plan(request(*talk), known(dialect, memory)).outgoing
    assert (job.outgoing.address, job.outgoing.target) == (HERE, "/api/chat")
    sent = json.loads(job.outgoing.body)["messages"]
    shown = [m.text if dialect is not Dialect.V5_3 else escaped(m.text) for m in talk]
    assert [m["content"] for m in sent[1:]] == shown
    assert sent[0]["role"] == "system"
    assert sent[0]["content"].strip()


@given(talks, st.none() | st.integers(0, 5000))
def test_prompt_and_reply_fit_the_window(talk: list[ChatMessage], wished: int | None) -> None:
    job = plan(request(*talk, max_tokens=wished), known())
    limit = json.loads(job.outgoing.body)["options"]["num_predict"]
    assert limit == 1 or job.tokens + limit <= 2048
    assert wished is None or limit <= max(1, wished)


def test_only_what_is_surely_held_need_not_be_read() -> None:
    talk = (SYSTEM, user("hello"), said("yes"))
    sure, unsure = Memory("m:1.5b", 0, True, True), Memory("m:1.5b", 0, False, True)
    assert plan(request(*talk, user("more")), known(Dialect.V5_1, sure, *talk)).cached > 0
    assert plan(request(*talk, user("more")), known(Dialect.V5_1, unsure, *talk)).cached == 0
    assert plan(request(*talk), known(Dialect.V5_1, sure, *talk)).cached == 0
    other = (SYSTEM, user("other"), said("no"), user("more"))
    assert plan(request(*other), known(Dialect.V5_1, sure, *talk)).cached == 0


def test_something_is_always_new() -> None:
    held = (ChatMessage(Role.SYSTEM, "How to answer: Be brief."), user("hello"), said("yes"))
    memory = Memory("m:1.5b", 4, True, True)
    job = plan(request(SYSTEM, *held[1:], user("x")), known(Dialect.V5_1, memory, *held))
    assert 0 < job.cached < job.tokens

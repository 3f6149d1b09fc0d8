"""What a send costs at most rests on no estimate: whatever a text is made of, it has no more tokens than its request has bytes."""

import base64
import random
from collections.abc import Sequence

import pytest

from assistant.backends.remote.estimate import Estimate
from assistant.backends.remote.wire import anthropic, openai
from assistant.backends.remote.wire.pieces import encoded
from assistant.domain.cloud_routes import Dialect
from assistant.domain.departure import most_tokens
from assistant.domain.permit import Outgoing
from assistant.domain.prompt import ChatMessage, Role, Sampling

TEMPLATE_TOKENS = 8
"""What no template puts more of around one message."""
NOISE = random.Random(7)
DENSE = [
    base64.b64encode(NOISE.randbytes(4000)).decode(),
    "".join(NOISE.choice("0123456789") for _ in range(4000)),
    "".join(NOISE.choice("!@#$%^&*()[]{};:,.<>?/|~`") for _ in range(4000)),
    "👩‍👩‍👧‍👦" * 200,
    "ok",
    "",
]


def bodies(messages: Sequence[ChatMessage]) -> list[bytes]:
    """The same on both wires."""
    return [
        encoded(openai.cloud_body("m", messages, Sampling(), Dialect.PLAIN)),
        encoded(anthropic.cloud_body("m", messages, Sampling())),
    ]


@pytest.mark.parametrize("text", DENSE)
def test_the_bound_holds_where_each_byte_is_a_token(text: str) -> None:
    roles = [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]
    messages = [ChatMessage(role, text or "-") for role in roles]
    worst = sum(len(m.text.encode()) + TEMPLATE_TOKENS for m in messages)
    for body in bodies(messages):
        assert most_tokens(Outgoing(None, "/x", body)) >= worst


def test_a_server_that_counts_few_tokens_lowers_the_estimate_and_not_the_bound() -> None:
    messages = [ChatMessage(Role.USER, DENSE[0])]
    estimate, [body, _] = Estimate(), bodies(messages)
    before = estimate.tokens(messages)
    estimate.learn(messages, 1)
    assert estimate.tokens(messages) < before < most_tokens(Outgoing(None, "/x", body))

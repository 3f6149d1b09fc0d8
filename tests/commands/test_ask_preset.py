"""`assistant ask --preset`: one reply made as a preset says, and a name that there is none of."""

import json
from collections.abc import Iterator

import pytest

from tests.commands.rig import KEY, ROUTE, Shell, Town, beside, set_up
from tests.standins.cloud import Cloud


@pytest.fixture
def town(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    shell = Shell(capsys, monkeypatch)
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        set_up(shell, cloud.port)
        yield Town(shell, cloud)


def test_a_preset_is_what_the_reply_is_made_with(town: Town) -> None:
    conversation, _ = town.grant()
    ask = ("ask", "--route", ROUTE, "--conversation", conversation)
    done = town.shell(*ask, "--preset", "precise", "Say hello.")
    assert done.code == 0, done.err
    assert town.shell(*ask, "--preset", "precise", "--temperature", "1.5", "Again.").code == 0
    sent = [json.loads(request.body)["temperature"] for request in town.cloud.requests]
    assert sent == [0.2, 1.5]
    none = town.shell(*ask, "--preset", "warm", "Hello.")
    assert none.code == 2
    assert "there is no preset 'warm' (known: precise, balanced" in none.err
    assert len(town.cloud.requests) == 2

"""What goes wrong with hailo-ollama, in words that tell a person what to do."""

import pytest

from assistant.backends.hailo.troubles import complained, failed, too_slow
from assistant.domain.errors import EngineError, ModelError, ServerError, ServerFault
from assistant.domain.hat_facts import Dialect
from assistant.domain.places import Address

HERE = Address("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("model 'm:1b' not found", ModelError, "no model m:1b"),
        ("Failed to create VDevice", EngineError, "another program has the HAT"),
        ("Failed to create LLM", EngineError, "could not load m:1b"),
        ("LLM not loaded", EngineError, "could not load m:1b"),
        ("Failed to write prompt", EngineError, "gave up: Failed to write prompt"),
    ],
)
def test_what_the_server_says(said: str, kind: type[EngineError], words: str) -> None:
    error = complained(said, "m:1b")
    assert type(error) is kind
    assert words in error.message
    assert error.hint


@pytest.mark.parametrize("began", [True, False])
@pytest.mark.parametrize("fault", ServerFault)
def test_how_the_server_fails(fault: ServerFault, began: bool) -> None:
    error = failed(ServerError("x", "y", fault), HERE, Dialect.V5_3, began=began, silent_s=120)
    assert error.fault is fault
    assert error.hint
    if fault is ServerFault.UNREACHABLE:
        assert error.message == "hailo-ollama does not answer at 127.0.0.1:8000"
        assert error.hint == "OLLAMA_HOST=127.0.0.1:8000 hailo-ollama"
    if fault in (ServerFault.CUT, ServerFault.SILENT):
        assert ("in the middle of the reply" in error.message) == began


def test_too_slow_says_what_may_pass() -> None:
    assert "about 1,300 tokens" in too_slow(1300, 650).message
    assert "the limit is now 650" in too_slow(1300, 650).message

"""What went wrong with hailo-ollama, as errors that a person can act on; pure."""

from assistant.domain.errors import (
    AssistantError,
    EngineError,
    ModelError,
    PromptTooSlowError,
    ServerError,
    ServerFault,
)
from assistant.domain.hat_facts import Dialect
from assistant.domain.hat_remedies import pull, run_again, run_server
from assistant.domain.hygiene import one_line
from assistant.domain.places import Address


def is_busy(said: str) -> bool:
    """Whether another program has the device (HailoRT's status 74)."""
    return "VDevice" in said


def is_too_slow(said: str) -> bool:
    """Whether the first token did not come within HailoRT's ten seconds."""
    return "read failed" in said


def is_unknown_model(said: str) -> bool:
    """Whether the server has no such model: then it has touched nothing."""
    return said.startswith("model ") and said.endswith("not found")


def complained(said: str, model: str) -> AssistantError:
    """The error for what the server said."""
    if is_unknown_model(said):
        return ModelError(f"hailo-ollama has no model {one_line(model)}", pull(model))
    if is_busy(said):
        return EngineError(
            f"another program has the HAT ({said})",
            "assistant doctor names it; end it and send again",
        )
    if "LLM" in said:
        return EngineError(
            f"the HAT could not load {one_line(model)} ({said})",
            "send again; if it stays so: assistant doctor",
        )
    return EngineError(
        f"hailo-ollama gave up: {said}", "send again; if it stays so: assistant doctor"
    )


def too_slow(tokens: int, limit: int) -> PromptTooSlowError:
    """The error for a prompt of `tokens` that was not read in time, where one of `limit` may be."""
    return PromptTooSlowError(
        f"the HAT did not read about {tokens:,} tokens within the server's ten seconds; the limit is now {limit:,}",
        "send again with less, or use another route",
    )


def failed(
    error: ServerError, address: Address, dialect: Dialect, *, began: bool, silent_s: float
) -> ServerError:
    """`error` in words that fit hailo-ollama; `began` where some of the reply had come."""
    restart = f"send again; if it stays so: {run_again(dialect)}"
    match error.fault:
        case ServerFault.UNREACHABLE:
            said, hint = f"hailo-ollama does not answer at {address}", run_server(dialect)
        case ServerFault.SILENT if began:
            said, hint = "hailo-ollama fell silent in the middle of the reply", restart
        case ServerFault.SILENT:
            said = f"hailo-ollama gave no answer within {silent_s:.0f} seconds"
            hint = f"another program may be using it; {restart}"
        case ServerFault.CUT if began:
            said, hint = "hailo-ollama broke off in the middle of the reply", restart
        case ServerFault.CUT:
            said, hint = "hailo-ollama closed the connection without an answer", restart
        case _:
            return error
    return ServerError(said, hint, error.fault)

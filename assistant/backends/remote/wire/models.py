"""What the name of a model tells of the requests that it takes: newer ones refuse what the wire still has a place for."""

import re

from assistant.domain.prompt import Sampling

# gpt-5 and later, o1 and later (a provider may put its own name before it: `openai/gpt-5`, `openai.gpt-5`).
_REASONS = re.compile(r"(?:^|[./:])(?:o[1-9]|gpt-(?:[5-9]|1\d))(?![0-9a-z])")
_CLAUDE = re.compile(r"(?:^|[./:])claude-")
_CLAUDE_VERSION = re.compile(r"claude-(?:[a-z]+-|v)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_LAST_CLAUDE_WITH_SAMPLING = (4, 6)
_KNOWN_TO_SAMPLE = re.compile(r"gpt-?[34]")


def reasons(model: str) -> bool:
    """Whether it is one of OpenAI's reasoning models: no `max_tokens`, no sampling but the default, no stop texts."""
    return _REASONS.search(model.lower()) is not None


def sampled(model: str, sampling: Sampling, *, own_name: bool = False) -> dict[str, object]:
    """The sampling that `model` takes. With `own_name` a person named it, and what is not known to take any gets none.

    Claude takes a temperature without `top_p` up to 4.6, and later neither; a Claude whose version is not known gets none.
    """
    name = model.lower()
    if reasons(name) or (own_name and not _KNOWN_TO_SAMPLE.search(name)):
        return {}
    if not _CLAUDE.search(name):
        return {"temperature": sampling.temperature, "top_p": sampling.top_p}
    found = _CLAUDE_VERSION.search(name)
    version = (int(found[1]), int(found[2] or 0)) if found else None
    if version is None or version > _LAST_CLAUDE_WITH_SAMPLING:
        return {}
    return {"temperature": min(sampling.temperature, 1.0)}

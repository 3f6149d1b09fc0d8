"""What it means when a provider says no: one clear error for each trouble, in the provider's words made harmless."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from assistant.backends.remote.wire.pieces import Told
from assistant.backends.remote.wire.waits import in_words
from assistant.domain.errors import AssistantError, PromptTooLongError, ServerError, ServerFault
from assistant.domain.hygiene import one_line

_WORDS_WIDTH = 200


class Trouble(Enum):
    """Why there is no reply."""

    KEY = auto()
    FORBIDDEN = auto()
    FUNDS = auto()
    MISSING = auto()
    LONG = auto()
    LARGE = auto()
    FILTERED = auto()
    BUSY = auto()
    OVERLOADED = auto()
    SLOW = auto()
    BROKEN = auto()
    ODD = auto()


# What a code says goes before the status: 429 and 400 stand for several troubles.
_CODES = {
    Trouble.FUNDS: "insufficient_quota billing_error billing_hard_limit_reached billing_not_active enforced_spend_limit_reached",
    Trouble.FILTERED: "content_filter responsibleaipolicyviolation content_policy_violation",
    Trouble.LONG: "context_length_exceeded string_above_max_length",
    Trouble.KEY: "authentication_error invalid_api_key api_key_invalid unauthenticated unauthorized",
    Trouble.FORBIDDEN: "permission_error permission_denied accessdeniedexception unsupported_country_region_territory",
    Trouble.MISSING: "not_found_error model_not_found deploymentnotfound not_found resourcenotfoundexception",
    Trouble.LARGE: "request_too_large",
    Trouble.OVERLOADED: "overloaded_error unavailable serviceunavailableexception",
    Trouble.BUSY: "rate_limit_error rate_limit_exceeded too_many_requests resource_exhausted throttlingexception",
    Trouble.SLOW: "timeout_error deadline_exceeded timeout",
    Trouble.BROKEN: "api_error server_error internal internal_server_error",
}
_BY_CODE = {code: trouble for trouble, codes in _CODES.items() for code in codes.split()}
_FIRST = (Trouble.FUNDS, Trouble.FILTERED, Trouble.LONG)
_BY_STATUS = {
    401: Trouble.KEY,
    402: Trouble.FUNDS,
    403: Trouble.FORBIDDEN,
    404: Trouble.MISSING,
    408: Trouble.SLOW,
    413: Trouble.LARGE,
    429: Trouble.BUSY,
    502: Trouble.OVERLOADED,
    503: Trouble.OVERLOADED,
    504: Trouble.SLOW,
    529: Trouble.OVERLOADED,
}
# Looked for only where the request itself was refused, since each provider says the same with other words.
_BY_WORDS = (
    (
        Trouble.FUNDS,
        r"credit balance|insufficient (funds|credits?|quota|balance)|spend(ing)? limit",
    ),
    (Trouble.KEY, r"api key not valid|invalid api key"),
    (
        Trouble.LONG,
        r"prompt is too long|input is too long|exceeds? (the )?context|context (length|size|window)"
        r"|too large for model|token count .{0,40}exceeds the maximum|maximum number of tokens allowed",
    ),
)
_WORDED = (None, 400, 413, 422)


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose trouble it is: the `name` that errors call it, and the `route` whose key it was asked with."""

    name: str
    route: str


def trouble_of(status: int | None, told: Told) -> Trouble:
    """What a `status` (None: an error inside a stream) and an error object together mean."""
    known = [_BY_CODE[code] for code in told.codes if code in _BY_CODE]
    first = next((trouble for trouble in known if trouble in _FIRST), None)
    if first is not None:
        return first
    if status in _WORDED:
        for trouble, words in _BY_WORDS:
            if re.search(words, told.words[:4000], re.IGNORECASE):
                return trouble
    if status is None:
        # Routers and Google put the status among the codes.
        statuses = [int(code) for code in told.codes if code.isdecimal() and len(code) == 3]
        status = next((each for each in statuses if each >= 400), None)
    by_status = _BY_STATUS.get(status or 0)
    if by_status is not None:
        return by_status
    return known[0] if known else _rest(status)


def _rest(status: int | None) -> Trouble:
    return Trouble.BROKEN if status is None or status >= 500 else Trouble.ODD


_SAYS = {
    Trouble.KEY: "does not take the key",
    Trouble.FORBIDDEN: "does not allow this with this key",
    Trouble.FUNDS: "says that the account's credit or limit is used up",
    Trouble.MISSING: "has no such model or address",
    Trouble.LONG: "calls the prompt too long",
    Trouble.LARGE: "takes no request of this size",
    Trouble.FILTERED: "refused the prompt: its content filter",
    Trouble.BUSY: "takes no more requests for now",
    Trouble.OVERLOADED: "is overloaded",
    Trouble.SLOW: "gave up waiting for its model",
    Trouble.BROKEN: "failed",
    Trouble.ODD: "does not take this request",
}
_HINTS = {
    Trouble.FUNDS: "look at the account's billing page",
    Trouble.MISSING: "is the model's name right? assistant routes list",
    Trouble.LONG: "shorten it, or begin a new conversation",
    Trouble.LARGE: "shorten it, or begin a new conversation",
    Trouble.FILTERED: "ask otherwise",
    Trouble.BUSY: "try again in a while",
    Trouble.OVERLOADED: "try again in a while",
    Trouble.SLOW: "send again",
    Trouble.BROKEN: "send again",
    Trouble.ODD: "another model of this route may take it",
}
_WAITABLE = (Trouble.BUSY, Trouble.OVERLOADED, Trouble.SLOW, Trouble.BROKEN)


def failure(
    provider: Provider, status: int | None, told: Told, wait_s: float | None = None
) -> AssistantError:
    """The error for a person. `status` None: it came inside a stream; `wait_s`: how long the provider wants one to wait.

    Nothing in it is sent again by itself: the bytes were agreed to for one send.
    """
    trouble = trouble_of(status, told)
    message = f"{provider.name} {_SAYS[trouble]}{_quoted(status, told)}"
    if trouble in (Trouble.KEY, Trouble.FORBIDDEN):
        hint = f"is the key right, and good for this? assistant routes key {provider.route}"
    elif trouble in _WAITABLE and wait_s is not None:
        hint = f"try again in {in_words(wait_s)}"
    else:
        hint = _HINTS[trouble]
    if trouble is Trouble.LONG:
        return PromptTooLongError(message, hint)
    fault = ServerFault.SILENT if trouble is Trouble.SLOW else ServerFault.BROKEN
    return ServerError(message, hint, fault)


def _quoted(status: int | None, told: Told) -> str:
    words = one_line(told.words, _WORDS_WIDTH)
    through = f", through {one_line(told.provider, 40)}" if told.provider else ""
    number = f" (status {status})" if status is not None else ""
    return f": {words}{through}{number}" if words else f"{through}{number}"

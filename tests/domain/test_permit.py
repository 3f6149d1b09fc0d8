"""A permit opens once, for the route, the address and the bytes that it was given for, and not for long."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.control import Control, ControlPermit
from assistant.domain.errors import RefusedError
from assistant.domain.permit import Origin, Outgoing, Permit, Turnstile
from assistant.domain.places import Address, Place, Route, loopback_address
from assistant.domain.policy import decide
from assistant.domain.secret import Auth
from assistant.domain.sensitivity import Label

ROUTE = Route("hat", Place.THIS_MACHINE, "hailo-ollama", "qwen")
ADDRESS = Address("127.0.0.1", 8000)
OUTGOING = Outgoing(ADDRESS, "/api/chat", b"body")
PERMIT = Permit("p", "hat", decide("d", ROUTE, Label.NORMAL), ADDRESS, OUTGOING.digest, 100)


def test_a_permit_passes_once() -> None:
    gate = Turnstile()
    gate.pass_permit(PERMIT, ROUTE, OUTGOING, 99)
    with pytest.raises(RefusedError, match="has been used"):
        gate.pass_permit(PERMIT, ROUTE, OUTGOING, 99)


def test_a_used_permit_is_remembered_while_it_lives_whatever_came_in_between() -> None:
    gate = Turnstile()
    gate.pass_once("a", 100, 1)
    gate.pass_once("b", 50, 2)
    gate.pass_once("c", 100, 50)
    for used in ("a", "c"):
        with pytest.raises(RefusedError, match="has been used"):
            gate.pass_once(used, 100, 99)


def test_another_permit_for_the_same_bytes_passes_too() -> None:
    gate = Turnstile()
    gate.pass_permit(PERMIT, ROUTE, OUTGOING, 1)
    gate.pass_permit(replace(PERMIT, id="q"), ROUTE, OUTGOING, 1)


def test_a_payload_is_all_that_leaves_and_its_digest_hangs_on_each_part() -> None:
    sent = Outgoing(ADDRESS, "/v1/messages", b"body", (("a", "1"), ("b", "2")), Auth.X_API_KEY)
    assert sent.payload == b"/v1/messages\na: 1\nb: 2\nbody"
    assert OUTGOING.payload == b"/api/chat\nbody"
    assert sent.digest == hashlib.sha256(sent.payload).hexdigest()
    others = [replace(sent, headers=()), replace(sent, body=b"x"), replace(sent, target="/")]
    assert len({sent.digest, *(other.digest for other in others)}) == 4
    assert replace(sent, auth=Auth.NONE).digest == sent.digest


@pytest.mark.parametrize(
    ("route", "outgoing", "now_ms", "said"),
    [
        (replace(ROUTE, id="cpu"), OUTGOING, 1, "the permit is for hat, not for cpu"),
        (ROUTE, replace(OUTGOING, address=None), 1, "the permit is for another address"),
        (ROUTE, replace(OUTGOING, body=b""), 1, "the permit is for another text"),
        (ROUTE, OUTGOING, 100, "the permit has expired"),
        (ROUTE, OUTGOING, 0, "the permit has been used"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_do(
    route: Route, outgoing: Outgoing, now_ms: int, said: str
) -> None:
    gate = Turnstile()
    if not now_ms:
        gate.pass_permit(PERMIT, ROUTE, OUTGOING, 0)
    with pytest.raises(RefusedError) as refused:
        gate.pass_permit(PERMIT, route, outgoing, now_ms)
    assert (refused.value.message, refused.value.hint) == (said, "send the message again")


def test_an_expired_permit_does_not_pass() -> None:
    with pytest.raises(RefusedError, match="expired"):
        Turnstile().pass_permit(PERMIT, ROUTE, OUTGOING, 100)


@pytest.mark.parametrize(
    ("route", "outgoing", "said"),
    [
        (replace(ROUTE, id="cpu"), OUTGOING, "for hat, not for cpu"),
        (ROUTE, replace(OUTGOING, address=Address("127.0.0.1", 8001)), "another address"),
        (ROUTE, replace(OUTGOING, address=Address("127.0.0.1", 8000, secure=True)), "address"),
        (ROUTE, replace(OUTGOING, address=None), "another address"),
        (ROUTE, replace(OUTGOING, body=b"body "), "another text"),
        (ROUTE, replace(OUTGOING, target="/api/generate"), "another text"),
    ],
)
def test_for_anything_else_it_does_not_pass_and_is_not_spent(
    route: Route, outgoing: Outgoing, said: str
) -> None:
    gate = Turnstile()
    with pytest.raises(RefusedError, match=said):
        gate.pass_permit(PERMIT, route, outgoing, 1)
    gate.pass_permit(PERMIT, ROUTE, OUTGOING, 1)


@given(
    st.fixed_dictionaries({name: st.integers(1, 9) for name in "abc"}),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9))),
)
def test_whatever_comes_no_living_permit_passes_twice(
    ends: dict[str, int], tries: list[tuple[str, int]]
) -> None:
    """A permit ends when it was made to: there are no two of one name."""
    gate, passed = Turnstile(), []
    now_ms = 0
    for name, wait_ms in tries:
        now_ms += wait_ms
        try:
            gate.pass_once(name, ends[name], now_ms)
        except RefusedError:
            continue
        assert now_ms < ends[name]
        passed.append(name)
    assert len(passed) == len(set(passed))


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "PUT"},
        {"target": "api/tags"},
        {"method": "GET", "body": b"x"},
        {"most_bytes": 0},
    ],
)
def test_a_control_permit_is_for_plain_requests_alone(wrong: dict[str, object]) -> None:
    fine = ControlPermit("c", Control.LOOK, ADDRESS, "POST", "/api/show", b"", 100, 1)
    with pytest.raises(RefusedError):
        replace(fine, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:8000", Address("127.0.0.1", 8000)),
        (" localhost:1 ", Address("localhost", 1)),
        ("[::1]:8000", Address("::1", 8000)),
        ("192.168.1.4:8000", None),
        ("127.0.0.1", None),
        ("127.0.0.1:0", None),
        ("127.0.0.1:99999", None),
        ("evil.example:8000", None),
        ("", None),
    ],
)
def test_only_addresses_of_this_machine_are_its_own(text: str, found: Address | None) -> None:
    assert loopback_address(text) == found


def test_an_address_as_it_is_written() -> None:
    assert str(Address("::1", 80)) == "[::1]:80"
    assert Address("pi.local", 443, secure=True).url == "https://pi.local:443"


def test_what_a_reply_says_of_itself_later_goes_before_and_silence_takes_nothing_back() -> None:
    first, later = Origin("m", "one", "eu"), Origin("m2", "two", "us")
    assert first.then(later) == later
    assert first.then(Origin()) == first
    assert Origin().then(first) == first

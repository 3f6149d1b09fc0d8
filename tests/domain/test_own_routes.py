"""A person's own routes: which addresses may be written, what a declaration is bound to, and what never passes."""

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.decisions import Verdict
from assistant.domain.errors import RefusedError, UsageError
from assistant.domain.own_routes import (
    DECLARABLE,
    Declaration,
    OwnRoute,
    checked_id,
    checked_model,
    endpoint,
    is_near,
    refuse_cloud_name,
)
from assistant.domain.places import Place
from assistant.domain.policy import decide
from assistant.domain.sensitivity import Label

LAN = endpoint("http://192.168.1.20:8080/v1")
GPU = OwnRoute("gpu", LAN, "llama3.2:1b")
DAY = "2026-02-01"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("http://192.168.1.20:8080/v1", "http://192.168.1.20:8080/v1"),
        ("http://192.168.1.20:8080", "http://192.168.1.20:8080/v1"),
        ("http://192.168.1.20:8080/", "http://192.168.1.20:8080/v1"),
        ("HTTP://GPU.Local:8080/v1/", "http://gpu.local:8080/v1"),
        ("http://gpu/v1", "http://gpu:80/v1"),
        ("http://gpu./v1", "http://gpu:80/v1"),
        ("https://llm.example.com", "https://llm.example.com:443/v1"),
        ("https://8.8.8.8/api/v2", "https://8.8.8.8:443/api/v2"),
        ("http://10.0.0.1:1/v1/chat/completions", "http://10.0.0.1:1/v1"),
        ("http://[FD00::0:1]:8080", "http://[fd00::1]:8080/v1"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("http://[::ffff:10.0.0.1]:8080", "http://10.0.0.1:8080/v1"),
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://172.31.0.1", "http://172.31.0.1:80/v1"),
    ],
)
def test_an_address_has_one_form(written: str, read: str) -> None:
    assert endpoint(written).url == read
    assert endpoint(read).url == read


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("http://me:secret@192.168.1.20", "password"),
        ("http://me@192.168.1.20", "password"),
        ("https://good.example\\@192.168.1.20/", "password"),
        ("http://8.8.8.8", "read on the way"),
        ("http://172.32.0.1", "read on the way"),
        ("http://100.64.0.1", "read on the way"),
        ("http://llm.example.com", "read on the way"),
        ("http://evil.local.example.com", "read on the way"),
        ("http://[2001:db8::1]", "read on the way"),
        ("http://[::ffff:8.8.8.8]", "read on the way"),
        ("http://0.0.0.0", "not the address of one machine"),
        ("http://[::]", "not the address of one machine"),
        ("http://224.0.0.1", "not the address of one machine"),
        ("http://[fe80::1%25eth0]", "not the address of one machine"),
        ("http://134744072", "is no host"),
        ("http://0x7f.1", "is no host"),
        ("http://127.1", "is no host"),
        ("http://0177.0.0.1", "is no host"),
        ("http://-gpu", "is no host"),
        ("http://gpu..local", "is no host"),
        ("http://", "begins with"),
        ("gpu:8080", "begins with"),
        ("ftp://gpu", "begins with"),
        ("file:///etc/passwd", "begins with"),
        ("", "begins with"),
        ("http://gpu:99999", "port"),
        ("http://gpu:x", "port"),
        ("http://gpu:0", "port"),
        ("http://gpu/v1?key=1", r"after \?"),
        ("http://gpu/v1#x", r"after \?"),
        ("http://gpu/../admin", "no path"),
        ("http://gpu/a b", "spaces"),
        ("http://gp\tu/v1", "printable"),
        ("http://gpu/v1\n", "printable"),
        ("http://gpü/v1", "ASCII"),
        ("http://[gpu]/v1", "no address|no host"),
        ("http://[::1/v1", "no address"),
    ],
)
def test_what_is_no_address_is_refused(written: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        endpoint(written)
    assert "secret" not in str(caught.value)


@given(st.text() | st.text("htps:/@[]0.x19a%?#\\", min_size=8).map("http://".__add__))
def test_any_text_is_an_address_or_a_usage_error(written: str) -> None:
    try:
        found = endpoint(written)
    except UsageError:
        return
    assert endpoint(found.url) == found


@given(st.ip_addresses())
def test_plain_http_is_for_near_addresses_only(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    try:
        assert is_near(ipaddress.ip_address(endpoint(f"http://{host}").address.host))
    except UsageError:
        assert not is_near(address) or "%" in host


@pytest.mark.parametrize("name", ["", "-a", "A", "a_b", "a b", "cpu", "hat", "x" * 41, "ü"])
def test_ids_that_cannot_be(name: str) -> None:
    with pytest.raises(UsageError):
        checked_id(name)


@pytest.mark.parametrize("name", ["gpu", "a-1", "0", "x" * 40])
def test_ids_that_can_be(name: str) -> None:
    assert checked_id(name) == name


@pytest.mark.parametrize("model", ["", " m", "m\n", "\x1b[2J", "x" * 201, "a\u202eb"])
def test_models_that_cannot_be(model: str) -> None:
    with pytest.raises(UsageError):
        checked_model(model)


def test_an_undeclared_route_counts_as_the_cloud_and_never_passes() -> None:
    assert GPU.route.place is Place.CLOUD
    for label in Label:
        decision = decide("d", GPU.route, label)
        assert decision.verdict is Verdict.DENY
        assert decision.reasons[0].code == "undeclared"
    assert "assistant routes declare gpu" in GPU.why_undeclared


def test_a_declared_route_passes_for_what_may_leave_the_machine() -> None:
    own = GPU.declare(Place.THIS_NETWORK, DAY)
    assert own.why_undeclared == ""
    assert decide("d", own.route, Label.NORMAL).verdict is Verdict.ALLOW
    assert decide("d", own.route, Label.LOCAL_ONLY).verdict is Verdict.DENY


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"endpoint": endpoint("http://192.168.1.21:8080/v1")},
        {"endpoint": endpoint("http://192.168.1.20:8081/v1")},
        {"endpoint": endpoint("https://192.168.1.20:8080/v1")},
        {"endpoint": endpoint("http://192.168.1.20:8080/v2")},
    ],
)
def test_a_declaration_holds_for_what_was_declared_alone(change: dict[str, str]) -> None:
    own = replace(GPU.declare(Place.THIS_NETWORK, DAY), **change)  # type: ignore[arg-type]
    assert own.declared is None
    assert not own.route.declared
    assert DAY in own.why_undeclared


def test_another_window_leaves_the_declaration_alone() -> None:
    assert replace(GPU.declare(Place.THIS_NETWORK, DAY), context_tokens=9000).declared


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_loopback_can_be_this_machine(url: str) -> None:
    own = replace(GPU, endpoint=endpoint(url)).declare(Place.THIS_MACHINE, DAY)
    assert own.route.place is Place.THIS_MACHINE


@pytest.mark.parametrize(
    ("url", "place", "says"),
    [
        ("http://192.168.1.20", Place.THIS_MACHINE, "not an address of this machine"),
        ("http://gpu", Place.THIS_MACHINE, "not an address of this machine"),
        ("https://8.8.8.8", Place.THIS_NETWORK, "public address"),
        ("https://[2001:db8::1]", Place.THIS_NETWORK, "public address"),
        ("http://gpu", Place.CLOUD, "not as cloud"),
    ],
)
def test_what_cannot_be_declared(url: str, place: Place, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(GPU, endpoint=endpoint(url)).declare(place, DAY)


@given(st.sampled_from(Place), st.text(max_size=8), st.text(max_size=60))
def test_only_the_exact_statement_makes_a_route_local(place: Place, on: str, of: str) -> None:
    own = replace(GPU, declaration=Declaration(place, on, of))
    assert own.route.declared == (of == "http://192.168.1.20:8080/v1 llama3.2:1b")


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "minimax-m2:cloud", "X:1B-Cloud"])
def test_the_names_of_cloud_models(model: str) -> None:
    with pytest.raises(RefusedError):
        refuse_cloud_name(model)
    with pytest.raises(RefusedError):
        replace(GPU, model=model).declare(Place.THIS_NETWORK, DAY)


@pytest.mark.parametrize("model", ["cloud", "nimbus-cloudy", "cloud-7b", "llama3.2:1b"])
def test_names_that_only_sound_like_it(model: str) -> None:
    refuse_cloud_name(model)


def test_the_cloud_cannot_be_declared() -> None:
    assert Place.CLOUD not in DECLARABLE

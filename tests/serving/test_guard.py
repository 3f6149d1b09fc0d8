"""Who is let in to the screen in the browser."""

import argparse

import pytest

from assistant.commands import serve
from assistant.domain.errors import UsageError
from assistant.serving.guard import Guard, authority, is_loopback, is_name

HERE = Guard(frozenset({"127.0.0.1", "localhost", "::1"}))
EVERYWHERE = Guard(frozenset({"pi", "pi.local"}), any_address=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "::", "192.168.1.4", "pi.local", "", "localhost.example", "127.0.0.1.example"]
)  # fmt: skip
def test_everything_else_is_others(host: str) -> None:
    assert not is_loopback(host)


def test_an_authority_as_a_browser_writes_it() -> None:
    assert authority("127.0.0.1", 8017) == "127.0.0.1:8017"
    assert authority("::1", 8017) == "[::1]:8017"
    assert authority("localhost", 80) == "localhost"


def test_the_token_alone_is_the_token() -> None:
    other = Guard(HERE.names)
    assert HERE.knows(HERE.token)
    assert len(HERE.token) >= 43
    assert not any(
        HERE.knows(wrong) for wrong in (None, "", "ä", "\udcff\ud800", HERE.token[:-1], other.token)
    )
    assert HERE.token not in repr(HERE)


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("127.0.0.1:8017", True),
        ("LOCALHOST:8017", True),
        ("127.0.0.1:9000", True),
        ("[::1]:8017", True),
        ("localhost", True),
        ("evil.example:8017", False),
        ("192.168.1.5:8017", False),
        ("evil.example@localhost:8017", False),
        ("localhost:x", False),
        ("localhost/evil.example", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_another_name_is_somebody_elses_page(host: str, named: bool) -> None:
    assert HERE.named({"Host": host}) is named


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("192.168.1.5:8017", True),
        ("[fd00::5]:8017", True),
        ("PI.local:8017", True),
        ("evil.example:8017", False),
        ("192.168.1.5.evil.example:8017", False),
        ("", False),
    ],
)
def test_on_every_interface_an_address_in_figures_is_this_machine(host: str, named: bool) -> None:
    assert EVERYWHERE.named({"Host": host}) is named


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://127.0.0.1:8017", True),
        ("http://localhost:8017", False),
        ("https://127.0.0.1:8017", False),
        ("http://127.0.0.1:9000", False),
        ("http://evil.example", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_only_its_own_page_may_open_the_line(origin: str, own: bool) -> None:
    here = {"Host": "127.0.0.1:8017"}
    assert HERE.own_page({**here, "Origin": origin}) is own
    assert not HERE.own_page({"Host": "evil.example", "Origin": "http://evil.example"})
    assert not HERE.own_page(here)


@pytest.mark.parametrize("name", ["pi.home", "PI", "192.168.1.5"])
def test_a_name_stands_alone(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "pi.home:8000", "http://pi.home", "a@pi.home", "pi/home", "["]
)
def test_what_no_browser_would_say_is_no_name(name: str) -> None:
    assert not is_name(name)
    args = argparse.Namespace(host="127.0.0.1", port=0, name=[name], others="")
    with pytest.raises(UsageError, match="is no name of a machine"):
        serve.run(args)

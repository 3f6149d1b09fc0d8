"""`assistant routes` over a real file and servers on loopback: what it prints, what it asks, and its exit codes."""

import argparse
import json
import re

import pytest

from assistant.commands import routes
from assistant.domain.errors import AssistantError, RefusedError, ServerError, UsageError
from assistant.domain.places import Place
from assistant.storage import paths
from assistant.storage.routes import FILE, TomlRoutes
from tests.commands.rig import beside
from tests.standins.strangers import CLOUD_MODEL, LOCAL_MODEL, Stranger


def run(*argv: str) -> int:
    """One command, as the program runs it."""
    parser = argparse.ArgumentParser()
    routes.add_parser(parser.add_subparsers())
    args = parser.parse_args(["routes", *argv])
    return int(args.run(args))


def store() -> TomlRoutes:
    return TomlRoutes(paths.find().config / FILE)


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert run("list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["routes"]
    assert isinstance(rows, list)
    return rows


def test_without_any_it_says_how_to_add_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    assert "assistant routes add" in capsys.readouterr().out
    assert listed(capsys) == []


def test_a_server_is_added_declared_listed_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    with beside(Stranger(kind="ollama")) as server:
        assert run("add", "gpu", "--url", server.url, "--context", "8192") == 0
        heard = capsys.readouterr()
        assert f"gpu is added: {LOCAL_MODEL} at {server.url}/v1" in heard.out
        assert "nothing is sent to it yet: nobody has said where it runs" in heard.err
        asked = len(server.requests)
        [row] = listed(capsys)
        assert (row["state"], row["place"], row["declared_on"]) == ("off", "cloud", None)
        assert "assistant routes declare gpu" in str(row["why"])
        assert len(server.requests) == asked

        assert run("declare", "gpu", "--place", "this-network") == 0
        assert "your own statement" in capsys.readouterr().err
        [row] = listed(capsys)
        assert row == {
            "id": "gpu",
            "place": "this-network",
            "backend": "remote",
            "model": LOCAL_MODEL,
            "state": "ready",
            "why": f"Ollama at 127.0.0.1:{server.port} has it; declared by you",
            "url": f"{server.url}/v1",
            "context_tokens": 8192,
            "images": False,
            "declared_on": row["declared_on"],
        }
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(row["declared_on"]))
        assert run("list") == 0
        assert re.search(r"^gpu +this-network +ready ", capsys.readouterr().out)
        assert run("declare", "gpu", "--place", "this-machine", "--json") == 0
        assert json.loads(capsys.readouterr().out)["place"] == "this-machine"

    [row] = listed(capsys)
    assert row["state"] == "off"
    assert "cannot be reached" in str(row["why"])
    assert run("remove", "gpu") == 0
    assert listed(capsys) == []


def test_a_changed_address_or_model_drops_the_declaration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run("add", "gpu", "--url", "http://192.168.1.20", "--model", "a")
    run("declare", "gpu", "--place", "this-network")
    capsys.readouterr()
    assert run("add", "gpu", "--url", "http://192.168.1.20", "--model", "a") == 0
    assert "nothing is sent" not in capsys.readouterr().err
    assert store().find("gpu").route.declared
    assert run("add", "gpu", "--url", "http://192.168.1.20", "--model", "b") == 0
    heard = capsys.readouterr()
    assert "gpu is changed" in heard.out
    assert "not the one that was declared on" in heard.err
    assert not store().find("gpu").route.declared
    run("add", "gpu", "--url", "http://192.168.1.20", "--model", "a")
    assert store().find("gpu").route.place is Place.CLOUD


def test_with_several_models_one_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.backends.remote.scripted import Scripted, answer

    two = answer({"data": [{"id": "a"}, {"id": "b\x1b[2J"}]})
    with beside(Scripted({"GET /v1/models": two})) as server:
        url = f"http://127.0.0.1:{server.port}"
        with pytest.raises(UsageError, match="has 2 models: a, b") as caught:
            run("add", "gpu", "--url", url)
        assert "\x1b" not in str(caught.value)
        assert caught.value.hint == "name one with --model"
        assert store().load() == ()
        assert run("add", "gpu", "--url", url, "--model", "a") == 0
        capsys.readouterr()
        assert run("models", "gpu") == 0
        assert capsys.readouterr().out.splitlines()[0] == "a"
        assert run("models", "gpu", "--json") == 0
        assert json.loads(capsys.readouterr().out) == {"models": ["a", "b\x1b[2J"]}


def test_a_cloud_model_of_ollama_cannot_be_declared() -> None:
    with beside(Stranger(kind="ollama")) as server:
        run("add", "gpu", "--url", server.url, "--model", CLOUD_MODEL)
        with pytest.raises(RefusedError) as caught:
            run("declare", "gpu", "--place", "this-machine")
        assert caught.value.exit_code == 3
        assert server.requests == []


@pytest.mark.parametrize(
    ("argv", "kind", "code"),
    [
        (("add", "cpu", "--url", "http://gpu", "--model", "m"), UsageError, 2),
        (("add", "gpu", "--url", "http://me:pw@gpu", "--model", "m"), UsageError, 2),
        (("add", "gpu", "--url", "http://8.8.8.8", "--model", "m"), UsageError, 2),
        (("add", "gpu", "--url", "http://gpu", "--model", "m", "--context", "9"), UsageError, 2),
        (("add", "gpu", "--url", "http://127.0.0.1:1"), ServerError, 4),
        (("declare", "gpu", "--place", "this-network"), UsageError, 2),
        (("remove", "gpu"), UsageError, 2),
        (("models", "gpu"), UsageError, 2),
    ],
)
def test_what_is_refused_changes_nothing(
    argv: tuple[str, ...], kind: type[AssistantError], code: int
) -> None:
    with pytest.raises(kind) as caught:
        run(*argv)
    assert caught.value.exit_code == code
    assert not store().path.exists()


def test_the_place_is_one_of_three(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run("declare", "gpu", "--place", "moon")
    assert caught.value.code == 2
    assert "this-network" in capsys.readouterr().err

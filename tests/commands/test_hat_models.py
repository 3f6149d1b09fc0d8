"""`assistant models` with a HAT: over the stand-in of hailo-ollama, on a tree that has the device."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.storage.paths import Places
from assistant.storage.settings import TomlSettings
from tests.standins.hailo_process import Server, running
from tests.standins.machines import make

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(params=["5.1.1", "5.3.0", "5.4.0"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running("--profile", str(request.param), "--time-scale", "0.001") as server:
        yield server


@pytest.fixture
def run(
    server: Server,
    places: Places,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command on a Pi with a HAT, over the server; gives its code and what it printed."""
    for name, value in make(tmp_path, "h10_511").environment.items():
        monkeypatch.setenv(name, value)
    address = f'[hat]\naddress = "127.0.0.1:{server.port}"\n'
    places.settings_file.write_text(address)

    def run(*args: str) -> tuple[int, str, str]:
        code = main(["models", *args])
        return code, *capsys.readouterr()

    return run


def on_the_hat(run: Run) -> dict[str, tuple[bool, bool]]:
    """The HAT's models: installed, in use."""
    _, out, _ = run("list", "--json")
    models = json.loads(out)["hat"]["models"]
    return {model["name"]: (model["installed"], model["in_use"]) for model in models}


def test_list_pull_use_and_remove(run: Run, places: Places) -> None:
    before = on_the_hat(run)
    assert (True, True) in before.values()
    name = next(name for name, (installed, _) in before.items() if not installed)
    code, out, err = run("pull", f"hailo:{name}")
    assert (code, out) == (0, f"hailo:{name} is on the HAT\n")
    assert "receive" in err
    assert on_the_hat(run)[name][0]
    assert run("use", f"hailo:{name}")[0] == 0
    assert TomlSettings(places.settings_file).load().hat.model == name
    assert on_the_hat(run)[name] == (True, True)
    assert run("remove", f"hailo:{name}", "--yes")[0] == 0
    assert TomlSettings(places.settings_file).load().hat.model == ""
    assert on_the_hat(run)[name] == (False, False)


def test_an_unknown_model_is_refused_with_what_can_be_had(run: Run) -> None:
    code, out, err = run("pull", "hailo:nobody:1b")
    assert (code, out) == (4, "")
    assert all(name in err for name in list(on_the_hat(run))[:5])


def test_a_download_that_breaks_off_is_an_error(run: Run, server: Server) -> None:
    server.fault("pull-drop")
    name = next(name for name, (installed, _) in on_the_hat(run).items() if not installed)
    code, out, err = run("pull", f"hailo:{name}")
    assert (code, out) == (4, "")
    assert name in err


def test_where_the_server_is_gone_the_list_says_so_and_a_pull_how_to_mend_it(
    run: Run, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.kill()
    monkeypatch.setenv("ASSISTANT_SYSROOT", str(make(tmp_path, "h10_server_down").root))
    assert on_the_hat(run) == {}
    _, out, _ = run("list")
    assert "On the HAT: hailo-ollama is not running\n  what mends it: " in out
    code, _, err = run("pull", "hailo:qwen2:1.5b")
    assert code == 4
    assert "hailo-ollama is not running" in err


def test_without_a_server_the_models_on_this_disk_are_listed(run: Run, server: Server) -> None:
    server.kill()
    assert on_the_hat(run) == {"qwen2.5-instruct:1.5b": (True, True)}

"""`assistant models` over a real shelf: what it prints where, and its exit codes."""

import argparse
import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.commands import models as models_command
from assistant.domain.errors import UsageError
from assistant.domain.hat import Hat, HatState
from assistant.domain.hat_models import HatStock, stock
from assistant.domain.models import CatalogEntry, FetchProgress, FetchStage
from assistant.domain.settings import HatSettings, Settings
from assistant.ports import Fetched, HatModels
from assistant.storage.catalog import Catalog
from assistant.storage.models import ModelShelf
from assistant.storage.paths import Places
from tests.gguf_maker import tiny_gguf

MODEL = tiny_gguf()
TINY = CatalogEntry(
    id="tiny",
    name="Tiny",
    source="https",
    repository="org/tiny",
    file="tiny.gguf",
    size_bytes=98_000_000,
    sha256=None,
    package_sha256=None,
    licence="Some License",
    context_tokens=512,
    memory_bytes=500_000_000,
    parameters="1M",
    verified=False,
    licence_terms="not for sale",
)
LARGE = replace(TINY, id="large", memory_bytes=9_000_000_000)


class FakeFetcher:
    """Says how far it is, then puts the file down; or is interrupted."""

    def __init__(self, *, interrupted: bool = False, signal_sent: int = 0) -> None:
        self._interrupted = interrupted
        self._signal_sent = signal_sent
        self.ended = False

    async def fetch(
        self, entry: CatalogEntry, folder: Path
    ) -> AsyncGenerator[FetchProgress | Fetched]:
        """See ports.Fetcher."""
        for tenth in range(0, 11, 5):
            yield FetchProgress(FetchStage.RECEIVE, tenth * 10_000_000, 100_000_000, 5e6)
        if self._interrupted:
            raise KeyboardInterrupt
        if self._signal_sent:
            os.kill(os.getpid(), self._signal_sent)
            try:
                await asyncio.sleep(60)
            finally:
                self.ended = True
        path = folder / "tiny.part"
        path.write_bytes(MODEL)
        yield Fetched(path, "ab" * 32, "here")


def shelf(tmp_path: Path, fetcher: FakeFetcher | None = None) -> ModelShelf:
    catalog = Catalog("https://models.example", ("models.example",), TINY, (TINY, LARGE))
    made = fetcher or FakeFetcher()
    return ModelShelf(
        tmp_path / "models", lambda: catalog, {"https": lambda: made}, lambda: 2_000_000_000
    )


class FakeHat:
    """A HAT with one model, and one more that it can fetch; or none at all."""

    def __init__(self, state: HatState = HatState.READY) -> None:
        self.hat = Hat(state, (), (), "start it" if state is HatState.SERVER_DOWN else None, None)
        self.installed = ["small:1b"] if state is HatState.READY else []
        self.offered = ["small:1b", "big:3b"] if state is HatState.READY else []
        self.used = "small:1b"
        self.interrupted = False
        self.settings = Settings()

    async def look(self) -> HatStock:
        """See ports.HatModels."""
        return stock(self.hat, self.installed, self.offered, self.used)

    async def pull(self, name: str) -> AsyncGenerator[FetchProgress, None]:
        """See ports.HatModels."""
        for tenth in range(0, 11, 5):
            yield FetchProgress(FetchStage.RECEIVE, tenth * 10_000_000, 100_000_000)
        if self.interrupted:
            raise KeyboardInterrupt
        self.installed.append(name)
        yield FetchProgress(FetchStage.DONE, 100_000_000, 100_000_000)

    async def remove(self, name: str) -> None:
        """See ports.HatModels."""
        self.installed.remove(name)

    def use(self, name: str) -> Settings:
        """See ports.HatModels."""
        self.used = name
        return self.settings


def run(models: ModelShelf, *argv: str, hat: HatModels | None = None) -> int:
    parser = argparse.ArgumentParser()
    models_command.add_parser(parser.add_subparsers())
    args = parser.parse_args(["models", *argv])
    return int(args.act(args, models, hat or FakeHat(HatState.NONE)))


def test_an_empty_list_says_what_can_be_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shelf(tmp_path), "list") == 0
    out = capsys.readouterr().out
    assert "No model is installed." in out
    assert "Some License; not for sale; unverified" in out
    assert "too large" in out
    assert "Memory free now: 2.0 GB" in out
    assert "Advice for this machine: tiny" in out


def test_the_list_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = shelf(tmp_path)
    run(models, "pull", "tiny")
    capsys.readouterr()
    assert run(models, "list", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["available_bytes"] == 2_000_000_000
    assert report["advice"] == "tiny"
    assert [(m["id"], m["in_use"]) for m in report["installed"]] == [("tiny", True)]
    assert [m["fit"] for m in report["catalog"]] == ["fits", "too large"]


def test_pull_tells_the_licence_before_and_the_way_meanwhile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shelf(tmp_path), "pull", "tiny") == 0
    out, err = capsys.readouterr()
    assert out.startswith("tiny is here: Tiny, ")
    lines = err.splitlines()
    assert lines[0] == "Tiny: 98 MB from org/tiny, over HTTPS"
    assert lines[1] == "licence: Some License (not for sale)"
    assert lines[3] == "receive   50 %  50 MB of 100 MB  5.0 MB/s  10 s left"


def test_a_model_too_large_is_said_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(shelf(tmp_path), "pull", "large")
    assert "too large; it needs about 9.0 GB, 2.0 GB are free now" in capsys.readouterr().err


def test_a_stopped_pull_is_130(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = shelf(tmp_path, FakeFetcher(interrupted=True))
    assert run(models, "pull", "tiny") == 130
    assert "stopped" in capsys.readouterr().err
    assert models.installed() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_what_a_pull_started(tmp_path: Path, number: int) -> None:
    fetcher = FakeFetcher(signal_sent=number)
    # The tests themselves may run where it is ignored (nohup).
    before = signal.signal(number, signal.SIG_DFL)
    try:
        assert run(shelf(tmp_path, fetcher), "pull", "tiny") == 130
    finally:
        signal.signal(number, before)
    assert fetcher.ended


def test_an_unknown_model_is_a_usage_error(tmp_path: Path) -> None:
    for argv in (("pull", "no"), ("use", "no"), ("remove", "no", "--yes"), ("add", "no.gguf")):
        with pytest.raises(UsageError):
            run(shelf(tmp_path), *argv)


def test_add_use_and_remove(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = shelf(tmp_path)
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(tiny_gguf({"general.name": name}))
        assert run(models, "add", str(tmp_path / name)) == 0
    assert "linked, not copied" in capsys.readouterr().err
    assert run(models, "use", "b", "--json") == 0
    assert json.loads(capsys.readouterr().out)["in_use"] is True
    assert run(models, "remove", "b", "--yes") == 0
    assert capsys.readouterr().out.startswith("b is removed")
    assert [m.id for m in models.installed()] == ["a"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("named", "told"), [("a", True), ("b", False), ("", False)])
def test_use_says_where_the_settings_go_before(
    places: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str, told: bool
) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(tiny_gguf({"general.name": name}))
        assert main(["models", "add", str(tmp_path / name)]) == 0
    places.settings_file.write_text(f'[engine]\nmodel = "{named}"\n')
    assert main(["models", "use", "b"]) == 0
    assert ("the settings names a" in capsys.readouterr().err) == told


@pytest.mark.usefixtures("home")
def test_a_list_can_be_had_where_the_settings_are_broken(
    places: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.gguf").write_bytes(MODEL)
    assert main(["models", "add", str(tmp_path / "a.gguf")]) == 0
    places.settings_file.write_text("[engine\n")
    capsys.readouterr()
    assert main(["models", "list", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [model["id"] for model in json.loads(out)["installed"]] == ["a"]
    assert err.startswith("settings: ")
    assert main(["models", "use", "a"]) == 2


def test_remove_asks_a_person_and_nobody_else(tmp_path: Path) -> None:
    models = shelf(tmp_path)
    (tmp_path / "a.gguf").write_bytes(MODEL)
    run(models, "add", str(tmp_path / "a.gguf"))
    with pytest.raises(UsageError, match="--yes"):
        run(models, "remove", "a")
    assert len(models.installed()) == 1


def test_a_hostile_name_reaches_the_terminal_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = shelf(tmp_path)
    (tmp_path / "a.gguf").write_bytes(tiny_gguf({"general.name": "\x1b]0;x\x07"}))
    run(models, "add", str(tmp_path / "a.gguf"))
    run(models, "list")
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\x07" not in out + err


def test_the_list_names_the_hats_models_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shelf(tmp_path), "list", hat=FakeHat()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:6] == [
        "On the HAT: the Hailo-10H is ready",
        "* hailo:small:1b",
        "To be had for the HAT with: assistant models pull ID",
        "  hailo:big:3b",
    ]


def test_without_a_hat_the_list_does_not_speak_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(shelf(tmp_path), "list")
    run(shelf(tmp_path), "list", "--json")
    out = capsys.readouterr().out
    text, brace, report = out.partition("{")
    assert "HAT" not in text
    hat = json.loads(brace + report)["hat"]
    assert (hat["state"], hat["models"]) == ("none", [])


def test_a_hat_that_is_not_ready_is_said_with_what_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(shelf(tmp_path), "list", hat=FakeHat(HatState.SERVER_DOWN))
    assert capsys.readouterr().out.splitlines()[2:4] == [
        "On the HAT: hailo-ollama is not running",
        "  what mends it: start it",
    ]


def test_the_list_as_json_says_where_each_model_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(shelf(tmp_path), "list", "--json", hat=FakeHat())
    report = json.loads(capsys.readouterr().out)
    assert {model["on"] for model in report["catalog"]} == {"cpu"}
    assert report["hat"]["models"][0] == {
        "id": "hailo:small:1b",
        "name": "small:1b",
        "on": "hat",
        "installed": True,
        "in_use": True,
    }


def test_the_hats_models_are_pulled_used_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models, hat = shelf(tmp_path), FakeHat()
    assert run(models, "pull", "hailo:big:3b", hat=hat) == 0
    out, err = capsys.readouterr()
    assert out == "hailo:big:3b is on the HAT\n"
    assert "receive   50 %  50 MB of 100 MB" in err
    assert err.endswith("to let it answer: assistant models use hailo:big:3b\n")
    assert run(models, "use", "hailo:big:3b", "--json", hat=hat) == 0
    assert json.loads(capsys.readouterr().out)["in_use"] is True
    assert hat.used == "big:3b"
    with pytest.raises(UsageError, match="--yes"):
        run(models, "remove", "hailo:big:3b", hat=hat)
    assert run(models, "remove", "hailo:big:3b", "--yes", hat=hat) == 0
    assert hat.installed == ["small:1b"]


def test_use_says_where_the_hat_is_not_to_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hat = FakeHat()
    hat.settings = Settings(hat=HatSettings(use=False))
    assert run(shelf(tmp_path), "use", "hailo:small:1b", hat=hat) == 0
    assert "hat.use is off" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["use", "remove"])
def test_what_the_hat_does_not_have_is_a_usage_error(tmp_path: Path, action: str) -> None:
    for name in ("hailo:big:3b", "hailo:none"):
        with pytest.raises(UsageError, match="the HAT has no model"):
            run(shelf(tmp_path), action, name, hat=FakeHat())


def test_a_stopped_pull_to_the_hat_begins_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hat = FakeHat()
    hat.interrupted = True
    assert run(shelf(tmp_path), "pull", "hailo:big:3b", hat=hat) == 130
    assert "begins anew" in capsys.readouterr().err


def test_a_model_of_another_program_is_listed_used_and_left_alone(
    places: Places, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert places.models.parent.is_dir()
    lies = home / ".lmstudio/models/org/m/theirs.gguf"
    lies.parent.mkdir(parents=True)
    lies.write_bytes(tiny_gguf())
    assert main(["models", "list"]) == 0
    assert "lmstudio:org/m/theirs" in capsys.readouterr().out
    assert main(["models", "add", "lmstudio:org/m/theirs"]) == 0
    said = capsys.readouterr()
    assert f"org-m-theirs is used where it lies: Tiny, {lies}" in said.out
    assert "it stays the other program's" in said.err
    lies.rename(home / "away")
    assert main(["models", "list"]) == 0
    assert f"its file is gone: {lies}" in capsys.readouterr().out
    (home / "away").rename(lies)
    assert main(["models", "remove", "org-m-theirs"]) == 0
    assert "out of the list; its file stays" in capsys.readouterr().out
    assert lies.is_file()
    assert main(["models", "add", "ollama:none"]) == 2

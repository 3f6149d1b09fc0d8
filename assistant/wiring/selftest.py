"""The self-test, connected: the person's settings and model in a home that is thrown away, in a closed network."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from assistant.domain.errors import StorageError
from assistant.machine.clock import SystemClock
from assistant.proof.closed import closed_network
from assistant.proof.report import Report
from assistant.proof.scenarios import Ran, control, run, scenarios
from assistant.storage import paths
from assistant.storage.settings import TomlSettings
from assistant.wiring.models import chosen_model, model_shelf

Tell = Callable[[Ran], None]
"""Takes each scenario as it ends."""


def prove(tell: Tell, kept: Path | None = None) -> Report:
    """Runs every scenario and tells of each as it ends; `kept` takes the capture, a pcap file. Blocks for a minute or so.

    Raises: SelftestError where no closed network can be made; UsageError, SettingsError, StorageError.
    """
    places = paths.find()
    paths.make(places)
    settings = TomlSettings(places.settings_file).load()
    model = chosen_model(model_shelf(places, SystemClock(), settings), settings)
    try:
        # On the disk of the models where that can be: then the model is linked, not copied.
        with tempfile.TemporaryDirectory(prefix="selftest-", dir=places.data) as folder:
            home = Path(folder)
            _furnish(home, places.settings_file)
            return _proved(home, Path(model.path) if model else None, tell, kept)
    except OSError as error:
        raise StorageError(
            f"the self-test cannot write: {error}", "is there room in its folder?"
        ) from error


def _furnish(home: Path, settings_file: Path) -> None:
    """Gives the home the person's settings; not their servers, to which something may go because they said so."""
    config = home / "config" / "assistant"
    config.mkdir(parents=True, mode=0o700)
    if settings_file.exists():
        shutil.copyfile(settings_file, config / "settings.toml")


def _proved(home: Path, model: Path | None, tell: Tell, kept: Path | None) -> Report:
    with closed_network(home) as network:
        ran = []
        for scenario in scenarios(model):
            ran.append(run(network, scenario, home))
            tell(ran[-1])
        seen, tried = control(network)
        if kept is not None:
            shutil.copyfile(network.capture, kept)
    return Report(tuple(ran), seen, tried)

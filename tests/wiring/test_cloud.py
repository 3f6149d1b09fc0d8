"""The cloud, connected: nothing is loaded for a local answer, backends are kept, and what ends a consent always works."""

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.domain.errors import SettingsError
from assistant.domain.places import Place
from assistant.machine.clock import SystemClock
from assistant.storage.install import install_name
from assistant.storage.paths import Places
from assistant.storage.routes import FILE
from assistant.wiring.cloud import open_cloud
from assistant.wiring.house import local_routes, look_again, open_house

ROOT = Path(__file__).parents[2]
ROUTES = """
[big]
row = "ovhcloud"
model = "Mistral-7B"
"""


def test_an_installation_has_one_name(places: Places) -> None:
    clock = SystemClock()
    name = install_name(places.data, clock.new_id)
    assert install_name(places.data, clock.new_id) == name
    (places.data / "install").write_text("not a name!\n")
    other = install_name(places.data, clock.new_id)
    assert other != name
    assert install_name(places.data, clock.new_id) == other


def test_one_border_and_one_door() -> None:
    with open_cloud() as room:
        assert room.border() is room.border()
        assert room.door() is room.door()
        assert not room.border().offline


async def test_a_route_that_is_set_up_is_served_and_its_backend_kept(places: Places) -> None:
    (places.config / FILE).write_text(ROUTES)
    with open_house() as house:
        routes = local_routes(house)
        report = await look_again(house.engine, routes)
        [state] = [route for route in report.routes if route.place is Place.CLOUD]
        assert (state.id, state.ready) == ("big", False)
        assert "it has no key" in state.why
        assert [route.id for route in house.engine.routes] == ["big"]
        first = house.cloud.backends()
        assert house.cloud.backends()["big"] is first["big"]
        (places.config / FILE).write_text(ROUTES.replace("Mistral-7B", "other"))
        assert house.cloud.backends()["big"] is not first["big"]
        assert house.engine.default is None
        await house.engine.close()


async def test_a_broken_file_leaves_the_rest_serving(places: Places) -> None:
    (places.config / FILE).write_text("[big]\nrow = 7\n")
    with open_house() as house:
        report = await look_again(house.engine, local_routes(house))
        assert "routes.toml" in report.problem
        assert [route.id for route in report.routes] == ["cpu"]
        with pytest.raises(SettingsError):
            house.cloud.routes.states()
        await house.engine.close()


def test_a_local_answer_loads_nothing_of_the_cloud() -> None:
    """Neither for the first frame nor for a look at the routes of this machine."""
    code = (
        "import asyncio, sys\n"
        "from assistant.wiring.house import local_routes, look_again, open_house\n"
        "with open_house() as house:\n"
        "    asyncio.run(look_again(house.engine, local_routes(house)))\n"
        "names = ('httpcore', 'keyring', 'cryptography', 're2', 'assistant.storage.registry', 'assistant.storage.secrets',\n"
        "    'assistant.storage.consents', 'assistant.conversation.border', 'assistant.outbound.door')\n"
        "loaded = [n for n in names if n in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr.decode()

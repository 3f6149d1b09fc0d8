"""The file of the person's own routes: what is written comes back, comments stay, and what is wrong is named by its line."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import SettingsError, StorageError, UsageError
from assistant.domain.own_routes import OwnRoute, endpoint
from assistant.domain.places import Place
from assistant.storage.routes import TomlRoutes

GPU = OwnRoute("gpu", endpoint("http://192.168.1.20:8080/v1"), "llama3.2:1b")
BOX = OwnRoute("box", endpoint("https://llm.example.com/v1"), "m", 8192)
EYES = OwnRoute("eyes", endpoint("http://192.168.1.21:8080/v1"), "llava", images=True)
DECLARED = GPU.declare(Place.THIS_NETWORK, "2026-02-01")


def store(folder: Path, text: str | None = None) -> TomlRoutes:
    path = folder / "config" / "routes.toml"
    if text is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return TomlRoutes(path)


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert store(tmp_path).load() == ()


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    routes = store(tmp_path)
    for own in (GPU, BOX, DECLARED):
        routes.keep(own)
    assert routes.load() == (DECLARED, BOX)
    assert routes.path.stat().st_mode & 0o777 == 0o600
    assert routes.path.read_text() == (
        '[gpu]\nurl = "http://192.168.1.20:8080/v1"\nmodel = "llama3.2:1b"\nplace = "this-network"\n'
        'declared_on = "2026-02-01"\ndeclared_for = "http://192.168.1.20:8080/v1 llama3.2:1b"\n\n'
        '[box]\nurl = "https://llm.example.com:443/v1"\nmodel = "m"\ncontext_tokens = 8192\n'
    )
    assert routes.remove("gpu") == DECLARED
    assert routes.load() == (BOX,)


def test_images_are_taken_only_where_it_is_written(tmp_path: Path) -> None:
    routes = store(tmp_path)
    routes.keep(EYES)
    routes.keep(GPU)
    assert routes.load() == (EYES, GPU)
    assert [one.route.images for one in routes.load()] == [True, False]
    assert 'model = "llava"\nimages = true\n' in routes.path.read_text()
    wrong = store(
        tmp_path, '[eyes]\nurl = "http://192.168.1.21:8080/v1"\nmodel = "m"\nimages = 1\n'
    )
    with pytest.raises(SettingsError, match="line 4: images must be true or false"):
        wrong.load()


NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("cpu", "hat")
)
OWN = st.builds(
    OwnRoute,
    NAMES,
    st.sampled_from([GPU.endpoint, BOX.endpoint]),
    st.text("abc:\"'\\[]#=/. ", min_size=1).filter(lambda text: text == text.strip() != ""),
    st.none() | st.integers(256, 2**31 - 1),
)


@given(st.lists(st.tuples(OWN, st.booleans()), max_size=8))
def test_any_routes_come_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[OwnRoute, bool]]
) -> None:
    routes = store(tmp_path_factory.mktemp("any"), "# mine\n")
    kept: dict[str, OwnRoute] = {}
    for own, removes in steps:
        routes.keep(own)
        kept[own.id] = own
        if removes:
            first = min(kept)
            assert routes.remove(first) == kept.pop(first)
    assert {own.id: own for own in routes.load()} == kept
    assert routes.path.read_text().startswith("# mine\n")


def test_comments_of_other_routes_stay(tmp_path: Path) -> None:
    text = (
        '# all of mine\n\n[gpu] # in the cellar\nurl = "http://gpu:1"\nmodel = "a"\n\n'
        '# the large one\n[box]\nurl = "http://box:1"\nmodel = "b" # good\n'
    )
    routes = store(tmp_path, text)
    routes.keep(replace(GPU, model="c"))
    assert routes.path.read_text() == (
        '# all of mine\n\n[gpu]\nurl = "http://192.168.1.20:8080/v1"\nmodel = "c"\n\n'
        '# the large one\n[box]\nurl = "http://box:1"\nmodel = "b" # good\n'
    )
    routes.remove("gpu")
    assert '# the large one\n[box]\nurl = "http://box:1"\nmodel = "b" # good\n' in routes.path.read_text()  # fmt: skip


def test_a_file_that_is_written_otherwise_is_still_changed(tmp_path: Path) -> None:
    routes = store(tmp_path, 'gpu = { url = "http://gpu:1", model = "a" }\nbox.url = "http://box"\nbox.model = "m"\n')  # fmt: skip
    routes.keep(DECLARED)
    assert routes.find("gpu") == DECLARED
    assert routes.find("box").model == "m"


def test_a_declaration_that_was_written_by_hand_does_not_hold(tmp_path: Path) -> None:
    text = '[gpu]\nurl = "http://gpu:1"\nmodel = "a"\nplace = "this-network"\ndeclared_on = "x"\ndeclared_for = "y"\n'
    [own] = store(tmp_path, text).load()
    assert not own.route.declared
    assert own.route.place is Place.CLOUD


def test_changing_the_address_in_the_file_ends_the_declaration(tmp_path: Path) -> None:
    routes = store(tmp_path)
    routes.keep(DECLARED)
    assert routes.load()[0].route.declared
    moved = routes.path.read_text().replace("http://192.168.1.20:8080/v1", "http://other:1", 1)
    routes.path.write_text(moved)
    assert not routes.load()[0].route.declared


def test_a_declaration_that_no_longer_holds_is_not_written_on(tmp_path: Path) -> None:
    routes = store(tmp_path)
    routes.keep(replace(DECLARED, model="other"))
    assert routes.load() == (replace(GPU, model="other"),)
    assert "declared" not in routes.path.read_text()


def row(**keys: str) -> str:
    """A table that is right but for `keys`."""
    right = {"url": '"http://gpu:1"', "model": '"a"'} | keys
    return "\n[gpu]\n" + "".join(f"{name} = {value}\n" for name, value in right.items() if value)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (row(modle='"b"'), 5, "there is no key 'modle' in [gpu] (did you mean model?)"),
        (row(url="3"), 3, "url must be a text"),
        (row(model="true"), 4, "model must be a text"),
        (row(model='""'), 4, "cannot be a model's name"),
        (row(context_tokens="true"), 5, "context_tokens must be a whole number from 256 on"),
        (row(context_tokens="255"), 5, "from 256 on"),
        (row(context_tokens='"9"'), 5, "from 256 on"),
        (row(context_tokens="3_000_000_000"), 5, "from 256 on"),
        (row(url='"http://8.8.8.8"'), 3, "could be read on the way"),
        (row(url='"http://me:pw@gpu"'), 3, "password"),
        (row(place='"this-network"'), 5, "here is only place"),
        (row(place='"cloud"', declared_on='"x"', declared_for='"y"'), 5, "place cannot be 'cloud'"),
        (row(url=""), 2, "[gpu] has no url"),
        (row(model=""), 2, "[gpu] has no model"),
        ("\n[CPU]\nurl = 'http://gpu'\nmodel = 'a'\n", 2, "cannot be a route's id"),
        ("\n[cpu]\nurl = 'http://gpu'\nmodel = 'a'\n", 2, "a route of this machine itself"),
        ("\ngpu = 3\n", 2, "'gpu' is not a route"),
        ("\n[gpu\n", 2, "is not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    routes = store(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        routes.load()
    told = str(caught.value)
    assert says in told
    assert str(routes.path) in told
    assert f"line {line}" in told
    with pytest.raises(SettingsError):
        routes.keep(BOX)
    assert routes.path.read_text() == text


def test_a_file_that_is_not_utf8_or_cannot_be_read(tmp_path: Path) -> None:
    routes = store(tmp_path, "")
    routes.path.write_bytes(b"# a\n\xff")
    with pytest.raises(SettingsError, match="line 2: not UTF-8"):
        routes.load()
    routes.path.unlink()
    routes.path.mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        routes.load()


def test_a_route_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no route 'gpu' of your own"):
        store(tmp_path).find("gpu")
    routes = store(tmp_path)
    routes.keep(BOX)
    with pytest.raises(UsageError) as caught:
        routes.remove("gpu")
    assert caught.value.hint == "yours are: box"


def test_a_folder_that_cannot_be_written_is_an_error_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    with pytest.raises((StorageError, SettingsError)):
        store(tmp_path).keep(GPU)

"""The HAT's models: each once, the installed ones first, and told with what mends a HAT that cannot answer."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.hat import Hat, HatState
from assistant.domain.hat_models import stock
from assistant.domain.models import hat_name

NAMES = st.lists(st.sampled_from(["a:1b", "b:1b", "c:3b"]))
READY = Hat(HatState.READY, (), (), None, None)


@given(NAMES, NAMES, st.none() | st.sampled_from(["a:1b", "b:1b"]))
def test_each_model_stands_once(installed: list[str], offered: list[str], used: str | None) -> None:
    found = stock(READY, installed, offered, used)
    names = [model.name for model in found.models]
    assert sorted(names) == sorted({*installed, *offered})
    assert [model.installed for model in found.models] == sorted(
        (model.installed for model in found.models), reverse=True
    )
    for model in found.models:
        assert model.installed == (model.name in installed)
        assert model.in_use == (model.installed and model.name == used)
        assert hat_name(model.id) == model.name
        assert found.find(model.name) is model
    assert found.find("none") is None


def test_an_id_of_a_file_names_no_model_of_the_hat() -> None:
    assert hat_name("smollm2-135m") is None


def test_a_hat_without_models_is_told_of_and_no_hat_is_not() -> None:
    assert list(stock(READY, (), (), None).lines()) == ["On the HAT: the Hailo-10H is ready"]
    assert not list(stock(Hat(HatState.NONE, (), (), None, None), (), (), None).lines())
    vision = stock(Hat(HatState.HAILO8, (), (), None, None), (), (), None)
    assert "vision chip" in next(vision.lines())


def test_what_stands_in_the_way_is_told_in_place_of_the_hats_state() -> None:
    found = stock(READY, ["a:1b"], [], None, "hat.model names 'b:1b', which is not on the HAT")
    assert next(found.lines()).endswith("which is not on the HAT")
    assert found.to_json()["why"].endswith("which is not on the HAT")

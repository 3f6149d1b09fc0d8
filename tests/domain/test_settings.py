"""What the settings ask of the engine."""

from assistant.domain.prompt import Sampling
from assistant.domain.settings import GenerationSettings


def test_no_limit_in_the_settings_is_no_limit_for_the_engine() -> None:
    assert GenerationSettings().sampling == Sampling()
    assert GenerationSettings(max_tokens=9).sampling.max_tokens == 9


def test_each_setting_is_what_the_engine_is_asked_for() -> None:
    chosen = GenerationSettings(
        temperature=0.1,
        top_p=0.2,
        top_k=3,
        min_p=0.4,
        repeat_penalty=1.5,
        max_tokens=6,
        stop=("x",),
    )
    assert chosen.sampling == Sampling(0.1, 0.2, 3, 0.4, 1.5, None, 6, ("x",))

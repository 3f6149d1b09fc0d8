"""What the readings say of this machine: its routes side by side, and what held a request back."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.events import Stage, TurnEvent
from assistant.domain.places import Place, Route
from assistant.domain.readings import Readings, begin, fold, sense, tick
from assistant.domain.sensing import Figures, Reading, Sensed, Throttling
from tests.turn_maker import (
    CLOUD,
    LOCAL,
    NETWORK,
    asked,
    decided,
    delta,
    finished,
    progress,
    record,
)

HAT = Route("hat", Place.THIS_MACHINE, "hailo-ollama", "qwen2.5-instruct:1.5b")
OLD = replace(HAT, model="qwen2:1.5b")
COOL = Sensed(on_pi=True)
HOT = Sensed(Figures(Reading(83.0, "°C")), Throttling(("throttled",), ("throttled",)), on_pi=True)


def test_one_route_of_this_machine_is_not_compared() -> None:
    assert Readings().side_by_side == ()
    assert begin([record(), record(route=CLOUD), record(route=NETWORK)]).side_by_side == ()


def test_routes_stand_side_by_side_with_what_was_measured_of_their_present_model() -> None:
    readings = replace(begin([record(), record(route=OLD)]), here=(HAT, LOCAL))
    (hat, unmeasured), (local, measured) = readings.side_by_side
    assert (hat, unmeasured, local) == (HAT, None, LOCAL)
    assert measured is not None
    assert measured.n == 1


def test_a_route_that_cannot_be_asked_now_comes_last_with_its_latest_model() -> None:
    past = [record(route=OLD), record(route=HAT), record()]
    readings = replace(begin(past), here=(LOCAL,))
    assert [route for route, _ in readings.side_by_side] == [LOCAL, HAT]


def test_what_held_a_request_back_stays_with_it() -> None:
    readings = sense(Readings(), COOL)
    for event, at_ms in ((asked(), 0.0), (decided(), 1.0), (progress(Stage.LOAD), 2.0)):
        readings = fold(readings, event, at_ms)
    assert readings.current is not None
    assert readings.current.slowed is None
    readings = sense(sense(readings, HOT), COOL)
    readings = fold(readings, finished(record()), 900)
    assert readings.current is not None
    assert readings.current.slowed == "throttled, hot, 83 °C"
    assert readings.sensed == COOL


def test_a_request_is_slow_from_its_start_where_the_machine_is_hot_by_then() -> None:
    readings = fold(sense(Readings(), HOT), asked(), 0)
    assert readings.current is not None
    assert readings.current.slowed == "throttled, hot, 83 °C"


def test_what_comes_after_a_request_does_not_explain_it() -> None:
    readings = fold(fold(Readings(), asked(), 0), finished(record()), 900)
    readings = sense(readings, HOT)
    assert readings.current is not None
    assert readings.current.slowed is None


@given(st.lists(st.sampled_from([asked(), decided(), delta(3), finished(record())])))
def test_no_event_changes_what_is_known_of_the_machine(events: list[TurnEvent]) -> None:
    readings = replace(sense(Readings(), HOT), here=(HAT, LOCAL))
    for at_ms, event in enumerate(events):
        readings = tick(fold(readings, event, float(at_ms)), at_ms + 0.5)
    assert (readings.here, readings.sensed) == ((HAT, LOCAL), HOT)

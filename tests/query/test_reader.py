"""Long queries: they are interrupted, one at a time, and others may record meanwhile."""

from collections.abc import Callable
from typing import Any

import gevent
import pytest

from analytics.query.reader import Steps
from analytics.query.series import SeriesQuery, points
from analytics.state.state import State
from tests.state.rig import MINUTE, NOON, Rig, metric

SERIES = 1_200
TAGGED = SeriesQuery("load", tags=(("zone", "z"),), agg="sum", start=NOON - 59 * MINUTE, end=NOON + MINUTE, step=MINUTE)


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.metrics(*(metric("load", 1, tags={"zone": "z", "number": str(number)}) for number in range(SERIES)))
    return rig


class Pauses:
    """Counts pauses, and does something in each."""

    def __init__(self, meanwhile: Callable[[], Any]) -> None:
        self.count, self._meanwhile = 0, meanwhile

    def __call__(self) -> None:
        self.count += 1
        self._meanwhile()


def test_points_of_many_series_are_merged_in_steps(rig: Rig) -> None:
    pauses = Pauses(lambda: rig.metric("other", 1))
    values = [point["value"] for point in rig.ask_in_steps(points, TAGGED, pause=pauses)["points"]]
    assert values == [0] * 59 + [SERIES]
    assert pauses.count == 4, "16 minutes of 1,200 series at a time"


def test_points_of_one_series_are_merged_at_once(rig: Rig) -> None:
    pauses = Pauses(lambda: None)
    rig.ask_in_steps(points, SeriesQuery("requests"), pause=pauses)
    assert pauses.count == 0


def test_one_long_query_works_at_a_time(rig: Rig) -> None:
    working: list[int] = []

    def question(state: State, now: float, number: int) -> Steps[int]:
        for _ in range(3):
            assert working in ([], [number])
            working[:] = [number]
            yield
        working.clear()
        return number

    asking = [gevent.spawn(rig.reader.ask_in_steps, lambda: gevent.sleep(0), question, number) for number in range(3)]
    assert [each.get(timeout=5) for each in asking] == [0, 1, 2]

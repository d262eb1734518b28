"""Cardinality: who makes how many series."""

from analytics.kinds import POINTS
from analytics.points import COUNTER, NewPoint
from analytics.query.cardinality import cardinality
from tests.state.rig import Rig, batch, metric


def test_names_labels_and_services_are_listed_by_their_number_of_series() -> None:
    rig = Rig(max_series=100, max_series_per_name=50)
    rig.metrics(
        *(metric("memory", 1, tags={"host": host, "zone": "x"}) for host in "abc"),
        metric("queue", 1, "cart", tags={"host": "a"}),
    )
    rig.event("view")
    rig.recorder.record_batch(POINTS, batch(NewPoint((("__name__", "up_total"),), COUNTER, 1.0)))
    assert rig.ask(cardinality, 2) == {
        "series": 5,
        "limited_series": 6,
        "max_series": 100,
        "max_series_per_name": 50,
        "evicted": 0,
        "by_name": [
            {"name": "memory", "kind": "gauge", "series": 3},
            {"name": "queue", "kind": "gauge", "series": 1},
        ],
        "by_label": [{"label": "host", "values": 3, "series": 4}, {"label": "service", "values": 2, "series": 4}],
        "by_service": [{"service": "shop", "series": 3}, {"service": None, "series": 1}],
    }


def test_nothing_is_listed_without_series() -> None:
    found = Rig().ask(cardinality, 2)
    assert (found["series"], found["by_name"], found["by_label"], found["by_service"]) == (0, [], [], [])

"""The intake: all kinds pass the same stages, and limits apply within a batch too."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.kinds import EVENTS, METRICS
from analytics.log.refusal import Refused
from tests.state.rig import Rig, batch, event, metric


def newcomers(kind: str, count: int) -> list[Any]:
    """Items of `count` new services."""
    if kind == "events":
        return [event("view", f"s{number:05}") for number in range(count)]
    return [metric("memory", 1, f"s{number:05}") for number in range(count)]


@pytest.mark.parametrize("kind", ["events", "metrics"])
def test_a_batch_of_new_services_fills_the_limit_exactly(kind: str) -> None:
    rig = Rig()
    receipt = getattr(rig, kind)(*newcomers(kind, 5_000))
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (1_000, 0, 4_000)
    assert [error.index for error in receipt.errors] == list(range(1_000, 1_100))
    assert {error.code for error in receipt.errors} == {"too_many_services"}
    assert len(rig.state.services) == 1_000
    assert rig.stats()["drops"] == {"too_many_services": 4_000}
    with pytest.raises(Refused, match="no room for another service"):
        rig.beat("one-more")


def test_a_batch_of_new_series_fills_the_limit_exactly() -> None:
    rig = Rig(max_series=10)
    receipt = rig.metrics(*(metric("queue", 1, tags={"worker": str(number)}) for number in range(50)))
    assert (receipt.accepted, receipt.rejected) == (10, 40)
    assert [error.index for error in receipt.errors] == list(range(10, 50))
    assert rig.stats()["totals"]["limited_series"] == 10


def test_series_of_refused_services_take_no_room() -> None:
    rig = Rig(max_services=1, max_series=2)
    rig.event("view", "shop")  # one of the two series counts this type
    receipt = rig.metrics(metric("a", 1, "cart"), metric("b", 1, "bank"), metric("c", 1, "shop"))
    assert [(error.index, error.code) for error in receipt.errors] == [
        (0, "too_many_services"),
        (1, "too_many_services"),
    ]
    assert receipt.accepted == 1


_item = st.tuples(
    st.sampled_from(("a", "b", "c", "d")),
    st.sampled_from(("view", "requests", "queue", "events")),
    st.sampled_from((1, -1)),
    st.one_of(st.none(), st.sampled_from(("x", "y", "z"))),
)


@given(
    st.lists(st.lists(_item, min_size=1, max_size=12), max_size=6), st.integers(1, 4), st.integers(1, 8), st.booleans()
)
def test_a_batch_has_the_same_result_as_its_items_one_by_one(
    batches: list[list[tuple[str, str, int, str | None]]], services: int, series: int, is_events: bool
) -> None:
    whole, single = (Rig(max_services=services, max_series=series) for _ in range(2))
    for items in batches:
        made = [
            event(name, service, id=id_) if is_events else metric(name, value, service, id=id_)
            for service, name, value, id_ in items
        ]
        again = [
            event(name, service, id=id_) if is_events else metric(name, value, service, id=id_)
            for service, name, value, id_ in items
        ]
        receipt = whole.recorder.record_batch(EVENTS if is_events else METRICS, batch(*made))
        outcomes = []
        for item in again:
            try:
                taken = single.recorder.record(EVENTS if is_events else METRICS, item)
                outcomes.append("duplicate" if taken.duplicate else "accepted")
            except Refused as refused:
                outcomes.append(refused.code)
        assert receipt.accepted == outcomes.count("accepted")
        assert receipt.duplicates == outcomes.count("duplicate")
        assert {error.index: error.code for error in receipt.errors} == {
            index: outcome for index, outcome in enumerate(outcomes) if outcome not in ("accepted", "duplicate")
        }
    assert whole.stats()["totals"] == single.stats()["totals"]
    assert whole.snapshot()["services"].keys() == single.snapshot()["services"].keys()

"""Series of endpoints: bounded, whatever endpoints are sent, and the same for equal records, whenever they are read."""

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.points import COUNTER
from analytics.state.endpoint_series import FAMILIES, figures, labels_of_endpoint
from analytics.state.resolution import Resolution
from analytics.state.series.stored import dumped
from tests.state.rig import NOON, Rig, event


def send(rig: Rig, *endpoints: str, **data: float) -> None:
    rig.events(*(event(data={"endpoint": endpoint, "latency": 0.1, **data}) for endpoint in endpoints))


def test_ids_are_bounded_while_every_request_has_another_endpoint() -> None:
    rig = Rig(max_endpoints=20, max_service_endpoints=20)
    most = 0
    for second in range(300):
        send(rig, *(f"/{second}/{number}" for number in range(30)), "/heavy", "/heavy")
        rig.clock.advance(1)
        store = rig.state.endpoint_series.store
        most = max(most, store.ids.taken)
        assert len(store) <= 20 * len(FAMILIES)
    assert 0 < most <= (20 + 5) * len(FAMILIES)
    key = ("shop", "/heavy")
    assert rig.state.endpoint_series.store.ids.get(labels_of_endpoint(key)[0]) is not None
    assert len(rig.state.series_store) == 0


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([0.0, 0.3, 1.0, 70.0])), max_size=20), st.data())
def test_reads_change_nothing(script: list[tuple[str, float]], data: st.DataObject) -> None:
    quiet, read = (Rig(max_service_endpoints=3) for _ in range(2))
    for endpoint, pause in script:
        for rig in (quiet, read):
            send(rig, endpoint)
            rig.clock.advance(pause)
        if data.draw(st.booleans()):
            read.snapshot()
            read.service()
    assert dumped(quiet.state.endpoint_series.store) == dumped(read.state.endpoint_series.store)


def test_the_store_has_what_the_tables_have() -> None:
    rig = Rig()
    send(rig, "/a", "/a", "/b", status=500)
    rig.clock.advance(90)
    send(rig, "/a")
    rig.clock.advance(2)
    send(rig, "/later")
    store = rig.state.endpoint_series.store
    for endpoint in ("/a", "/b"):
        expected = figures(rig.state.endpoints.totals()["shop", endpoint])
        found = []
        for labels in labels_of_endpoint(("shop", endpoint)):
            ids = store.select([])
            table = store.window(COUNTER, Resolution.DAY, NOON, NOON + 1).overall(ids[ids == store.ids.get(labels)])
            found.append(0 if table is None else float(table.column("increase")[0]))
        assert found == list(expected)

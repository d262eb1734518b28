"""Duplicates: ids are remembered for ten minutes or a hundred thousand ids, whichever is longer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.log.own_ids import OwnIds
from analytics.log.recorder import Taken
from analytics.log.seen_ids import SeenIds, key_of
from tests.state.rig import Rig, event, metric


def test_an_id_is_accepted_once() -> None:
    ids = SeenIds(3, 600, OwnIds(0))
    assert ids.add("a", 0)
    assert not ids.add("a", 0)
    assert not ids.add("a", 10**9), "no newer id was seen"
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("newer", "later", "remembered"),
    [(0, 10_000, True), (2, 10_000, True), (3, 10_000, False), (3, 600, True), (3, 600.5, False), (10, 600, True)],
)
def test_an_id_is_remembered_by_count_and_by_age(newer: int, later: float, remembered: bool) -> None:
    ids = SeenIds(3, 600, OwnIds(0))
    ids.add("a", 0)
    for number in range(newer):
        ids.add(str(number), 0)
    assert ids.add("a", later) is not remembered


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from([0, 0, 1, 5, 11])), max_size=60),
)
def test_ids_are_remembered_as_in_a_simple_model(always: int, script: list[tuple[int, int]]) -> None:
    ids, now = SeenIds(always, 10, OwnIds(0)), 0.0
    order: list[tuple[float, int]] = []
    for number, pause in script:
        now += pause
        known = [id_ for at, id_ in order if now - at <= 10][-5 * always :] + [id_ for _, id_ in order[-always:]]
        assert ids.add(str(number), now) == (number not in known)
        if number not in known:
            order.append((now, number))


def test_a_flood_of_ids_stays_bounded() -> None:
    ids = SeenIds(10, 600, OwnIds(0))
    for number in range(1_000):
        ids.add(str(number), 0)
        assert len(ids) <= 51
    assert not ids.add("999", 0)
    assert ids.add("0", 0)


def test_an_id_within_one_batch_counts_once() -> None:
    rig = Rig()
    receipt = rig.events(event(id="a"), event(id="b"), event(id="a", service="other"), event(), event(id="a"))
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (3, 2, 0)
    assert rig.overview["total_requests"] == 3
    assert rig.stats()["ingest"]["events"] == {"accepted": 3, "duplicates": 2, "rejected": 0}


@pytest.mark.parametrize("kind", ["event", "metric"])
def test_a_repeated_id_is_reported_as_a_duplicate(kind: str) -> None:
    rig = Rig()
    record = {"event": lambda: rig.event(id="a"), "metric": lambda: rig.metric("requests", 1, id="a")}[kind]
    first, again = record(), record()
    assert (first.id, first.duplicate) == ("a", False)
    assert (again.id, again.duplicate) == ("a", True)
    rig.clock.advance(10_000)
    assert record().duplicate
    assert rig.overview["total_requests"] == 1


def test_events_and_metrics_have_ids_of_their_own() -> None:
    rig = Rig()
    assert not rig.event(id="a").duplicate
    assert not rig.metric("requests", 1, id="a").duplicate
    assert rig.overview["total_requests"] == 2


@pytest.mark.parametrize("kind", ["event", "metric"])
def test_ten_minutes_are_remembered_beyond_the_number_of_ids(kind: str) -> None:
    rig = Rig(dedupe_ids=2)

    def record(id_: str) -> Taken:
        return rig.event(id=id_) if kind == "event" else rig.metric("requests", 1, id=id_)

    for number in range(5):
        record(str(number))
    rig.clock.advance(600)
    assert record("0").duplicate
    rig.clock.advance(0.5)
    assert not record("0").duplicate
    assert record("4").duplicate, "one of the newest two"


@pytest.mark.parametrize("item", [event(id="a", at=0), event(id="a", service="no-room")])
def test_the_id_of_a_rejected_event_can_be_used_again(item: object) -> None:
    rig = Rig(max_services=1)
    rig.event("page_view")
    assert rig.events(item).rejected == 1  # type: ignore[arg-type]
    assert not rig.event(id="a").duplicate


@pytest.mark.parametrize(
    "item",
    [
        metric("memory", 1, id="a", at=0),
        metric("latency", -1, id="a"),
        metric("events", 1, id="a"),
        metric("memory", 1, "no-room", id="a"),
        metric("disk", 1, id="a"),
    ],
)
def test_the_id_of_a_rejected_metric_can_be_used_again(item: object) -> None:
    rig = Rig(max_services=1, max_series=1)
    rig.metric("cpu", 1)
    assert rig.metrics(item).rejected == 1  # type: ignore[arg-type]
    assert not rig.metric("cpu", 1, id="a").duplicate


def test_a_refused_item_does_not_make_a_valid_one_a_duplicate() -> None:
    rig = Rig()
    receipt = rig.events(event(id="a"), event(id="a", at=0), event(id="b", at=0), event(id="b"))
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (2, 0, 2)
    assert [error.index for error in receipt.errors] == [1, 2]


def test_an_item_without_room_does_not_make_a_valid_one_a_duplicate() -> None:
    rig = Rig(max_services=1)
    rig.event("page_view")
    receipt = rig.events(event(id="a", service="no-room"), event(id="a"), event(id="a"))
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (1, 1, 1)
    assert rig.overview["total_requests"] == 1
    assert rig.event(id="a").duplicate
    receipt = rig.metrics(metric("requests", 1, "no-room", id="a"), metric("requests", 1, id="a"))
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (1, 0, 1)


def test_a_process_that_begins_later_gives_ids_of_its_own() -> None:
    rig = Rig()  # with its clock, as a copy of the process that made the app
    first = [rig.event().id, rig.event().id]
    rig.clock.advance(0.001)
    rig.recorder.begin()
    second = [rig.event().id, rig.event().id]
    assert len({*first, *second}) == 4
    assert rig.events(*(event(id=each) for each in first + second)).duplicates == 4
    assert rig.stats()["uptime_seconds"] == 0


def test_ids_of_some_senders_are_remembered_apart_for_each() -> None:
    rig = Rig()
    assert not rig.event(id="order-1", sender="page").duplicate
    assert not rig.event(id="order-1").duplicate, "a page cannot use up the ids of others"
    assert not rig.event(id="order-1", sender="other page").duplicate
    assert not rig.metric("requests", 1, id="order-1", sender="page").duplicate
    again = rig.event(id="order-1", sender="page")
    assert (again.id, again.duplicate) == ("order-1", True)
    assert rig.overview["total_requests"] == 4


def test_ids_of_some_senders_are_remembered_apart_where_room_is_scarce() -> None:
    rig = Rig(max_services=1)
    rig.event("view")
    receipt = rig.events(
        event(id="a", sender="page"), event(id="a"), event(id="a", service="no-room"), event(id="a", sender="page")
    )
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (2, 2, 0)


SALT = "5" * 32


def test_of_the_ids_of_erased_records_only_digests_are_left() -> None:
    ids = SeenIds(3, 600, OwnIds(0))
    for id_ in ("a", "b", "c"):
        ids.add(id_, 0)
    ids.add("b", 0, "page")
    ids.erase({"b", key_of("b", "page"), "unknown"}, SALT)
    assert [id_ in ids for id_ in ("a", "b", key_of("b", "page"), "c")] == [True, False, False, True]
    assert len(ids) == 4
    assert not ids.add("b", 1), "a retry is still a duplicate"
    assert not ids.add("b", 1, "page")
    ids.erase({"c"}, "6" * 32)
    assert not ids.add("c", 1)
    assert ids.add("d", 2)
    for number in range(4):
        ids.add(str(number), 10_000)
    assert ids.add("b", 10_000), "digests are forgotten like ids"
    ids.erase({"b"}, "7" * 32)
    assert not ids.add("b", 10_000)


def test_digests_are_known_after_a_restart() -> None:
    ids, again = SeenIds(9, 600, OwnIds(0)), SeenIds(9, 600, OwnIds(0))
    ids.add("a", 0)
    ids.add("b", 0)
    ids.erase({"a"}, SALT)
    again.restore(ids.newest_ids(ids.take_all()))
    assert not again.add("a", 0)
    again.erase({"b"}, "6" * 32)
    assert not again.add("b", 0)
    assert not again.add("a", 0), "all have one salt"


@given(st.lists(st.lists(st.integers(0, 12), max_size=6)))
def test_restored_parts_equal_those_of_a_dictionary(parts: list[list[int]]) -> None:
    ids, expected = SeenIds(99, 600, OwnIds(0)), dict[str, float]()
    for time, part in enumerate(parts):
        seen = {str(number): float(time) for number in part}
        ids.restore(seen)
        expected = {id_: at for id_, at in expected.items() if id_ not in seen} | seen
    assert list(ids.newest_ids(len(ids)).items()) == list(expected.items())


def test_the_ids_for_a_checkpoint_are_those_added_since_the_last_one() -> None:
    ids = SeenIds(4, 600, OwnIds(0))
    for number in range(3):
        ids.add(str(number), number)
    assert list(ids.newest_ids(ids.take_fresh())) == ["0", "1", "2"]
    assert ids.take_fresh() == 0
    for number in range(3, 6):
        ids.add(str(number), 10_000 + number)  # "0" and "1" are forgotten
    ids.add("0", 10_010)
    fresh = ids.take_fresh()
    assert ids.newest_ids(fresh) == {"3": 10_003, "4": 10_004, "5": 10_005, "0": 10_010}
    assert ids.newest == "0"
    ids.put_back(fresh)
    ids.add("6", 10_011)
    assert list(ids.newest_ids(ids.take_fresh())) == ["3", "4", "5", "0", "6"]


def test_no_more_ids_are_taken_for_a_checkpoint_than_are_remembered() -> None:
    ids = SeenIds(2, 0, OwnIds(0))
    for number in range(1_000):
        ids.add(str(number), number)
    fresh = ids.take_fresh()
    assert fresh == len(ids) <= 3
    assert list(ids.newest_ids(fresh))[-1] == "999"


@given(st.integers(1, 4), st.lists(st.tuples(st.lists(st.integers(0, 12), max_size=6), st.sampled_from([0, 1, 5, 11]))))
def test_ids_that_are_added_together_are_remembered_as_one_by_one(
    always: int, script: list[tuple[list[int], int]]
) -> None:
    one_by_one, together, now = SeenIds(always, 10, OwnIds(0)), SeenIds(always, 10, OwnIds(0)), 0.0
    for numbers, pause in script:
        now += pause
        keys = [str(number) for number in numbers]
        are_new = [one_by_one.add(key, now) for key in keys]
        if together.add_all(keys, now):
            assert all(are_new)
        else:
            assert [together.add(key, now) for key in keys] == are_new


def test_an_id_of_this_service_is_not_added_together_with_others() -> None:
    own = OwnIds(0)
    ids, prefix = SeenIds(3, 600, own), own.prefix()
    own.give(prefix)
    assert not ids.add_all(["a", f"{prefix}0"], 0)
    assert len(ids) == 0, "one by one, the others are new"

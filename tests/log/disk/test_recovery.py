"""Recovery: a start restores the exact state, whenever the previous process died."""

import shutil
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from analytics.log.disk import recovery, store
from analytics.log.disk.tables import CellTables
from analytics.log.refusal import Refused
from tests.log.disk.acts import IDS, LIMITS, Act, act, answers, do
from tests.log.disk.disk import PATIENCE, Disk
from tests.log.disk.test_checkpoint import check_equal
from tests.randomness import costly
from tests.state.rig import DAY, HOUR, MIDNIGHT, NOON, Rig, event, metric

ROOMY = {**LIMITS, "max_series": 10_000, "max_event_types": 1_000, "max_endpoints": 100, "max_service_endpoints": 100}
"""Limits that have the same effect in any order of requests."""
RECORDS = ("events", "metrics", "beat")


@pytest.mark.parametrize("dies", [True, False])
def test_a_service_that_was_down_is_down_after_the_next_start(dies: bool, tmp_path: Path) -> None:
    with ExitStack() as stack:
        disk = stack.enter_context(Disk(tmp_path / "data", starts=True))
        for instance in ("a", "b"):
            disk.beat(instance=instance, interval=2, grace=1)
        disk.clock.advance(9)
        shown, before = disk.row(), disk.service_history()
        assert [change["to"] for change in before] == ["down", "stale", "healthy"]
        if dies:
            later = disk.crashed(stack, starts=True)
        else:
            disk.store.stop()
            later = stack.enter_context(Disk(tmp_path / "data", disk.clock.wall() + 3_600, starts=True))
        assert (later.row()["status"], later.row()["status_since"]) == ("down", shown["status_since"])
        assert later.service_history() == before


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), gevent.GreenletExit(), SystemExit(1), gevent.Timeout(1)],
    ids=lambda error: type(error).__name__,
)
def test_a_recovery_that_ends_in_any_way_gives_the_reason(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(store, "recover", fails)
    with pytest.raises(AssertionError, match="could not be read because of a bug"):
        Disk(tmp_path / "data")
    assert [record.getMessage() for record in caplog.records] == ["the recovery failed"]


def wait_for(working: list[gevent.Greenlet]) -> None:
    for each in working:
        each.get(timeout=PATIENCE)
    working.clear()


@costly(8)
@given(st.lists(st.one_of(act, act, act, act, st.just(("save",)), st.just(("crash",))), max_size=40))
def test_a_service_with_crashes_equals_one_without(steps: list[Act]) -> None:
    with TemporaryDirectory() as directory, ExitStack() as stack:
        disk = stack.enter_context(Disk(Path(directory) / "data", **ROOMY))
        twin = Rig(**ROOMY)
        twin.recorder.own_ids.restore(*disk.recorder.own_ids.dump())
        twin.state.events.last_sequence = disk.state.events.last_sequence
        in_flight: list[gevent.Greenlet] = []
        starts = 0
        for kind, *rest in steps:
            if kind == "save":
                assert disk.save()
            elif kind == "crash":
                wait_for(in_flight)
                disk = disk.crashed(stack)
                twin.state.set_time(disk.clock.wall() + 0.001)  # as a start does
                starts += 1
            elif kind in RECORDS:
                in_flight.append(gevent.spawn(do, disk, kind, *rest))
                gevent.sleep(0)  # it is in the backlog now, and written later
                do(twin, kind, *rest)
            else:
                wait_for(in_flight)
                do(disk, kind, *rest)
                do(twin, kind, *rest)
        wait_for(in_flight)
        check_equal(without_given_ids(twin), without_given_ids(disk))
        copy = disk.crashed(stack)
        twin.state.set_time(copy.clock.wall() + 0.001)
        check_equal(without_given_ids(twin), without_given_ids(copy))


def without_given_ids(rig: Rig) -> Rig:
    """The rig with all assigned ids replaced by "given", because their prefix differs after each start."""
    for ring in (rig.state.events, rig.state.metrics):
        for kept in ring._batches:
            ids = [kept.id(place) for place in range(len(kept.records))]
            records = [
                replace(record, id=id_ if id_ in IDS else "given")
                for record, id_ in zip(kept.records, ids, strict=True)
            ]
            ring._batches[ring._batches.index(kept)] = kept._replace(records=records)
    return rig


@costly(8)
@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(("held", "free", "save", "save")))), st.booleans())
def test_records_in_flight_that_are_sent_again_count_once(steps: list[tuple[int, str]], saves: bool) -> None:
    with TemporaryDirectory() as directory, ExitStack() as stack:
        disk = stack.enter_context(Disk(Path(directory) / "data"))
        sending: dict[int, list[gevent.Greenlet]] = {0: []}
        sent = 0
        for count, how in steps:
            for _ in range(count):
                sending[0].append(gevent.spawn(send, disk, sent))
                sent += 1
            if how == "free":
                gevent.sleep(0.001)
            elif how == "save":
                disk.save()
            else:
                gevent.sleep(0)
        gevent.sleep(0)
        acknowledged = {number for number, each in enumerate(sending[0]) if each.ready()}
        copy = disk.crashed(stack)
        found = ids(copy)
        assert len(found) == len(set(found))
        assert {f"id{number}" for number in acknowledged} <= set(found)
        if saves:
            assert copy.save()
        for number in range(sent):
            send(copy, number)
        check_counts(copy, sent)
        check_counts(copy.crashed(stack), sent)
        wait_for(sending[0])


def send(disk: Disk, number: int) -> None:
    disk.events(event(id=f"id{number}", user_id=str(number), data={"latency": number, "endpoint": "/"}))
    disk.metrics(metric("memory", number, id=f"id{number}"))


def ids(disk: Disk) -> list[str]:
    return [each.kept.id(each.place) for each in disk.state.events.newest_first()]


def numbers(disk: Disk) -> list[int]:
    return [each.sequence for each in disk.state.events.newest_first()]


def check_counts(disk: Disk, sent: int) -> None:
    """Check that each record that was sent is counted once."""
    assert sorted(ids(disk)) == sorted(f"id{number}" for number in range(sent))
    for buckets in (disk.hours(), disk.days()):
        for figure in ("events", "requests", "unique_users"):
            assert sum(bucket[figure] for bucket in buckets) == sent
    totals = disk.stats()["totals"]
    assert (totals["events"], totals["requests"], totals["metrics_kept"]) == (sent, sent, sent)
    if sent:
        assert disk.service()["metrics"]["memory"]["count"] == sent
        assert disk.service()["endpoints"][0]["count"] == sent


def test_a_first_start_is_empty_and_numbers_events_by_time(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path / "deep" / "data"))
    check_equal(Rig(), disk)
    assert disk.state.events.last_sequence == NOON * 1_000_000 - 1
    assert disk.sql("SELECT generation, position FROM mark") == [(1, 0)]
    assert disk.store.size > 0
    copy = disk.crashed(stack)
    assert copy.recorder.own_ids.dump() == disk.recorder.own_ids.dump()


def test_recent_records_keep_their_sequence_numbers_when_the_journal_is_pruned(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "CHUNK_ENTRIES", 3)
    disk = stack.enter_context(Disk(tmp_path / "data", events_ring=20, metrics_ring=7))
    for number in range(60):
        disk.events(*(event(id=f"e{number}.{place}") for place in range(number % 4 + 1)))
        if number % 3 == 0:
            disk.metric("memory", number)
        disk.beat(request_count=number)
        if number % 10 == 0:
            assert disk.save()
        if number % 7 == 0:
            check_equal(disk, disk.crashed(stack))
    assert disk.save()
    assert disk.sql("SELECT count(*) FROM journal") == [(0,)], "all is in the checkpoint"
    check_equal(disk, disk.crashed(stack))


def test_a_larger_ring_does_not_bring_records_back_but_numbers_continue(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data", events_ring=5))
    for number in range(20):
        disk.event(id=str(number))
    assert disk.save()
    copy = disk.crashed(stack, events_ring=100)
    assert ids(copy)[:5] == ["19", "18", "17", "16", "15"]
    assert copy.state.events.last_sequence == disk.state.events.last_sequence
    copy.event()
    smaller = copy.crashed(stack, events_ring=2)
    assert len(ids(smaller)) == 2
    assert smaller.state.events.last_sequence == disk.state.events.last_sequence + 1


@pytest.mark.parametrize("saves", [False, True])
def test_numbers_of_lost_events_are_not_reused(tmp_path: Path, stack: ExitStack, saves: bool) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data", starts=True))
    disk.event()
    shutil.copytree(tmp_path / "data", tmp_path / "backup")
    disk.event()
    greatest = disk.state.events.last_sequence
    for wall in (NOON + 60, NOON + 1, NOON - DAY):  # also with a clock that was set back
        directory = tmp_path / f"restored{wall}"
        shutil.copytree(tmp_path / "backup", directory)
        again = stack.enter_context(Disk(directory, wall, starts=True))
        again.events(event(), event())
        assert numbers(again)[2] == disk.state.events.oldest_sequence, "the event of the backup"
        assert min(numbers(again)[:2]) > disk.state.events.last_sequence
        if wall == NOON + 60:
            assert min(numbers(again)[:2]) > greatest
        if saves:
            assert again.save()
        later = again.crashed(stack, starts=True)
        assert numbers(later) == numbers(again)
        assert later.state.events.last_sequence > again.state.events.last_sequence
        assert later.state.events.last_evicted < numbers(again)[-1]


LOWER: list[dict[str, Any]] = [
    {"daily_days": 2, "hourly_days": 1},
    {"max_services": 1},
    {"max_series": 1, "max_event_types": 1},
    {"max_endpoints": 1, "max_service_endpoints": 1},
    {"dedupe_ids": 1, "dedupe_seconds": 0},
]


@pytest.mark.parametrize("saved", [True, False])
@pytest.mark.parametrize("lower", LOWER, ids=lambda lower: next(iter(lower)))
def test_acknowledged_records_count_under_lower_limits_too(
    tmp_path: Path, stack: ExitStack, lower: dict[str, Any], saved: bool
) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data", MIDNIGHT))
    for number in range(12):
        service = f"s{number % 3}"
        disk.event(("request", "view", "sale")[number // 4], service, id=str(number), data={"endpoint": f"/{number}"})
        disk.metric(f"m{number % 4}", number, service, id=str(number))
        disk.beat(service)
        disk.clock.advance(DAY / 4)
    if saved:
        assert disk.save()
    copy = disk.crashed(stack, **lower)
    assert copy.days(2) == disk.days(2)
    assert copy.hours(24) == disk.hours(24)
    assert ids(copy) == ids(disk)
    if "daily_days" not in lower:
        assert copy.stats()["totals"]["events"] == 12
        for name in ("s0", "s1", "s2"):
            assert copy.service(name)["metrics"] == disk.service(name)["metrics"]
    answers(copy.crashed(stack))


def test_at_a_limit_the_first_request_in_the_journal_has_room(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data", max_series=1))
    with disk.held():
        first = gevent.spawn(disk.event, "view")
        second = gevent.spawn(disk.metric, "memory", 1)
        gevent.sleep(0)
    first.get(timeout=PATIENCE)
    with pytest.raises(Refused, match="no room for another series"):
        second.get(timeout=PATIENCE)
    copy = disk.crashed(stack)
    for each in (disk, copy):
        assert each.service()["metrics"] == {}
        assert each.stats()["totals"]["events"] == 1


def test_a_forgotten_id_counts_twice_even_if_the_limits_are_raised_later(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data", dedupe_ids=1, dedupe_seconds=0))
    for id_ in ("a", "b", "c", "a"):
        disk.clock.advance(1)
        assert not disk.event(id=id_).duplicate
        assert not disk.metric("requests", 1, id=id_).duplicate
    copy = disk.crashed(stack, dedupe_ids=100, dedupe_seconds=600)
    assert copy.stats()["totals"]["requests"] == disk.stats()["totals"]["requests"] == 8
    for each in (disk, copy):
        assert [each.event(id=id_).duplicate for id_ in ("a", "b")] == [True, False], "a forgotten id is known again"


def test_a_record_in_flight_during_a_checkpoint_takes_room_once(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data", max_series=1))
    disk.log._writer.stop()
    promised = gevent.spawn(disk.metric, "promised", 1)
    gevent.sleep(0)
    assert disk.save()
    unwritten = disk.crashed(stack)
    assert unwritten.stats()["totals"]["limited_series"] == 0
    assert unwritten.metric("other", 1).id
    disk.log._writer.start()
    promised.get(timeout=PATIENCE)
    check_equal(disk, disk.crashed(stack))


def test_services_and_series_beyond_fewer_days_are_forgotten(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data"))
    disk.metric("old", 1, "gone")
    disk.clock.advance(5 * DAY)
    disk.metric("new", 1, "here")
    assert disk.save()
    copy = disk.crashed(stack, daily_days=2)
    totals = copy.stats()["totals"]
    assert (totals["services"], totals["series"], totals["limited_series"]) == (1, 1, 1)
    assert copy.service("here")["metrics"]["new"]["count"] == 1


def test_other_greenlets_run_while_a_large_checkpoint_is_restored(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data"))
    for _ in range(20):
        disk.event("request", user_id="ann")
        disk.clock.advance(HOUR)
    assert disk.save()
    load = CellTables.load

    def slow(self: Any, *part: Any) -> None:
        time.sleep(0.03)  # a busy wait: no other greenlet runs
        load(self, *part)

    monkeypatch.setattr(CellTables, "load", slow)
    turns: list[float] = []

    def note() -> None:
        while True:
            turns.append(time.monotonic())
            gevent.sleep(0.001)

    noting = gevent.spawn(note)
    disk.crashed(stack)
    noting.kill()
    assert turns[-1] - turns[0] > 0.6
    assert max(later - earlier for earlier, later in pairwise(turns)) < 0.3


@pytest.mark.parametrize("back", [HOUR, 30 * DAY, 365 * DAY])
def test_a_clock_that_was_ahead_is_logged_and_later_records_count(
    tmp_path: Path, stack: ExitStack, caplog: pytest.LogCaptureFixture, back: int
) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data", NOON + back))
    disk.event("request", user_id="ann")
    disk.metric("memory", 1)
    assert disk.save()
    assert "the clock is behind" not in caplog.text
    disk.clock.advance(-back)
    disk = disk.crashed(stack)
    assert "the clock is behind the newest record" in caplog.text
    disk.event("request", user_id="bob")
    disk.metric("memory", 2)
    disk.beat("shop", request_count=5)
    for start in (disk, disk.crashed(stack)):
        assert start.overview["total_requests"] == 2
        assert sum(day["requests"] for day in start.days()) == 2
    assert disk.save()
    check_equal(disk, disk.crashed(stack))


def test_assigned_ids_are_known_for_ever_and_others_are_not(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data", dedupe_ids=1, dedupe_seconds=0))
    given = [disk.event("click").id for _ in range(3)]
    assert disk.save()
    given.append(disk.event("click").id)
    for start in (disk, disk.crashed(stack)):
        assert all(start.event("click", id=id_).duplicate for id_ in given)
    mark, first, _, _ = given[0].split("-")
    for strange in (f"{mark}-{first}-0-0", f"{mark}-never-0", f"{mark}-{first}", f"{mark}-{first}-99-0"):
        assert not disk.event("click", id=strange).duplicate

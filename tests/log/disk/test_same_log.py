"""Replaying a log gives the same state: at any time, in any process, and with reads in between."""

import os
import random
import subprocess
import sys
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from msgspec import structs

from analytics.catalog.collections import ANNOTATIONS, COLLECTIONS
from analytics.errors import AnalyticsError
from analytics.kinds import EVENTS, KINDS, LOGS, METRICS, POINTS, SPAN_COUNTS, SPANS
from analytics.log.disk.checkpoint import CATALOG_PART, ERROR_GROUPS_PART, Checkpoint
from analytics.log.refusal import Refused
from analytics.log_lines import NewLogLine
from analytics.points import GAUGE, HISTOGRAM, POINT_KINDS, ExponentialHistogram, NewPoint, labels_of
from analytics.records import NewDelivery
from analytics.resources import FileResource, NewChange, NewFile
from analytics.spans import CountedSpan, NewSpan
from analytics.state import late_changes
from analytics.state.late_changes import SERIES_SOURCE, USERS_SOURCE
from analytics.state.observations import EVERY_SERVICE
from analytics.state.resolution import Resolution
from tests.log.disk.acts import LIMITS
from tests.log.disk.demo_log import demo_log
from tests.log.disk.own_records import record_own
from tests.log.disk.replica import Written, canonical, digest, disturbance, recorded, replay, replica
from tests.server import ROOT
from tests.state.rig import DAY, HOUR, MIDNIGHT, NOON, Rig, batch, event, metric

NUMBERS = (0.1, 0.2, 0.3, 1e17, 1, 1e-9, 2.5e10, 33.3, 1e100, 7)
"""Numbers whose inexact sums depend on the order of additions."""
EXCEPTION = b'[{"time":1,"name":"exception","attributes":{"exception.type":"E","exception.message":"no 5"}}]'
Limits = dict[str, Any]
WAITS = (0, 0, 0.001, 0.2, 0.3, 0.9, 1, 7, 59, 61, 400, HOUR, 7 * HOUR, DAY)


def play(rig: Rig, dice: random.Random, steps: int) -> None:
    """Send random records, also beyond the limits."""
    for _ in range(steps):
        rig.clock.advance(dice.choice(WAITS))
        now, kind = rig.clock.wall(), dice.random()
        if kind < 0.15:
            with suppress(AnalyticsError):
                rig.recorder.change(random_change(dice, now))
        elif kind < 0.2:
            resources = [random_resource(dice, now) for _ in range(dice.randrange(4))]
            rig.recorder.take_file(NewFile(dice.choice(("a.yaml", "b.yaml")), resources))
        elif kind < 0.5:
            rig.recorder.record_batch(EVENTS, batch(*(random_event(dice, now) for _ in range(dice.randrange(1, 6)))))
        elif kind < 0.6:
            points = [random_point(dice, now) for _ in range(dice.randrange(1, 9))]
            rig.recorder.record_batch(POINTS, batch(*points))
            if dice.random() < 0.1:
                rig.recorder.keep_percentiles(dice.choice(("memory", "depth")))
        elif kind < 0.68:
            make, of = dice.choice(((random_line, LOGS), (random_span, SPANS), (random_counted_span, SPAN_COUNTS)))
            rig.recorder.record_batch(of, batch(*(make(dice, now) for _ in range(dice.randrange(1, 6)))))
        elif kind < 0.74:
            record_own(rig, dice)
        elif kind < 0.88:
            rig.recorder.record_batch(METRICS, batch(*(random_metric(dice, now) for _ in range(dice.randrange(1, 6)))))
        else:
            counters = {"request_count": dice.randrange(1000), "error_count": dice.randrange(9)}
            instance = dice.choice((None, None, "a", "b"))
            with suppress(Refused):
                rig.beat(dice.choice("abc"), dice.choice(("healthy", "degraded")), instance=instance, **counters)


def random_event(dice: random.Random, now: float) -> Any:
    status, endpoint = dice.choice((200, 200, 503)), f"/{dice.randrange(9)}"
    data = {"endpoint": endpoint, "status": status, "latency": dice.choice(NUMBERS)}
    at = dice.choice((None, None, None, now - 2, now - 70, now - DAY, now + 200, now - 40 * DAY))
    id_ = dice.choice((None, f"id{dice.randrange(12)}"))
    type_ = dice.choice(("request", "request", "error", "view", "sale", "odd"))
    return event(type_, dice.choice("abcde"), user_id=f"u{dice.randrange(30)}", at=at, id=id_, data=data)


def random_metric(dice: random.Random, now: float) -> Any:
    tags = dice.choice(({}, {"endpoint": f"/{dice.randrange(9)}"}, {"zone": "x"}))
    at = dice.choice((None, None, None, now - 2, now - 70, now - 5 * HOUR))
    name, id_ = dice.choice(("requests", "errors", "latency", "memory", "queue")), dice.choice((None, "x", "y"))
    return metric(name, dice.choice(NUMBERS), dice.choice("abcde"), tags=tags, at=at, id=id_, unit=dice.choice("uv"))


def random_point(dice: random.Random, now: float) -> NewPoint:
    """A point of any kind, also late, repeated, of the wrong kind, or a stale marker."""
    kind = dice.choice(POINT_KINDS)
    name = dice.choice((f"{kind}_a", f"{kind}_b", "depth"))
    tags = {"__name__": name, "zone": dice.choice("xyz"), "service": dice.choice(("", "a", "b", "z"))}
    at = dice.choice((None, now, now - 2, now - 70, now - 5 * HOUR, now + 200, now - 40 * DAY))
    buckets = {dice.randrange(-3, 3): 1.0 for _ in range(3)}
    histogram = ExponentialHistogram(dice.choice((2, 6, 7)), float(len(buckets)), dice.choice(NUMBERS), buckets)
    is_histogram = kind == HISTOGRAM
    return NewPoint(
        labels_of(tags.items()),
        kind,
        None if is_histogram or dice.random() < 0.1 else dice.choice(NUMBERS),
        at,
        histogram if is_histogram else None,
        is_cumulative=kind != GAUGE and dice.random() < 0.5,
        started=dice.choice((None, now - 1, now - HOUR)),
        source=dice.choice(("", "p", "q")),
        unit=dice.choice((None, "s")),
    )


def random_time(dice: random.Random, now: float) -> int:
    """In nanoseconds, also too late, or too early to be kept."""
    return round((now - dice.choice((0, 0.25, 1, 70, 5 * HOUR, -200, -400, 40 * DAY))) * 1e9)


def random_line(dice: random.Random, now: float) -> NewLogLine:
    time = dice.choice((None, random_time(dice, now)))
    body = dice.choice(("hi", "no 1", "no 2", "lost"))
    return NewLogLine(dice.choice("abcde"), body, time, dice.randrange(25), id=dice.choice((None, None, "p", "q")))


def random_span(dice: random.Random, now: float) -> NewSpan:
    start = random_time(dice, now)
    end = start + round(dice.choice((-1.0, 0.0, 0.1, 0.2, 33.3)) * 1e9)
    span = NewSpan(f"{dice.randrange(5):032x}", f"{dice.randrange(9):016x}", dice.choice("abc"), "GET", start, end)
    return structs.replace(
        span,
        kind=dice.randrange(6),
        status=dice.randrange(3),
        user_id=dice.choice((None, "u", "v")),
        resource=msgspec.Raw(dice.choice((b"{}", b'{"service.version":"1.4.2"}'))),
        events=msgspec.Raw(dice.choice((b"[]", EXCEPTION))),
    )


def random_counted_span(dice: random.Random, now: float) -> CountedSpan:
    return CountedSpan.of(random_span(dice, now))


def random_change(dice: random.Random, now: float) -> NewChange:
    versions = dice.choice((None, None, None, "*", (1, 2, 3), tuple(range(20))))
    conditions = {dice.choice(("if_match", "if_none_match")): versions}
    item = random_resource(dice, now)
    if dice.random() < 0.3:
        return NewChange(item.collection, item.name, who="x", **conditions)
    return NewChange(item.collection, item.name, item.body, item.start, item.end, "x", **conditions)


def random_resource(dice: random.Random, now: float) -> FileResource:
    name, body = f"n{dice.randrange(9)}", {"text": dice.choice("uvw"), "tags": ["é"] * dice.randrange(3)}
    if dice.random() < 0.2:
        return FileResource("rules", name, body)
    start = now - dice.choice((0, 0, 7, HOUR, DAY, 29 * DAY, 40 * DAY))
    return FileResource(ANNOTATIONS.name, name, body, start, start + dice.choice((0, 0, 60, 5 * DAY)))


def random_log(dice: random.Random, steps: int, limits: Limits) -> list[Written]:
    rig = Rig(starts=False, **limits)
    log = recorded(rig)
    play(rig, dice, steps)
    return log


def test_random_logs_have_records_of_every_kind(dice: random.Random) -> None:
    assert {entry.kind for entry in random_log(dice, 2_000, LIMITS)} == KINDS.keys()


@pytest.mark.parametrize(("steps", "limits"), [*[(120, LIMITS)] * 8, (300, {})])
def test_the_same_log_gives_the_same_state(
    steps: int, limits: Limits, dice: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS._replace(limit=5))
    monkeypatch.setattr(late_changes, "MOST_LATE_KEYS", 12)
    plain = check_replicas(dice, random_log(dice, steps, limits), limits)
    assert [part for part in plain if part[0] == ERROR_GROUPS_PART]
    (catalog,) = [part[3] for part in plain if part[0] == CATALOG_PART]
    assert catalog["revision"] > 5


def test_reads_do_not_decide_which_changes_a_sink_gets() -> None:
    rig = Rig(starts=False)
    log = recorded(rig)
    rig.recorder.deliver(NewDelivery("influx:1", [0, 0, 0], [0, 0, 0], 0.0))
    for at, service, user in ((60.2, "a", "u"), (60.4, "b", None), (119.5, "c", "v")):
        rig.clock.set(NOON + at)
        rig.event("view", service, user_id=user, at=NOON + at - 60)
    rig.clock.set(NOON + 119.6)
    rig.recorder.deliver(NewDelivery("influx:1", [0, 0, 0], [NOON + 60, 0, 0], NOON + 100.0))
    rig.event("view", "d", at=NOON + 60)
    plain = replica(log, NOON)
    assert plain.state.sink_progress.late.keys() == {
        (source, (Resolution.MINUTE, NOON)) for source in (SERIES_SOURCE, USERS_SOURCE)
    }

    def read(other: Rig) -> None:
        with other.state.lock:
            other.state.advance(NOON + 200)
            other.state.flush()

    assert canonical(replica(log, NOON, read), NOON + 300) == canonical(plain, NOON + 300)


@pytest.mark.parametrize(("seconds", "history"), [(60, False), pytest.param(120, True, marks=pytest.mark.long)])
def test_the_log_of_the_demo_gives_the_same_state(seconds: float, history: bool, dice: random.Random) -> None:
    log = demo_log(dice, seconds, history=history)
    assert {entry.kind for entry in log} >= {"events", "metrics", "heartbeats", "spans", "logs"}
    check_replicas(dice, log, {})


CHANGES: tuple[Limits, ...] = (
    {"max_services": 2, "max_series": 5, "max_event_types": 1},
    {"max_services": 9, "max_series": 200, "max_event_types": 9, "max_endpoints": 50, "max_service_endpoints": 20},
    {"max_endpoints": 2, "max_service_endpoints": 1},
    {"dedupe_ids": 1, "dedupe_seconds": 0.0},
    {"dedupe_ids": 500, "dedupe_seconds": 9_999.0},
    {"daily_days": 3},
    {"daily_days": 90},
)
"""Settings that change between two runs of the service."""


@pytest.mark.parametrize("runs", [3, pytest.param(30, marks=pytest.mark.long)])
def test_limits_that_change_between_two_runs_apply_from_the_start_of_the_second(runs: int, dice: random.Random) -> None:
    log, limits = random_log(dice, 60, LIMITS), LIMITS
    for _ in range(runs - 1):
        limits = {**limits, **dice.choice(CHANGES)}
        rig = replica(log, NOON, **limits)
        rig.clock.set(log[-1].received + dice.choice((1, HOUR, DAY)))
        log = recorded(rig, log)
        play(rig, dice, 60)
    assert [entry.kind for entry in log].count("starts") == runs
    plain = check_replicas(dice, log, limits)
    assert canonical(rig, log[-1].received + 1_000) == plain
    first = replica(log, NOON, **LIMITS)
    assert canonical(first, log[-1].received + 1_000) == plain, "limits of the process, not those of the log"


def check_replicas(dice: random.Random, log: list[Written], limits: Limits) -> list[Any]:
    """Check that disturbed replicas have the same state as an undisturbed one; returns its canonical form.

    They are made and read before, at and after the times of the log, also by more days than are kept.
    """
    at, later = log[-1].received + 1_000, log[-1].received + 1_000 * DAY
    plain, plain_later = (canonical(replica(log, NOON - 5, **limits), time) for time in (at, later))
    assert len(plain) > 20
    for wall, time, expected in (
        (dice.choice((NOON - DAY, NOON, at - 2_000)), at, plain),
        (later - 2_000, later, plain_later),
    ):
        disturbed = canonical(replica(log, wall, disturbance(dice, log, wall), **limits), time)
        for part, found in zip(expected, disturbed, strict=True):
            assert found == part
    return plain


def test_the_state_does_not_depend_on_hash_seeds(dice: random.Random) -> None:
    log, limits = random_log(dice, 120, LIMITS), LIMITS
    at = log[-1].received + 1_000
    expected = digest(replica(log, NOON, **limits), at)
    given = msgspec.json.encode((NOON + 60.5, at, limits, log))
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-m", "tests.log.disk.replica"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            input=given,
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert found.stdout.decode().strip() == expected, found.stderr.decode()


@pytest.mark.parametrize("days", [3, 7, 90])
def test_entries_after_a_checkpoint_are_replayed_with_the_days_of_the_log(days: int) -> None:
    rig = Rig(starts=False, daily_days=7)
    log, checkpoint = recorded(rig), Checkpoint(rig.state, rig.recorder)

    def record(name: str) -> None:
        rig.event(name, name, at=rig.clock.wall() - 5 * DAY)
        with pytest.raises(Refused):
            rig.event(name, name, at=rig.clock.wall() - 8 * DAY)

    record("before")
    with rig.state.lock:
        parts, before = list(checkpoint.parts(checkpoint.take_unsaved())), len(log)
    for name in ("a", "b", "c"):
        rig.clock.advance(DAY)
        record(name)
    copy = Rig(starts=False, daily_days=days)
    rig.checkpoint, copy.checkpoint = checkpoint, Checkpoint(copy.state, copy.recorder)  # type: ignore[attr-defined]
    copy.checkpoint.restore(parts)  # type: ignore[attr-defined]
    replay(copy, log[before:])
    assert canonical(copy, rig.clock.wall()) == canonical(rig, rig.clock.wall())
    assert {service for _, service, _ in copy.state.series.totals} == {EVERY_SERVICE, "b", "c"}, "others have expired"
    copy.clock.set(rig.clock.wall())
    copy.recorder.start()
    assert copy.state.oldest == MIDNIGHT + (3 - days + 1) * DAY, "the next start has limits of its own"


def test_a_replay_with_more_days_counts_nothing_that_was_refused() -> None:
    rig = Rig(starts=False, daily_days=7)
    log = recorded(rig)
    with pytest.raises(Refused):
        rig.event("old", at=NOON - 30 * DAY)
    rig.event("new")
    again = replica(log, NOON, daily_days=90)
    assert again.stats()["totals"]["events"] == rig.stats()["totals"]["events"] == 1

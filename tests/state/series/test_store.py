"""The series store: series that come and go, their ids, percentiles, stale markers, and restored stores."""

import random
from typing import Any

import numpy as np
import pytest

from analytics.points import COUNTER, GAUGE, HISTOGRAM, ExponentialHistogram
from analytics.state.rollup import Bucket
from analytics.state.series.increases import FEW_SOURCES, LONGEST_SILENCE, SourceTotal
from analytics.state.series.matchers import equal
from analytics.state.series.stored import dumped, dumped_content, loaded_content, restore
from tests.state.series.rig import LEVELS, START, Rig, series

DAY, HOUR = 86_400, 3_600
EVERY = np.zeros(0, np.int32)


def parts(rig: Rig) -> dict[Any, bytes]:
    """All of a store as in a checkpoint."""
    store = rig.store
    tables = {
        (kind, level, start): dumped_content(content)
        for kind, buckets in store.buckets.items()
        for level in range(len(LEVELS))
        for start in buckets.starts(level)
        if (content := buckets.content(Bucket(level, start))) is not None
    }
    return {**tables, "rest": dumped(store)}


def copied(rig: Rig) -> Rig:
    """A rig whose store is restored from the parts of another one."""
    found = parts(rig)
    rest = found.pop("rest")
    contents: dict[str, dict[Bucket, Any]] = {}
    for (kind, level, start), body in found.items():
        contents.setdefault(kind, {})[Bucket(level, start)] = loaded_content(kind, body)
    copy = Rig(rig.now)
    restore(copy.store, rest, contents)
    return copy


def act(rig: Rig, dice: random.Random) -> None:
    """One random record."""
    number, later = dice.randrange(6), dice.choice((0, 0, 0.3, 1, 5, 61, 400, HOUR, 30 * HOUR))
    rig.at(rig.now + later)
    at = rig.now - dice.choice((0, 0, 0, 2, 70, HOUR, -100))
    if rig.store.ids.size > 4 and dice.random() < 0.1:
        rig.store.make_room(dice.randrange(3), rig.now)
    match dice.randrange(6):
        case 0:
            rig.gauge(series("g", host=f"{number}"), dice.choice((0.1, 0.2, 0.3, 1e17, -1.0)), at=at)
        case 1:
            rig.counter(series("c_total", host=f"{number}"), dice.random(), at=at)
        case 2:
            buckets = {dice.randrange(5): 1.0, dice.randrange(5) + 5: dice.choice((2.0, 0.5))}
            found = ExponentialHistogram(dice.choice((2, 6, 8)), sum(buckets.values()), 7.7, buckets)
            rig.histogram(series("h", host=f"{number}"), found, at=at)
        case 3:
            at = max(at, START)
            known = rig.store.add(series("t_total", host=f"{number}"), COUNTER, rig.now)
            total = SourceTotal(at, float(dice.randrange(90)), dice.choice((None, None, at)))
            rig.total(known, dice.choice("ab"), total)
        case 4:
            rig.store.keep_percentiles(dice.choice("gx"))
        case 5:
            for known in rig.store.select([equal("host", f"{number}")]).tolist():
                rig.store.end(known, at)


@pytest.mark.parametrize("seed", range(12))
def test_a_restored_store_continues_like_the_original(seed: int) -> None:
    dice = random.Random(seed)
    rig = Rig()
    for _ in range(60):
        act(rig, dice)
    copy = copied(rig)
    assert parts(copy) == parts(rig)
    state = dice.getstate()
    for each in (rig, copy):
        dice.setstate(state)
        for _ in range(60):
            act(each, dice)
    assert parts(copy) == parts(rig)


def test_ids_expire_with_their_last_day_and_are_used_again() -> None:
    rig = Rig()
    first = rig.gauge(series("cpu", host="a"), 1.0)
    rig.at(START + 5 * DAY)
    assert len(rig.store) == 0
    assert rig.store.kind_of("cpu") is None
    for second in range(1, 4):
        rig.at(START + 5 * DAY + second)
    assert rig.counter(series("hits_total"), 1.0) == first
    assert rig.store.totals(np.array([first], np.int32)).tolist() == [1.0]


def test_silent_series_make_room_and_their_figures_are_swept() -> None:
    rig = Rig()
    for hour in range(4):
        rig.at(START + hour * HOUR).gauge(series("cpu", host="long"), 1.0)
    short = rig.gauge(series("cpu", host="short"), 1.0)
    alive = rig.at(rig.now + 290).gauge(series("cpu", host="alive"), 1.0)
    assert rig.store.make_room(3, rig.now) == 0, "silent for less than five minutes"
    rig.at(rig.now + 11)
    assert rig.store.make_room(3, rig.now) == 1, "one was silent for longer than it lived"
    assert rig.store.evicted == 1
    assert series("cpu", host="short") not in rig.store.ids
    for _ in range(400):
        rig.at(rig.now + 1)
        assert rig.gauge(series("cpu", host="alive"), 1.0) == alive
        other = rig.gauge(series("cpu", host="other"), 5.0)
        assert other != short
    fresh = rig.gauge(series("cpu", host="fresh"), 7.0)
    assert fresh == short
    for level in range(4):
        window = rig.store.window(GAUGE, level, START, rig.now + 1)
        found = window.matrix(np.array([fresh], np.int32), "sum")
        assert found.values.sum() == 7.0
        assert window.distributions(np.array([fresh], np.int32)).counts.sum() == (1.0 if level < 2 else 0.0)


def test_ids_are_used_again_while_series_come_and_go() -> None:
    rig = Rig()
    for generation in range(60):
        if generation > 2:
            rig.store.make_room(20, rig.now)
        for _ in range(10):
            for host in range(20):
                rig.gauge(series("cpu", host=f"{generation}-{host}"), float(generation))
            rig.at(rig.now + 35)
            rig.at(rig.now + 35)
    assert len(rig.store) <= 80
    assert rig.store.ids.size <= 100, "of 1,200 series that came"
    ids = rig.store.select([equal("host", "59-7")])
    for level in range(4):
        figures = rig.store.window(GAUGE, level, START, rig.now + 1).matrix(ids, "max")
        assert set(figures.values[figures.present].tolist()) <= {59.0}, "no figures of who had the id before"


def test_percentiles_of_gauges_are_kept_by_hours_and_days_once_they_were_asked() -> None:
    rig = Rig()
    for minute in range(70):
        rig.at(START + 60 * minute).gauge(series("cpu"), float(minute))
        rig.gauge(series("mem"), 1.0)

    def counts(level: int, name: str) -> list[float]:
        rows = rig.store.window(GAUGE, level, START, rig.now + 1).distributions(
            rig.store.select([equal("__name__", name)])
        )
        return np.bincount(rows.buckets, rows.counts).tolist()

    assert counts(2, "cpu") == []
    rig.store.keep_percentiles("cpu")
    assert counts(2, "cpu") == [60, 10]
    assert counts(3, "cpu") == [70]
    rig.at(START + 2 * HOUR)
    assert counts(2, "cpu") == [60, 10]
    assert counts(3, "cpu") == [70]
    assert counts(2, "mem") == []


def test_a_point_of_a_gauge_is_repeated_if_the_series_has_one_of_its_time() -> None:
    rig = Rig()
    number = rig.gauge(series("cpu"), 1.0, at=START)
    assert rig.store.is_repeated(number, START)
    assert not rig.store.is_repeated(number, START + 0.5)
    rig.at(START + 30).gauge(series("cpu"), 1.0, at=START + 20.25)
    assert [rig.store.is_repeated(number, START + at) for at in (0, 10, 20.25, 20.5, 30)] == [
        True,
        False,
        True,
        False,
        False,
    ]


def test_totals_never_fall_and_include_what_a_source_had_counted_before() -> None:
    rig = Rig()
    number = rig.store.add(series("hits_total"), COUNTER, rig.now)
    found = []
    for second, value in enumerate((100.0, 105.0, 3.0, 4.0)):
        rig.at(START + second)
        rig.total(number, "", SourceTotal(rig.now, value))
        found += rig.store.totals(np.array([number], np.int32)).tolist()
    assert found == [100.0, 105.0, 108.0, 109.0]
    window = rig.store.window(COUNTER, 0, START, rig.now + 1)
    assert window.matrix(np.array([number], np.int32), "increase").values.ravel().tolist() == [0.0, 5.0, 3.0, 1.0]


def test_stale_markers_say_since_when_values_are_hidden() -> None:
    rig = Rig()
    number = rig.gauge(series("cpu"), 1.0)
    rig.store.end(number, START + 5)
    rig.store.end(number, START + 2)
    assert rig.store.ended(np.array([number], np.int32)).tolist() == [START + 5]


def test_old_sketches_have_half_the_resolution_and_all_counts() -> None:
    rig, number = Rig(), 0
    for hour in range(40):
        rig.at(START + hour * HOUR)
        number = rig.histogram(series("h"), ExponentialHistogram(6, 5.0, 9.0, {10: 1.0, 11: 2.0, hour + 20: 2.0}))
    ids = np.array([number], np.int32)
    for _ in range(40):
        rig.at(rig.now + 1)
    found = rig.store.window(HISTOGRAM, 2, START, rig.now).distributions(ids)
    assert np.bincount(found.buckets, weights=found.counts).tolist() == [5.0] * 40
    assert sorted(set(found.scales[found.buckets < 15].tolist())) == [5]
    assert sorted(set(found.scales[found.buckets >= 15].tolist())) == [6]
    first = found.counts[found.buckets == 0]
    assert first.tolist() == [3.0, 2.0], "indexes 10 and 11 are one bucket at scale 5"
    rig.histogram(series("h"), ExponentialHistogram(6, 1.0, 9.0, {11: 1.0}), at=START)
    late = rig.store.window(HISTOGRAM, 2, START, START + HOUR).distributions(ids)
    assert late.counts.tolist() == [4.0, 2.0]
    assert parts(copied(rig)) == parts(rig)


def test_histograms_of_different_scales_are_merged_at_the_coarser_one() -> None:
    rig = Rig()
    number = rig.histogram(series("h"), ExponentialHistogram(6, 2.0, 9.0, {8: 1.0, 9: 1.0}))
    rig.histogram(series("h"), ExponentialHistogram(4, 3.0, 9.0, {2: 2.0}, {0: 1.0}))
    other = rig.histogram(series("h", host="b"), ExponentialHistogram(7, 1.0, 9.0, {17: 1.0}))
    rig.at(START + 61)
    rows = rig.store.window(HISTOGRAM, 1, START, START + 1).distributions(np.array([number, other], np.int32))
    assert rows.series.tolist() == [0, 0, 1]
    assert rows.counts.tolist() == [1.0, 4.0, 1.0]
    assert rows.scales.tolist() == [4, 4, 6]
    offset = 1 << 18
    assert rows.keys.tolist() == [-offset, offset + 2, offset + 8]
    sums = rig.store.window(HISTOGRAM, 1, START, START + 1).matrix(np.array([number], np.int32), "sum")
    assert sums.values.tolist() == [[18.0]]


def test_a_restored_store_knows_what_was_forgotten() -> None:
    rig = Rig()
    increases = rig.store.increases
    increases.recorded_since = START - 9
    number = rig.counter(series("hits_total"), 1.0)
    for start in range(FEW_SOURCES):
        rig.store.rise(number, str(start), SourceTotal(START + start, 1.0, START - 5))
    rig.store.rise(number, "new", SourceTotal(START + FEW_SOURCES + LONGEST_SILENCE, 1.0))
    increases.forgotten = START - 7
    copy = copied(rig).store.increases
    assert copy.silent(number) == increases.silent(number) == START + FEW_SOURCES - 1
    assert (copy.forgotten, copy.recorded_since) == (START - 7, START - 9)
    assert parts(copied(rig)) == parts(rig)

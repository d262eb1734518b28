"""Late totals of counters: their part of the increase moves to their time, and the sum stays true."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from analytics.points import ExponentialHistogram
from analytics.state.series.increases import REMEMBERED, Increases, SourceTotal

Sample = tuple[int, float, float | None]
"""Time, total, and since when it counts."""


def counted(samples: Iterable[Sample], recorded_since: float | None = None) -> tuple[dict[float, float], float]:
    """Increases by time, and the baseline, of totals in the order in which they arrive."""
    increases, newest = Increases(), None
    increases.recorded_since = recorded_since
    found, baseline = Counter[float](), 0.0
    for at, value, started in samples:
        rise = increases.rise(0, "a", SourceTotal(at, value, started), newest)
        newest = max(newest or at, at)
        if rise is not None:
            found[at] += rise.increase
            found[rise.later_at] += rise.later
            baseline += rise.baseline
    return {at: increase for at, increase in found.items() if increase}, baseline


def plain(*samples: tuple[int, float]) -> list[Sample]:
    return [(at, value, None) for at, value in samples]


def test_a_late_total_takes_its_part_of_the_increase() -> None:
    assert counted(plain((1, 5), (4, 20), (2, 7), (3, 15))) == ({2: 2, 3: 8, 4: 5}, 5)


def test_a_late_total_reveals_a_reset() -> None:
    assert counted(plain((1, 5), (4, 20), (2, 9), (3, 1))) == ({2: 4, 3: 1, 4: 19}, 5)
    assert counted(plain((1, 5), (3, 2), (2, 9))) == ({2: 4, 3: 2}, 5)


def test_a_total_before_the_first_is_the_baseline_in_its_place() -> None:
    assert counted(plain((3, 20), (2, 15), (4, 21))) == ({3: 5, 4: 1}, 15)


def test_a_total_before_the_first_that_counted_as_a_whole_takes_its_part() -> None:
    assert counted([(13, 9, 10), (12, 4, 10), (14, 10, 10)], 1) == ({12: 4, 13: 5, 14: 1}, 0)
    assert counted([(13, 9, 10), (12, 4, 8)], 1) == ({13: 9}, 0), "of another start: it may have been counted"


def test_what_is_older_than_the_remembered_totals_changes_nothing() -> None:
    late = plain((1, 5), *((at, 10 + at) for at in range(3, 3 + REMEMBERED)), (2, 8))
    assert counted(late) == counted(late[:-1])


def test_late_totals_of_histograms_change_nothing() -> None:
    increases = Increases()
    found = [
        increases.rise(0, "a", SourceTotal(at, count, None, ExponentialHistogram(3, count, count, {1: count})), None)
        for at, count in ((1, 5.0), (3, 9.0), (2, 7.0))
    ]
    assert [each is None for each in found] == [False, False, True]


@st.composite
def histories(draw: st.DrawFn) -> list[Sample]:
    """Totals of a source that restarts now and then, in the order of their times."""
    names_start = draw(st.booleans())
    steps = draw(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(1, 3)), min_size=1, max_size=25))
    at, total, started, found = 100, 0.0, 99.5, list[Sample]()
    for gain, restarts, pause in steps:
        at += pause
        if restarts:
            # a process without a start whose counter passes the old total at once is no reset that anybody sees
            total, started = (0.0, at - 0.5) if names_start or gain < total else (total, started)
        total += gain
        found.append((at, total, started if names_start else None))
    return found


@given(histories(), st.booleans(), st.data())
def test_totals_that_arrive_a_little_late_count_as_in_their_order(
    history: list[Sample], counts_whole: bool, data: st.DataObject
) -> None:
    """Before each, fewer than `REMEMBERED` later ones arrive; some arrive again."""
    arrived: list[Sample] = []
    waiting = list(history)
    while waiting:
        place = data.draw(st.integers(0, min(len(waiting), REMEMBERED) - 1))
        if len({at for at, *_ in arrived if at > waiting[0][0]}) >= REMEMBERED - 1:
            place = 0
        arrived.append(waiting.pop(place))
        if data.draw(st.booleans()):
            arrived.append(data.draw(st.sampled_from(arrived[-REMEMBERED:])))
    since = 1.0 if counts_whole and history[0][2] == history[-1][2] else None
    assert counted(arrived, since) == counted(history, since)


@given(histories(), st.randoms(use_true_random=False))
def test_totals_in_any_order_never_count_more_than_there_was(history: list[Sample], dice: object) -> None:
    shuffled = list(history)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    increases, _ = counted(shuffled)
    truth, _ = counted(history)
    assert sum(increases.values()) <= sum(truth.values())
    assert min(increases.values(), default=0) >= 0

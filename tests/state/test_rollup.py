"""The rollup, compared with a model that keeps every observation."""

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.rollup import Level, Rollup
from tests.state.rig import DAY, HOUR, MIDNIGHT, MINUTE, NOON

REAL = (Level(1, 120), Level(MINUTE, 180), Level(HOUR, 168), Level(DAY, 90))
SHORT = (Level(1, 5), Level(4, 3), Level(12, 4), Level(48, 3))
WITHOUT_SECONDS = REAL[1:]


class Bag:
    """A cell that counts how often each observation was merged into it."""

    def __init__(self, observations: Iterable[int] = ()) -> None:
        self.observations = Counter(observations)

    def merge(self, other: "Bag") -> None:
        self.observations.update(other.observations)

    def copy(self) -> "Bag":
        return Bag(self.observations.elements())

    def compact(self) -> None:
        pass


class Walk:
    """A rollup and its model, changed together."""

    def __init__(self, levels: tuple[Level, ...], now: float) -> None:
        self.rollup: Rollup[str, Bag] = Rollup(levels, now)
        self.now = self.latest = now
        self.seen: list[tuple[float, str]] = []
        self.expire()

    def add(self, age: float, key: str) -> None:
        at = self.now - age
        if at >= self.rollup.oldest(len(self.rollup.levels) - 1):
            self.rollup.add(at, {key: Bag([len(self.seen)])})
            self.seen.append((at, key))

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.latest = max(self.latest, self.now)
        self.rollup.advance(self.now)
        self.expire()

    def expire(self) -> None:
        size, keep = self.rollup.levels[-1]
        self.rollup.expire(self.latest, int(self.latest // size - keep + 1) * size)

    def expected(self, level: Level) -> dict[tuple[int, str], Counter[int]]:
        """Every observation kept, by bucket and key."""
        oldest = (int(self.latest) // level.size - level.keep + 1) * level.size
        cells: dict[tuple[int, str], Counter[int]] = {}
        for number, (at, key) in enumerate(self.seen):
            start = int(at // level.size) * level.size
            if start >= oldest:
                cells.setdefault((start, key), Counter())[number] += 1
        return cells

    def check(self) -> None:
        rollup = self.rollup
        for index, level in enumerate(rollup.levels):
            expected = self.expected(level)
            asked = {(int(at // level.size) * level.size, key) for at, key in self.seen} | expected.keys()
            found = {
                (start, key): cell.observations
                for start, key in asked
                if (cell := rollup.cell(index, start, key)) is not None
            }
            assert found == expected, level
            everything = rollup.merged(index, sorted({start for start, _ in asked}), ["a", "b"])
            summed: Counter[int] = sum(expected.values(), Counter())
            assert (everything.observations if everything else Counter()) == summed
            assert all(start >= rollup.oldest(index) for start in rollup._tables[index]), "kept after it expired"
        totals: dict[str, Counter[int]] = {}
        for (_, key), bag in self.expected(rollup.levels[-1]).items():
            totals.setdefault(key, Counter()).update(bag)
        assert {key: bag.observations for key, bag in rollup.totals.items()} == totals


quarter = st.integers(0, 3).map(lambda quarters: quarters / 4)
ages = st.builds(
    float.__add__,
    st.one_of(
        st.integers(-300, 130), st.integers(-300, 4 * HOUR), st.integers(0, 8 * DAY), st.integers(0, 91 * DAY)
    ).map(float),
    quarter,
)
jumps = st.one_of(
    st.sampled_from([-400.0, -1.0, 0.25, 1.0, 59.0, 60.0, 119.0, 120.0, 121.0, 3_599.0, 3_600.0, 86_399.0, 86_400.0]),
    st.sampled_from([3 * HOUR, 7 * DAY, 30 * DAY, 89 * DAY, 90 * DAY]).map(float),
    st.integers(0, 200).map(float),
)
steps = st.lists(
    st.tuples(st.just("add"), ages, st.sampled_from("ab")) | st.tuples(st.just("advance"), jumps),
    min_size=1,
    max_size=25,
)
starts = st.sampled_from([NOON, MIDNIGHT, MIDNIGHT - 1.5, NOON - 0.25, NOON + 59.75])


def play(levels: tuple[Level, ...], now: float, script: list[tuple[object, ...]], scale: float = 1.0) -> None:
    walk = Walk(levels, now)
    for step in script:
        match step:
            case ("add", float(age), str(key)):
                walk.add(age * scale, key)
            case ("advance", float(seconds)):
                walk.advance(seconds * scale)
        walk.check()


@given(starts, steps)
def test_every_level_matches_the_model(now: float, script: list[tuple[object, ...]]) -> None:
    play(REAL, now, script)


@given(starts, steps)
def test_levels_that_begin_with_minutes_match_the_model(now: float, script: list[tuple[object, ...]]) -> None:
    play(WITHOUT_SECONDS, now, script)


short_steps = st.lists(
    st.tuples(st.just("add"), st.integers(-60, 600).map(lambda n: n / 4), st.sampled_from("ab"))
    | st.tuples(st.just("advance"), st.integers(-8, 80).map(lambda n: n / 4)),
    min_size=1,
    max_size=60,
)


@given(st.integers(0, 200).map(lambda n: 960 + n / 4), short_steps)
def test_short_levels_match_the_model_while_everything_expires(now: float, script: list[tuple[object, ...]]) -> None:
    play(SHORT, now, script)


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("age", [0, 0.5])
def test_a_bucket_is_kept_exactly_until_it_expires(level: int, age: float) -> None:
    size, keep = REAL[level]
    walk = Walk(REAL, MIDNIGHT)
    walk.add(-age, "a")
    walk.advance(size * keep - 0.25)
    assert walk.rollup.cell(level, MIDNIGHT, "a") is not None
    walk.advance(0.25)
    assert walk.rollup.cell(level, MIDNIGHT, "a") is None
    walk.check()


@pytest.mark.parametrize("level", range(4))
def test_a_late_observation_lands_in_the_oldest_bucket_that_is_kept(level: int) -> None:
    size, keep = REAL[level]
    walk = Walk(REAL, NOON)
    oldest = NOON // size * size - size * (keep - 1)
    assert walk.rollup.oldest(level) == oldest
    walk.add(NOON - oldest, "a")
    walk.check()
    assert walk.rollup.cell(level, oldest, "a") is not None


def test_keys_are_forgotten_when_their_last_cell_expires() -> None:
    walk = Walk(REAL, MIDNIGHT)
    walk.add(0, "a")
    walk.add(0, "b")
    walk.advance(DAY)
    walk.add(0, "b")
    walk.advance(89 * DAY - 0.25)
    assert set(walk.rollup.totals) == {"a", "b"}
    walk.advance(0.25)
    assert set(walk.rollup.totals) == {"b"}
    assert walk.rollup.totals["b"].observations == Counter([2])
    walk.advance(DAY)
    assert walk.rollup.totals == {}
    assert not any(walk.rollup._tables)


def test_a_key_is_kept_if_it_has_observations_ahead_of_time() -> None:
    walk = Walk(REAL, MIDNIGHT)
    walk.add(0, "a")
    walk.advance(90 * DAY - 10)
    walk.add(-100, "a")
    walk.advance(10)
    walk.check()
    assert walk.rollup.totals["a"].observations == Counter([1])


def test_steady_traffic_keeps_at_most_the_buckets_of_its_levels() -> None:
    walk = Walk(SHORT, 0)
    for _ in range(1_000):
        walk.add(0, "a")
        assert all(len(table) <= level.keep for table, level in zip(walk.rollup._tables, SHORT, strict=True))
        walk.advance(1)
    assert walk.rollup.totals["a"].observations.total() == 1_000 - 18 * 48


@pytest.mark.parametrize("level", range(4))
def test_closing_buckets_drops_none(level: int) -> None:
    walk = Walk(REAL, MIDNIGHT)
    walk.add(0, "a")
    walk.rollup.advance(MIDNIGHT + 1_000 * DAY)
    walk.add(MINUTE, "b")
    walk.check()
    assert walk.rollup.cell(level, MIDNIGHT, "a") is not None


def test_answers_are_copies() -> None:
    walk = Walk(REAL, NOON)
    walk.add(0, "a")
    cell = walk.rollup.cell(0, NOON, "a")
    assert cell is not None
    cell.merge(Bag([99]))
    walk.check()


def test_an_added_cell_is_copied() -> None:
    rollup: Rollup[str, Bag] = Rollup(REAL, NOON)
    mine = Bag([1])
    rollup.add(NOON, {"a": mine})
    mine.merge(Bag([2]))
    rollup.add(NOON - 5, {"a": mine})
    assert rollup.totals["a"].observations == Counter([1, 1, 2])


def test_a_clock_that_goes_back_reopens_nothing() -> None:
    walk = Walk(REAL, MIDNIGHT)
    walk.add(0, "a")
    walk.advance(-3600)
    assert walk.rollup.open(0) == MIDNIGHT
    walk.add(0, "a")
    walk.check()
    assert walk.rollup.cell(2, MIDNIGHT - HOUR, "a") is not None

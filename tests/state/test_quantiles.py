"""The quantile sketch: exact merges in any order and grouping, small errors, bounded size."""

import random
from math import inf, isfinite

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.quantiles import MAX_BUCKETS, SMALLEST, Quantiles

ERROR = 0.0055
"""Error at a base of 2^(1/64): (base - 1) / (base + 1), and a little for rounding."""
SHARES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)

plain = st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6), max_size=30)
"""Including negative, zero, subnormal and huge values."""


@st.composite
def spans(draw: st.DrawFn) -> list[float]:
    """Values spread evenly over many powers of two: alone or together they exceed the buckets."""
    low, octaves = draw(st.integers(-990, 900)), draw(st.integers(1, 120))
    sign, count = draw(st.sampled_from((-1, 1))), draw(st.integers(1, 1_500))
    return [sign * 2.0 ** (low + octaves * i / count) for i in range(count)]


parts = st.lists(st.tuples(plain | spans(), st.integers(1, 5), st.booleans()), min_size=1, max_size=6)
"""Values, the weight of each, and whether their sketch is compacted before it is merged."""


def sketch_of(values: list[float], weight: int = 1) -> Quantiles:
    sketch = Quantiles()
    sketch.add(values, weight)
    return sketch


def merged_at_random(sketches: list[Quantiles], dice: random.Random) -> Quantiles:
    """One sketch of all: random pairs are merged until one is left."""
    heap = list(sketches)
    while len(heap) > 1:
        dice.shuffle(heap)
        one, other = heap.pop(), heap.pop()
        one.merge(other)
        if dice.random() < 0.3:
            one.compact()
        heap.append(one)
    return heap[0]


@given(parts, st.integers(0, 2**32).map(random.Random))
def test_merging_in_any_order_and_grouping_gives_the_sketch_of_all_values(
    given_parts: list[tuple[list[float], int, bool]], dice: random.Random
) -> None:
    everything = Quantiles()
    sketches = []
    for values, weight, compacted in given_parts:
        everything.add(values, weight)
        sketch = sketch_of(values, weight)
        if compacted:
            sketch.compact()
        sketches.append(sketch)
    merged = merged_at_random(sketches, dice)
    assert merged.pack() == everything.pack()
    assert merged.count == everything.count == sum(len(values) * weight for values, weight, _ in given_parts)
    assert merged.at(*SHARES) == everything.at(*SHARES)


@given(st.lists(spans(), min_size=2, max_size=4))
def test_adding_bit_by_bit_gives_the_sketch_of_all_values_beyond_its_buckets_too(spread: list[list[float]]) -> None:
    values = [value for span in spread for value in span]
    bit_by_bit = Quantiles()
    for start in range(0, len(values), 97):
        bit_by_bit.add(values[start : start + 97])
    assert bit_by_bit.pack() == sketch_of(values).pack()


def test_merging_does_not_change_the_other_sketch() -> None:
    one, other = sketch_of([1.0, 2.0]), sketch_of([3.0, -4.0, 0.0])
    before = other.pack()
    one.merge(other)
    one.add([3.0])
    assert other.pack() == before
    assert other.count == 3


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60), st.sampled_from(SHARES))
def test_a_quantile_is_within_its_error_of_a_value_of_that_rank(values: list[float], share: float) -> None:
    ordered = sorted(values)
    (found,) = sketch_of(values).at(share)
    assert found is not None
    rank = int(share * (len(values) - 1))
    near = [0.0 if abs(value) <= SMALLEST else value for value in ordered[rank : rank + 2]]
    assert any(abs(found - value) <= ERROR * abs(value) for value in near), (found, near)


@pytest.mark.parametrize("value", [2.0**1023, 1.1e308, 1.7e308, -1.7e308])
def test_the_greatest_numbers_have_finite_quantiles_too(value: float) -> None:
    (found,) = sketch_of([value] * 3).at(0.5)
    assert found is not None
    assert isfinite(found)
    assert found == pytest.approx(value, rel=ERROR)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([10, 1000], 0.99, 1000),
        ([10, 1000], 0.5, 10),
        ([10, 20, 30], 0.5, 20),
        ([10, 20, 30, 40], 0.95, 40),
        (list(range(1, 101)), 0.99, 99),
        (list(range(1, 101)), 0.95, 95),
        ([-5, 0, 5], 0.0, -5),
        ([-5, 0, 5], 0.5, 0),
        ([-5, 0, 5], 1.0, 5),
        ([7], 0.99, 7),
    ],
)
def test_a_quantile_is_the_value_of_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert sketch_of(values).at(share) == [pytest.approx(expected, rel=ERROR)]


def samples() -> dict[str, np.ndarray]:
    dice = np.random.default_rng(7)
    return {
        "normal": dice.normal(100, 15, 100_000),
        "normal around zero": dice.normal(0, 10, 100_000),
        "log-normal": dice.lognormal(3, 1.2, 100_000),
        "bimodal": np.concatenate([dice.normal(20, 2, 70_000), dice.normal(900, 60, 30_000)]),
    }


@pytest.mark.parametrize(("name", "sample"), samples().items())
def test_percentiles_are_within_one_percent_of_exact(name: str, sample: np.ndarray) -> None:
    shares = (0.5, 0.95, 0.99) if name != "normal around zero" else (0.95, 0.99)
    ordered = np.sort(sample)
    exact = [float(ordered[int(share * (len(sample) - 1))]) for share in shares]
    merged = Quantiles()
    for chunk in np.array_split(sample, 50):
        merged.merge(sketch_of(chunk.tolist()))
    assert merged.at(*shares) == [pytest.approx(value, rel=0.01) for value in exact]


@given(plain | spans(), st.booleans())
def test_a_packed_sketch_unpacks_to_the_same_sketch(values: list[float], compacted: bool) -> None:
    sketch = sketch_of(values)
    before = sketch.at(*SHARES)
    if compacted:
        sketch.compact()
    again = Quantiles.unpack(sketch.pack())
    assert again.pack() == sketch.pack()
    assert again.at(*SHARES) == sketch.at(*SHARES) == before
    again.add([1.5])
    assert again.count == len(values) + 1


def test_a_packed_sketch_unpacks_when_values_are_added() -> None:
    sketch = sketch_of([1.0, 2.0])
    sketch.compact()
    sketch.compact()
    sketch.add([3.0], weight=2)
    assert sketch.pack() == sketch_of([1.0, 2.0, 3.0, 3.0]).pack()


@pytest.mark.parametrize("packed", [b"", b"nonsense", msgspec.msgpack.encode((1, 2)), msgspec.msgpack.encode({})])
def test_an_invalid_packed_sketch_is_refused_when_it_is_used(packed: bytes) -> None:
    sketch = Quantiles.unpack(packed)
    with pytest.raises(msgspec.DecodeError):
        sketch.at(0.5)


def test_hostile_ranges_stay_within_their_buckets(dice: random.Random) -> None:
    sketch = Quantiles()
    for _ in range(10):
        sketch.add([dice.choice((-1, 1)) * 2.0 ** dice.uniform(-1074, 1023.9) for _ in range(5_000)])
        _, _, positive, negative = msgspec.msgpack.decode(sketch.pack(), strict=False, type=tuple)
        assert len(positive) <= MAX_BUCKETS
        assert len(negative) <= MAX_BUCKETS
    assert sketch.count == 50_000
    assert len(sketch.pack()) < 40_000


@pytest.mark.parametrize("sign", [-1, 1])
def test_either_sign_alone_stays_within_its_buckets_too(sign: int) -> None:
    values = [sign * 2.0 ** (-900 + 1_800 * step / 9_999) for step in range(10_000)]
    sketch = sketch_of(values)
    _, _, positive, negative = msgspec.msgpack.decode(sketch.pack(), strict=False, type=tuple)
    assert MAX_BUCKETS / 2 < max(len(positive), len(negative)) <= MAX_BUCKETS
    (middle,) = sketch.at(0.5)
    assert middle is not None
    assert 2.0**-2 < sign * middle < 2.0**2


def test_ordinary_latencies_keep_the_full_resolution() -> None:
    sketch = sketch_of([0.001 * 1.01**step for step in range(2_000)])
    assert sketch.at(0.5) == [pytest.approx(0.001 * 1.01**999, rel=ERROR)]


def test_an_empty_sketch_has_no_quantiles() -> None:
    assert Quantiles().at(0.5, 0.99) == [None, None]
    assert Quantiles().count == 0


@pytest.mark.parametrize("value", [0.0, -0.0, SMALLEST, -SMALLEST, 5e-324])
def test_negligible_values_count_as_zero(value: float) -> None:
    assert sketch_of([value]).at(0.5) == [0.0]
    assert inf not in sketch_of([value]).at(0.0, 1.0)

"""Dense sketches, compared with sparse ones and with a plain count."""

from collections import Counter
from math import ceil, log2

from hypothesis import example, given
from hypothesis import strategies as st

from analytics.points import ExponentialHistogram
from analytics.state.quantiles import Quantiles
from analytics.state.series.dense import MAX_SPAN, DenseSketch

near = st.floats(1e-4, 1e4) | st.floats(-1e4, -1e-4) | st.sampled_from([0.0, 1.0, 2.0**-1050, -4.0])
far = near | st.floats(allow_nan=False, allow_infinity=False)


def sketch_of(values: list[float]) -> DenseSketch:
    sketch = DenseSketch()
    sketch.add(values)
    return sketch


@given(st.lists(near, max_size=40))
def test_it_has_the_buckets_of_a_sparse_sketch(values: list[float]) -> None:
    sparse = Quantiles()
    sparse.add(values)
    assert sketch_of(values).buckets == sparse.buckets
    assert sketch_of(values).buckets.values == len(values)


@given(st.lists(far, max_size=12), st.randoms(use_true_random=False))
@example([2.0**-900, 2.0**900, -(2.0**900), -(2.0**-900)], None)
def test_it_depends_on_the_values_and_not_on_their_order(values: list[float], random: object) -> None:
    shuffled = list(reversed(values)) if random is None else random.sample(values, len(values))  # type: ignore[attr-defined]
    found = sketch_of(values).buckets
    assert sketch_of(shuffled).buckets == found
    for counts in (found.positive, found.negative):
        assert not counts or max(counts) - min(counts) < MAX_SPAN
    factor = 2.0**found.scale
    assert found.positive == Counter(ceil(log2(value) * factor) - 1 for value in values if value > 2.0**-1000)


histograms = st.builds(
    lambda scale, positive, negative: ExponentialHistogram(scale, 0.0, 0.0, positive, negative, 1.5),
    st.integers(-2, 9),
    st.dictionaries(st.integers(-9_000, 9_000), st.sampled_from([0.0, 0.5, 1.0, 7.0]), max_size=5),
    st.dictionaries(st.integers(-90, 90), st.sampled_from([1.0, 2.5]), max_size=3),
)


@given(st.lists(histograms, max_size=4))
def test_histograms_of_any_scale_are_merged_exactly(given_: list[ExponentialHistogram]) -> None:
    sketch = DenseSketch()
    for histogram in given_:
        sketch.merge(histogram)
    found = sketch.buckets
    expected: Counter[int] = Counter()
    for histogram in given_:
        for index, count in histogram.positive.items():
            if count:
                shift = histogram.scale - found.scale
                expected[index >> shift if shift >= 0 else 10**9] += count  # type: ignore[assignment]
    assert found.positive == expected
    assert found.zero == 1.5 * len(given_)


@given(st.lists(far, max_size=12), st.lists(far, max_size=12))
def test_a_packed_one_continues_like_the_original(before: list[float], after: list[float]) -> None:
    sketch = sketch_of(before)
    copy = DenseSketch.unpack(sketch.pack())
    assert copy.buckets == sketch.buckets
    assert copy.extent == sketch.extent
    for each in (sketch, copy):
        each.add(after)
    assert copy.pack() == sketch.pack()

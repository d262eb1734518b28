"""Histograms of durations, in the buckets of Prometheus."""

from math import inf

import pytest

from analytics.own_metrics.histogram import BOUNDS, Histogram


def test_each_bucket_counts_durations_up_to_its_bound() -> None:
    histogram = Histogram()
    for seconds in (0.0, 0.0001, 0.00011, 0.3, 10.0, 10.1, 1e9):
        histogram.observe(seconds)
    counts = dict(histogram.buckets())
    assert counts[0.0001] == 2
    assert counts[0.00025] == counts[0.25] == 3
    assert counts[0.5] == counts[5.0] == 4
    assert counts[10.0] == 5
    assert counts[inf] == 7
    assert histogram.sum == pytest.approx(1e9 + 20.40021)


def test_a_new_histogram_has_all_buckets() -> None:
    assert Histogram().buckets() == [*((bound, 0) for bound in BOUNDS), (inf, 0)]

"""Quantiles of many histograms at once are those of each one."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.promql.dense import DenseHistograms
from analytics.promql.histogram import GAUGE
from analytics.promql.histogram_quantiles import quantile

KEYS = np.array([-3, -1, 0, 2, 5, 9])
"""Buckets in the order of their values: two of negative ones, that of zeros, three of positive ones."""


@given(
    st.lists(st.lists(st.integers(0, 20), min_size=6, max_size=6), min_size=1, max_size=4),
    st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, -1.0, 2.0, math.nan]), st.floats(0, 1)),
    st.integers(0, 3),
)
def test_quantiles_of_all_are_those_of_each(rows: list[list[int]], q: float, schema: int) -> None:
    counts = np.array(rows, float)[None, :, :]
    total = counts.sum(2)
    dense = DenseHistograms(
        schema,
        np.arange(len(rows)),
        np.abs(KEYS),
        np.sign(KEYS),
        np.cumsum(counts, axis=2),
        total,
        total * 2,
        np.ones(1),
        GAUGE,
    )
    for row, found in enumerate(dense.quantiles(q)[0].tolist()):
        expected, _ = quantile(q, dense.at(0, row))
        assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12) or (found != found and expected != expected)

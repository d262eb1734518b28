"""Packing of the rows of sketches: nothing is lost."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.series.packing import packed, unpacked

counts = st.one_of(st.integers(1, 2**50).map(float), st.integers(1, 300).map(float), st.floats(1e-3, 1e6))
rows = st.dictionaries(st.integers(0, 2**45), counts)


@given(rows)
def test_unpacking_gives_the_rows_that_were_packed(found: dict[int, float]) -> None:
    keys = np.array(sorted(found), np.int64)
    figures = np.array([found[key] for key in sorted(found)], np.float64)
    again, counted = unpacked(packed(keys, figures))
    assert again.tolist() == keys.tolist()
    assert counted.tolist() == figures.tolist()


def test_a_row_takes_about_a_byte() -> None:
    keys = np.concatenate([np.arange(100) + (series << 20) for series in range(500)])
    figures = np.tile(np.arange(1.0, 101.0), 500)
    assert len(packed(keys, figures)) < 1.3 * len(keys)

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


def test_rows_that_were_packed_before_counts_were_differences_are_unpacked() -> None:
    old = bytes.fromhex(
        "78019b3269b14da9c9110e4656060606030686498b6b4a0d8f3031314e5a5c536a788499819161d2629b52a3236c29513a0c0c8c0063da0dbd"
    )
    keys, counted = unpacked(old)
    assert keys.tolist() == [1, 2, 5 + (3 << 20)]
    assert counted.tolist() == [100.0, 90.0, 300.0]


def test_neighbouring_counts_take_less_than_apart() -> None:
    keys = np.concatenate([np.arange(500) + (series << 20) for series in range(100)])
    dice = np.random.default_rng(1)
    smooth = dice.poisson(np.tile(400 * np.exp(-(((np.arange(500) - 250) / 100) ** 2) / 2) + 20, 100)).astype(float)
    assert len(packed(keys, smooth)) < 0.85 * len(packed(keys, dice.permutation(smooth)))


def test_a_row_takes_about_a_byte() -> None:
    keys = np.concatenate([np.arange(100) + (series << 20) for series in range(500)])
    figures = np.tile(np.arange(1.0, 101.0), 500)
    assert len(packed(keys, figures)) < 1.3 * len(keys)

"""Points as JSON: each value as Prometheus writes it, whichever way is taken."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.promql.points_json import PointWriter, number_texts, time_text
from analytics.promql.text import plain

WHOLE = st.one_of(
    st.integers(0, 9), st.integers(-20_000, 20_000), st.integers(-(2**53) + 1, 2**53 - 1), st.just(-0.0)
).map(float)
ANY = st.floats()
METRICS = (b'{"a":"1"}', b'{"a":"2"}', b"{}")


@given(
    st.sampled_from([WHOLE, ANY, st.one_of(WHOLE, ANY)]).flatmap(
        lambda value: st.lists(
            st.lists(st.tuples(value, st.booleans()), min_size=4, max_size=4).filter(
                lambda row: any(there for _, there in row)
            ),
            min_size=1,
            max_size=3,
        )
    ),
    st.booleans(),
    st.lists(st.integers(-(10**13), 10**13), min_size=4, max_size=4),
)
def test_series_are_written_point_by_point(
    rows: list[list[tuple[float, bool]]], is_complete: bool, times: list[int]
) -> None:
    values = np.array([[value for value, _ in row] for row in rows])
    present = np.array([[there or is_complete for _, there in row] for row in rows])
    written = PointWriter(np.array(times)).series(METRICS[: len(rows)], values, present)
    expected = [
        b'{"metric":%b,"values":[%b]}'
        % (
            metric,
            b",".join(
                b'[%b,"%b"]' % (time_text(at), plain(float(value)).encode())
                for at, value, there in zip(times, row, mask, strict=True)
                if there
            ),
        )
        for metric, row, mask in zip(METRICS, values, present, strict=False)
    ]
    assert written == b",".join(expected)
    alone = PointWriter(np.array(times)).points(values[0], present[0])
    assert alone == expected[0].partition(b'"values":')[2][:-1]
    json.loads(b"[" + written + b"]")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, b"0"),
        (-0.0, b"-0"),
        (10_000.0, b"10000"),
        (-100_000_001.0, b"-100000001"),
        (2.0**53 - 1, b"9007199254740991"),
        (1e21, b"1000000000000000000000"),
        (0.1, b"0.1"),
        (1e-7, b"0.0000001"),
        (math.nan, b"NaN"),
        (-math.inf, b"-Inf"),
    ],
)
def test_numbers_are_written_as_prometheus_writes_them(value: float, text: bytes) -> None:
    assert number_texts(np.array([value])) == [text]
    every = np.ones((1, 2), bool)
    both = PointWriter(np.array([0, 1_500])).series([b"{}"], np.array([[value, 0.0]]), every)
    assert both == b'{"metric":{},"values":[[0,"%b"],[1.500,"0"]]}' % text

"""Figures that several queries share."""

import pytest

from analytics.query.figures import error_rate, latency_figures, number, rounded
from analytics.state.cells import Cell


@pytest.mark.parametrize(("value", "expected"), [(3.0, 3), (0.0, 0), (2.5, 2.5), (-4.0, -4), (1e100, 1e100), (7, 7)])
def test_whole_numbers_are_integers(value: float, expected: float) -> None:
    assert number(value) == expected
    assert isinstance(number(value), int) == (isinstance(expected, int))


@pytest.mark.parametrize(("value", "expected"), [(None, None), (1.23456, 1.235), (2.0, 2.0)])
def test_rounding_keeps_none(value: float | None, expected: float | None) -> None:
    assert rounded(value) == expected


@pytest.mark.parametrize(
    ("requests", "errors", "rate"),
    [(0, 0, 0.0), (10, 0, 0.0), (10, 5, 50.0), (3, 1, 33.333), (3, 5, 100.0), (0, 1, 100.0), (1_000_000, 1, 0.0)],
)
def test_error_rates_are_percentages_from_0_to_100(requests: float, errors: float, rate: float) -> None:
    assert error_rate(requests, errors) == rate


def test_latency_figures_without_any_latency_are_null() -> None:
    assert set(latency_figures(None).values()) == {None}
    assert latency_figures(Cell.of([10, 10], 1)) == {
        "avg_latency_ms": 10,
        "p50_latency_ms": None,
        "p95_latency_ms": None,
        "p99_latency_ms": None,
    }

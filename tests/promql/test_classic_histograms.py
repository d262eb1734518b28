"""Classic histograms, and the same ones as native histograms with custom buckets."""

import pytest

from tests.promql.rig import ask, storage, values

KEPT = storage(
    'seconds_bucket{le="0.1"} 0+10x20',
    'seconds_bucket{le="0.2"} 0+40x20',
    'seconds_bucket{le="1"} 0+90x20',
    'seconds_bucket{le="+Inf"} 0+100x20',
    "seconds_count 0+100x20",
    "seconds_sum 0+30x20",
    with_native=True,
)


@pytest.mark.parametrize(("q", "expected"), [(0.05, 0.05), (0.25, 0.15), (0.65, 0.6), (0.95, 1.0), (1, 1.0)])
def test_quantiles_are_interpolated_in_their_bucket(q: float, expected: float) -> None:
    for query in (f"histogram_quantile({q}, seconds_bucket)", f"histogram_quantile({q}, seconds)"):
        assert values(query, KEPT, 600_000) == {(): pytest.approx(expected)}


def test_rates_and_sums_of_both_kinds_have_the_same_quantiles() -> None:
    classic = values("histogram_quantile(0.4, sum by (le) (rate(seconds_bucket[5m])))", KEPT, 600_000)
    native = values("histogram_quantile(0.4, sum(rate(seconds[5m])))", KEPT, 600_000)
    assert classic == native == {(): pytest.approx(0.2)}


@pytest.mark.parametrize(
    ("lower", "upper", "share"), [("0", "0.15", 0.25), ("0.1", "0.6", 0.55), ("-Inf", "+Inf", 1.0)]
)
def test_fractions_of_both_kinds_agree(lower: str, upper: str, share: float) -> None:
    for name in ("seconds_bucket", "seconds"):
        query = f"histogram_fraction({lower}, {upper}, {name})"
        assert values(query, KEPT, 600_000) == {(): pytest.approx(share)}


def test_count_and_sum_come_from_their_own_series() -> None:
    assert values("histogram_count(seconds)", KEPT, 600_000) == {(): 1000.0}
    assert values("histogram_avg(seconds)", KEPT, 600_000) == {(): pytest.approx(0.3)}


def test_counts_that_fall_are_raised_with_an_info() -> None:
    kept = storage('x_bucket{le="1"} 5', 'x_bucket{le="2"} 3', 'x_bucket{le="+Inf"} 6')
    answer = ask("histogram_quantile(0.5, x_bucket)", kept)
    assert answer.value.values[0, 0] == pytest.approx(0.6)
    assert "needed to be fixed for monotonicity" in answer.infos[0]


def test_without_a_last_bucket_there_is_no_quantile() -> None:
    kept = storage('x_bucket{le="1"} 5', 'x_bucket{le="2"} 3')
    assert str(ask("histogram_quantile(0.5, x_bucket)", kept).value.values[0, 0]) == "nan"

"""Numbers as text, and durations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.promql.errors import BadQuery
from analytics.promql.text import float_text, milliseconds, plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (1e21, "1000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (-2.5e22, "-25000000000000000000000"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_values_have_no_exponent(value: float, text: str) -> None:
    assert plain(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_texts_read_back_as_the_same_number(value: float) -> None:
    assert float(plain(value)) == value
    assert float(float_text(value)) == value
    assert "e" not in plain(value)


@pytest.mark.parametrize(
    ("value", "text"), [(1e21, "1e+21"), (1e-5, "1e-05"), (123.25, "123.25"), (-1.5e300, "-1.5e+300")]
)
def test_messages_have_exponents_as_in_go(value: float, text: str) -> None:
    assert float_text(value) == text


@pytest.mark.parametrize(
    ("text", "expected"), [("1h30m", 5_400_000), ("1ms", 1), ("90", 90_000), ("0.5", 500), ("1d1s", 86_401_000)]
)
def test_durations_are_texts_or_seconds(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["", "x", "1h1h", "30m1h", "nan", "inf", "1e300", "1_0", "٣"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(BadQuery):
        milliseconds(text)

"""Line protocol as the sink writes it, read by the door that takes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.points import NAME_LABEL, labels_of
from analytics.sinks.influx.lines import TAKEN_TAGS, label_of, line_of, stored_value, tag_of, tags_text
from tests.sinks.influx.fake_database import points_of

NAMES = st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable() and not text.endswith("\\"))
VALUES = st.text(min_size=1, max_size=12)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.floats(allow_nan=False, allow_infinity=False))
def test_labels_and_figures_come_back(labels: dict[str, str], value: float) -> None:
    if any("\\" in text for pair in labels.items() for text in pair):
        return  # a backslash in front of an escaped character is ambiguous
    labels.pop("tag_", None)
    line = line_of(
        "analytics_minutes", tags_text(labels_of([*labels.items(), (NAME_LABEL, "m")])), [("sum", value)], 60
    )
    assert line.count("\n") == 1
    ((key, fields),) = points_of(line).items()
    assert key[0] == "analytics_minutes"
    assert key[2] == 60
    found = {"metric" if name == "metric" else label_of(name): value for name, value in key[1]}
    wanted = {name: stored_value(text) for name, text in labels.items() if name != NAME_LABEL}
    assert found == {**wanted, "metric": "m"} or NAME_LABEL in labels or "metric" in labels
    assert fields == {"sum": value}


@pytest.mark.parametrize("name", [*sorted(TAKEN_TAGS), "_field", "tag_x"])
def test_labels_that_are_taken_get_a_prefix(name: str) -> None:
    assert tag_of(name) == f"tag_{name}"
    assert label_of(tag_of(name)) == name


def test_figures_that_no_database_takes_are_left_out() -> None:
    assert line_of("m", ",metric=a", [("sum", float("inf")), ("count", 1)], 60) == "m,metric=a count=1.0 60\n"
    assert line_of("m", ",metric=a", [("sum", float("nan"))], 60) == ""


@pytest.mark.parametrize(("value", "stored"), [("a\nb", "a\\nb"), ("a\\", "a/"), ("ok", "ok"), ("é💚", "é💚")])
def test_values_that_a_line_cannot_have_are_changed(value: str, stored: str) -> None:
    assert stored_value(value) == stored

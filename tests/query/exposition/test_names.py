"""Names that clients chose: made valid, and never taken twice."""

import pytest

from analytics.query.exposition.family import Kind, MetricFamily
from analytics.query.exposition.names import ExposedNames


def begun(names: ExposedNames, name: str, kind: Kind = "gauge") -> str:
    return names.begin(MetricFamily(name, kind, "", is_custom=True))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("cpu", "cpu"),
        ("cpu.used", "cpu_used"),
        ("node:cpu:rate5m", "node:cpu:rate5m"),
        ("5xx", "_5xx"),
        ("größe", "gr__e"),
        ("温度", "__"),
        ("a b", "a_b"),
    ],
)
def test_invalid_characters_of_metrics_become_underscores(name: str, plain: str) -> None:
    assert begun(ExposedNames(utf8=False), name) == plain
    assert begun(ExposedNames(utf8=True), name) == name


def test_a_name_that_is_taken_gets_a_prefix() -> None:
    names = ExposedNames(utf8=False)
    names.begin(MetricFamily("requests", "counter", ""))
    names.begin(MetricFamily("latency_milliseconds", "histogram", ""))
    assert begun(names, "requests_total") == "custom_requests_total"
    assert begun(names, "requests") == "custom_requests"
    assert begun(names, "latency_milliseconds_count") == "custom_latency_milliseconds_count"
    assert begun(names, "a_b") == "a_b"
    assert begun(names, "a.b") == "custom_a_b"
    assert begun(names, "a-b") == "custom_custom_a_b"
    assert begun(names, "a", "counter") == "a"
    assert begun(names, "a_total") == "custom_a_total"


def renamed(names: ExposedNames, *labels: str) -> tuple[str, ...]:
    return tuple(name for name, _ in names.labels(tuple((label, "x") for label in labels)))


def test_labels_of_a_series_are_valid_and_differ() -> None:
    names = ExposedNames(utf8=False)
    begun(names, "m")
    assert renamed(names, "service", "a.b", "a_b") == ("service", "tag_a_b", "a_b")
    assert renamed(names, "service", "__name__", "le", "5", "a:b") == ("service", "tag___name__", "le", "_5", "a_b")
    begun(names, "h", "histogram")
    assert renamed(names, "service", "le") == ("service", "tag_le")
    begun(names, "m2")
    assert renamed(names, "le") == ("le",)
    names = ExposedNames(utf8=True)
    begun(names, "m")
    assert renamed(names, "a.b", "__name__", "") == ("a.b", "tag___name__", "_")


def test_no_two_series_of_a_family_have_the_same_labels() -> None:
    names = ExposedNames(utf8=False)
    begun(names, "m")
    assert renamed(names, "service", "a_b") == ("service", "a_b")
    assert renamed(names, "service", "a.b") == ("service", "tag_a_b")
    assert renamed(names, "service", "a-b") == ("service", "tag_tag_a_b")
    begun(names, "other")
    assert renamed(names, "service", "a.b") == ("service", "a_b")

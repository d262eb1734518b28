"""StatsD's lines: types, rates, tags, several values, and what is malformed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.doors.statsd.lines import BadLine, StatsdSample, Type, parse


def samples(datagram: str) -> list[StatsdSample]:
    found = list(parse(datagram.encode()))
    assert not [error for error in found if isinstance(error, BadLine)]
    return [sample for sample in found if isinstance(sample, StatsdSample)]


def one(line: str) -> StatsdSample:
    (sample,) = samples(line)
    return sample


@pytest.mark.parametrize(
    ("line", "kind", "name", "values"),
    [
        ("page.views:1|c", Type.COUNTER, "page_views_total", [1.0]),
        ("jobs_total:3|c", Type.COUNTER, "jobs_total", [3.0]),
        ("queue:320|g", Type.GAUGE, "queue", [320.0]),
        ("api.time:12.5|ms", Type.TIMER, "api_time", [12.5]),
        ("size:1:2:3|h", Type.HISTOGRAM, "size", [1.0, 2.0, 3.0]),
        ("size:1e3|d", Type.DISTRIBUTION, "size", [1000.0]),
        ("5xx:1|c", Type.COUNTER, "_5xx_total", [1.0]),
    ],
)
def test_types(line: str, kind: Type, name: str, values: list[float]) -> None:
    sample = one(line)
    assert (sample.kind, dict(sample.labels)["__name__"], sample.values, sample.rate) == (kind, name, values, 1.0)
    assert dict(sample.labels)["service"] == "unknown"


def test_rates_tags_times_and_fields_that_are_not_known() -> None:
    sample = one("a:1|c|@0.1|#env:prod,service:shop,url:http://x,vip,e.f:|c:ci-1|T1700000000|e:x")
    assert sample.rate == 0.1
    assert sample.at == 1_700_000_000
    assert dict(sample.labels) == {
        "__name__": "a_total",
        "env": "prod",
        "service": "shop",
        "url": "http://x",
        "vip": "true",
    }


@pytest.mark.parametrize(("text", "is_change", "value"), [("5", False, 5), ("+5", True, 5), ("-5", True, -5)])
def test_a_gauge_with_a_sign_changes(text: str, is_change: bool, value: float) -> None:
    sample = one(f"g:{text}|g")
    assert (sample.is_change, sample.values) == (is_change, [value])


def test_the_members_of_a_set_are_texts() -> None:
    assert one("users:a:b|s").members == ["a:b"]


def test_a_rate_does_not_change_gauges() -> None:
    assert one("g:5|g|@0.1").rate == 1.0


def test_a_datagram_has_several_lines() -> None:
    assert len(samples("a:1|c\nb:2|g\n\nc:3|ms\n")) == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        *((line, "statsd_malformed") for line in ("a", "a:1", ":1|c", "a:|c", "a:x|c", "a:1|x", "a:1|", "a:1|c|@0")),
        *((line, "statsd_malformed") for line in ("a:1|c|@2", "a:nan|g", "a:inf|h", "a:1_0|c", "a:1|c|@x", "..:1|c")),
        *((line, "statsd_malformed") for line in ("a:|s", "a:1:|h", "a:1|c|Tx")),
        *((line, "statsd_unsupported") for line in ("_e{2,2}:ab|cd", "_sc|name|0")),
        *((line, "statsd_labels") for line in ("a:1|c|#" + "k:" + "v" * 2_000, "a" * 300 + ":1|c")),
    ],
)
def test_a_line_that_is_not_recorded_has_a_reason_and_leaves_the_others(line: str, reason: str) -> None:
    good, bad, other = parse(f"a:1|c\n{line}\nb:1|c".encode())
    assert isinstance(good, StatsdSample)
    assert isinstance(other, StatsdSample)
    assert isinstance(bad, BadLine)
    assert bad.reason == reason


@given(st.binary(max_size=100) | st.text("a:1|c@#T,.+-\n_", max_size=40).map(str.encode))
def test_any_datagram_gives_samples_or_reasons(datagram: bytes) -> None:
    assert all(isinstance(found, StatsdSample | BadLine) for found in parse(datagram))

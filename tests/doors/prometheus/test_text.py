"""The text formats: each form of a line, what is refused, and what is remembered between bodies."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from analytics.doors.prometheus.metric_kinds import MetricInfo, MetricKinds
from analytics.doors.prometheus.text import (
    BLANK_LINES_BETWEEN_PAUSES,
    LONG_LINE,
    LONGEST_LINE,
    TextReader,
    TextSample,
)
from analytics.errors import AnalyticsError, TooLarge
from analytics.points import Exemplar
from tests.doors.point_log import shown_labels


class Reader:
    """Reads bodies, with what it remembers of earlier ones."""

    def __init__(self, most: int = 100_000) -> None:
        def check(lines: int) -> None:
            if lines > most:
                raise TooLarge("Too many lines.")

        self.kinds = MetricKinds(lambda name: None)
        self.errors: list[tuple[int, str]] = []
        self.pauses: list[int] = []
        self._reader = TextReader(self.kinds, check, lambda: self.pauses.append(1))

    def samples(self, text: str | bytes, *more: tuple[str, str], is_openmetrics: bool = False) -> list[TextSample]:
        data = text.encode() if isinstance(text, str) else text

        def refuse(error: AnalyticsError, line: int) -> None:
            self.errors.append((line, error.message))

        return list(self._reader.read(data, more, refuse, is_openmetrics=is_openmetrics))

    def values(self, text: str | bytes, *more: tuple[str, str], is_openmetrics: bool = False) -> dict[str, float]:
        found = self.samples(text, *more, is_openmetrics=is_openmetrics)
        return {shown_labels(sample.series.labels): sample.value for sample in found}


LINES = {
    "up 1": ("up", 1.0),
    "up\t1\t": ("up", 1.0),
    "  up   1  ": ("up", 1.0),
    "up{} 1": ("up", 1.0),
    "up { } 1": ("up", 1.0),
    'up{a="b"} 1': ('up{a="b"}', 1.0),
    'up{a="b"}1': ('up{a="b"}', 1.0),
    'up { a = "b" , c="d" , } 1': ('up{a="b",c="d"}', 1.0),
    'up{z="1",a=""} 1': ('up{z="1"}', 1.0),
    'up{job="api"} 1': ('up{job="api",service="api"}', 1.0),
    'up{job="api",service="shop"} 1': ('up{job="api",service="shop"}', 1.0),
    r'up{a="b\"c\\d\ne\x"} 1': ('up{a="b"c\\d\ne\\x"}', 1.0),
    'up{a="} 2 # {"} 1': ('up{a="} 2 # {"}', 1.0),
    'up{a="ü,="} 1': ('up{a="ü,="}', 1.0),
    '{"my.metric"} 1': ("my.metric", 1.0),
    '{"my.metric","my label"="x",b="y"} 1': ('my.metric{b="y",my label="x"}', 1.0),
    "up 1.5e3": ("up", 1500.0),
    "up .5": ("up", 0.5),
    "up +Inf": ("up", math.inf),
    "up -Inf": ("up", -math.inf),
    'rpc:sum_rate5m{quantile="0.99"} 4': ('rpc:sum_rate5m{quantile="0.99"}', 4.0),
    "up 1 # {} 0.5": ("up", 1.0),
    'up_bucket{le="1"} 17 # {trace_id="x} y"} 0.67': ('up_bucket{le="1"}', 17.0),
}


@pytest.mark.parametrize("again", [False, True], ids=["at first", "again"])
@pytest.mark.parametrize(("line", "expected"), LINES.items(), ids=LINES)
def test_a_line_is_a_sample(line: str, expected: tuple[str, float], again: bool) -> None:
    reader = Reader()
    if again:
        reader.values(line)
    assert list(reader.values(f"# a comment\n\n{line}\r\n").items()) == [expected]
    assert reader.errors == []


@pytest.mark.parametrize(
    ("line", "is_openmetrics", "at"),
    [
        ("up 1", False, None),
        ("up 1 1700000000123", False, 1_700_000_000.123),
        ("up 1 -5", False, -0.005),
        ("up 1 1700000000.5", True, 1_700_000_000.5),
        ('up 1 1700000000 # {a="b"} 1 1700000000.25', True, 1_700_000_000.0),
    ],
)
def test_times_are_in_the_unit_of_the_format(line: str, is_openmetrics: bool, at: float | None) -> None:
    (sample,) = Reader().samples(line, is_openmetrics=is_openmetrics)
    assert sample.at == at


BAD = {
    "only a name": "up",
    "no name": '{a="b"} 1',
    "a digit first": "1up 1",
    "no value": 'up{a="b"}',
    "a value that is none": "up one",
    "underscores": "up 1_000",
    "two times": "up 1 2 3",
    "seconds": "up 1 1700000000.5",
    "a time that is none": "up 1 now",
    "a label without quotes": "up{a=b} 1",
    "a label without a value": "up{a} 1",
    "a quoted label without a value": 'up{"a"} 1',
    "an open brace": 'up{a="b" 1',
    "an open quote": 'up{a="b} 1',
    "two commas": 'up{a="b",,c="d"} 1',
    "a comma first": 'up{,a="b"} 1',
    "a label twice": 'up{a="b",a="c"} 1',
    "a name of 10 KB": "u" * 10_240 + " 1",
    "70 KB": 'up{a="' + "x" * 70_000 + '"} 1',
    "JSON": '{"streams": [{"stream": {}}]}',
    "HTML": "<html>",
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_line_costs_itself_alone(line: str) -> None:
    reader = Reader()
    assert reader.values(f"a 1\n{line}\nb 2") == {"a": 1.0, "b": 2.0}
    assert [number for number, _ in reader.errors] == [2]


def test_a_line_that_is_not_utf_8_is_refused() -> None:
    reader = Reader()
    assert reader.values(b'a{b="\xff"} 1\nb 2\n\xff 1') == {"b": 2.0}
    assert reader.errors[0] == (1, "The line is not UTF-8.")
    assert [number for number, _ in reader.errors] == [1, 3]


def test_a_time_without_end_is_refused() -> None:
    reader = Reader()
    assert reader.samples("up 1 1e999", is_openmetrics=True) == []
    assert len(reader.errors) == 1


ABOUT = """# HELP http_requests The \\\\ total.\\nOf all.
# TYPE http_requests counter
http_requests_total 7
# TYPE latency histogram
# UNIT latency seconds
latency_bucket{le="+Inf"} 1
latency_sum 2
latency_count 1
# TYPE odd something
# TYPE "my.metric" gauge
odd 1
{"my.metric"} 1
other_total 1
# EOF
"""


def test_lines_about_metrics_tell_their_types() -> None:
    reader = Reader()
    metrics = {sample.series.name: sample.metric for sample in reader.samples(ABOUT)}
    assert reader.kinds.known() == {
        "http_requests": MetricInfo("counter", "The \\ total.\nOf all."),
        "latency": MetricInfo("histogram", "", "seconds"),
        "odd": MetricInfo("unknown"),
        "my.metric": MetricInfo("gauge"),
    }
    assert metrics == {
        "http_requests_total": "http_requests",
        **dict.fromkeys(("latency_bucket", "latency_sum", "latency_count"), "latency"),
        **{name: name for name in ("odd", "my.metric", "other_total")},
    }


def test_labels_of_a_request_replace_those_of_a_series() -> None:
    reader = Reader()
    text = 'up{job="a",b="1"} 1'
    for _ in range(2):
        assert reader.values(text, ("job", "x"), ("c", "2")) == {'up{b="1",c="2",job="x",service="x"}': 1.0}
        assert reader.values(text, ("job", "y")) == {'up{b="1",job="y",service="y"}': 1.0}
        assert reader.values(text) == {'up{b="1",job="a",service="a"}': 1.0}


def test_a_body_has_a_limit_of_lines() -> None:
    with pytest.raises(TooLarge):
        Reader(most=500).samples("up 1\n" * 1_000)
    assert len(Reader(most=500).samples("\n" * 10_000 + "up 1")) == 1


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,4}", fullmatch=True)
FLOATS = st.floats(allow_nan=False)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def written(name: str, labels: dict[str, str], value: float) -> str:
    inside = ",".join(f'{key}="{escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value!r}\n"


def without_service(labels: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in labels.items() if value and key not in ("service", "__name__")}


@given(st.lists(st.tuples(NAMES, st.dictionaries(NAMES, TEXTS, max_size=3), FLOATS), max_size=4))
def test_samples_are_read_as_by_the_client_library(samples: list[tuple[str, dict[str, str], float]]) -> None:
    text = "".join(written(*sample) for sample in samples)
    theirs = [
        (sample.name, without_service(sample.labels), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    reader = Reader()
    for _ in range(2):
        found = reader.samples(text)
        ours = [(each.series.name, without_service(dict(each.series.labels)), each.value) for each in found]
        assert reader.errors == []
        assert ours == theirs


@pytest.mark.parametrize(
    ("text", "exemplar"),
    [
        ('# {trace_id="a b} #"} 0.5', Exemplar((("trace_id", "a b} #"),), 0.5)),
        ('7#{ span_id = "1" , trace_id="2" }\t5 3.25 ', Exemplar((("span_id", "1"), ("trace_id", "2")), 5.0, 3.25)),
        ('# {trace_id="1",long="' + "x" * 128 + '"} 5', Exemplar((("trace_id", "1"),), 5.0)),
        ('# {trace_id="' + "x" * 121 + '"} 5', None),
        ('# {trace_id="1"} NaN', None),
        ("# {} 5", None),
    ],
)
def test_exemplars_are_read_with_their_times_in_seconds(text: str, exemplar: Exemplar | None) -> None:
    reader = Reader()
    for _ in range(2):
        (sample,) = reader.samples(f'hits_total{{a="b"}} 1 {text}')
        assert (sample.value, sample.exemplar) == (1.0, exemplar)
    assert reader.errors == []


@pytest.mark.parametrize("text", ['{trace_id="1"}', '{trace_id="1"} x', '{trace_id="1} 5', "{trace_id} 5", "{} 5 6 7"])
def test_a_line_with_a_malformed_exemplar_is_refused(text: str) -> None:
    reader = Reader()
    assert list(reader.values(f"hits_total 1 # {text}\nup 1")) == ["up"]
    assert [line for line, _ in reader.errors] == [1]


def test_others_have_their_turn_between_blank_lines() -> None:
    reader = Reader()
    assert reader.samples(b" \n" * 3 * BLANK_LINES_BETWEEN_PAUSES) == []
    assert len(reader.pauses) == 3


def test_others_have_their_turn_before_each_long_line() -> None:
    reader = Reader()
    reader.samples(b'up{a="%b"} 1\n' % (b"b" * LONG_LINE) * 3)
    assert len(reader.pauses) == 3


def test_a_long_help_text_is_cut_before_it_is_read() -> None:
    reader = Reader()
    found = reader.samples("# TYPE up gauge\n# HELP up " + "a" * LONGEST_LINE + '"\nup 1\n')
    assert [sample.value for sample in found] == [1.0]
    assert reader.kinds.known()["up"].help.startswith("aaa")

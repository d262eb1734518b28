"""All formats say the same, and readers of each understand it."""

from math import inf
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families

from analytics.points import Exemplar, Labels
from analytics.query.exposition.family import Classic, MetricFamily, Native, Slice, Value
from analytics.query.exposition.protobuf import ProtobufWriter
from analytics.query.exposition.render import Writer
from analytics.query.exposition.text import TextWriter
from analytics.state.quantiles import SMALLEST, Quantiles
from tests.query.exposition.reading import families_in, samples

Family = tuple[MetricFamily, list[tuple[Labels, Value]]]
POWERS = range(-2, 4)


def render(writer: Writer, families: list[Family], size: int = 2) -> bytes:
    """Families written in slices of `size` series."""
    parts: list[bytes] = []
    for metric, series in families:
        family = [writer.begin(metric)]
        family += [writer.series(Slice(metric, series[at : at + size])) for at in range(0, len(series), size)]
        parts += writer.family(family)
    return b"".join(parts) + writer.end


def text(families: list[Family], *, openmetrics: bool = False, utf8: bool = False) -> str:
    return render(TextWriter(openmetrics=openmetrics, utf8=utf8), families).decode()


def native(values: list[float], powers: range = POWERS) -> Native:
    sketch = Quantiles()
    sketch.add(values)
    return Native(len(values), sum(values), sketch.buckets, powers)


def flat(families: dict[str, Any]) -> dict[tuple[Any, ...], float]:
    """The samples of messages, as text has them."""
    found: dict[tuple[Any, ...], float] = {}
    for name, family in families.items():
        for metric in family.metric:
            labels = sorted((pair.name, pair.value) for pair in metric.label)
            if family.type != 4:
                found[name, *labels] = metric.counter.value if family.type == 0 else metric.gauge.value
                continue
            histogram = metric.histogram
            for bucket in histogram.bucket:
                key = (f"{name}_bucket", *sorted([*labels, ("le", str(bucket.upper_bound))]))
                found[key] = bucket.cumulative_count
            found[f"{name}_bucket", *sorted([*labels, ("le", "+Inf")])] = histogram.sample_count
            found[f"{name}_count", *labels] = histogram.sample_count
            found[f"{name}_sum", *labels] = histogram.sample_sum
    return found


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["a", "b", "le", "a.b", "a_b", "a b", "service", "__name__", "tag_a", "0", 'x"\\\n', "quantile", "é", "e", "#"]
)
values = st.floats(allow_nan=False, width=32) | st.integers(0, 2**53)
labels = st.dictionaries(texts, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4), max_size=3)
histograms = st.lists(
    st.floats(-1e4, 1e4, allow_subnormal=False) | st.sampled_from([2.0**power for power in range(-6, 12)]), max_size=9
).map(native)


@st.composite
def drawn_families(draw: st.DrawFn) -> list[Family]:
    families: list[Family] = [(MetricFamily("users", "gauge", "Own\n\\"), [((("service", "a"),), 1)])]
    names = draw(st.lists(texts.filter(bool), max_size=3, unique=True))
    for name in names:
        kind = draw(st.sampled_from(["gauge", "counter", "histogram"]))
        known = draw(st.lists(labels.map(lambda pairs: tuple(sorted(pairs.items()))), max_size=2, unique=True))
        drawn = {"gauge": values, "counter": st.integers(0, 2**60), "histogram": histograms}[kind]
        families.append((MetricFamily(name, kind, "Custom", is_custom=True), [(pairs, draw(drawn)) for pairs in known]))
    return families


@given(drawn_families())
def test_all_formats_have_the_same_samples_with_valid_names(families: list[Family]) -> None:
    plain = samples(text(families))
    number = sum(len(POWERS) + 3 if isinstance(value, Native) else 1 for _, series in families for _, value in series)
    assert len(plain) == number
    negative = {key[0].removesuffix("_sum") for key, value in plain.items() if key[0].endswith("_sum") and value < 0}
    summed = {
        key: value for key, value in plain.items() if not any(key[0] in (f"{n}_sum", f"{n}_count") for n in negative)
    }
    assert summed.items() <= samples(text(families, openmetrics=True), openmetrics=True).items() <= plain.items()
    assert flat(families_in(render(ProtobufWriter(utf8=False), families))) == pytest.approx(plain)


def test_a_counter_and_the_buckets_of_a_histogram_have_their_newest_exemplar() -> None:
    def seen(value: float, at: float, trace: str) -> Exemplar:
        return Exemplar((("trace_id", trace),), value, at)

    exemplars = [seen(0.5, 1.25, "a"), seen(0.3, 2.5, "b"), seen(9.0, 3.0, "c"), seen(1e9, 4.0, "d")]
    hits, wait = MetricFamily("hits", "counter", "h"), MetricFamily("wait", "histogram", "w")
    parts = [
        Slice(hits, [((), 1), ((("a", "b"),), 2)], {1: exemplars}),
        Slice(wait, [((), native([0.3, 0.5, 9.0, 1e9]))], {0: exemplars}),
    ]

    def written(writer: Writer) -> bytes:
        families = [writer.family([writer.begin(part.metric), writer.series(part)]) for part in parts]
        return b"".join(piece for family in families for piece in family) + writer.end

    plain = written(TextWriter(openmetrics=False, utf8=False)).decode()
    assert "trace_id" not in plain
    opened = written(TextWriter(openmetrics=True, utf8=False)).decode()
    assert samples(opened, openmetrics=True) == samples(plain)
    found = {
        (sample.name, sample.labels.get("le", "")): (each.labels["trace_id"], each.value, float(each.timestamp or 0))
        for family in openmetrics_families(opened)
        for sample in family.samples
        if (each := sample.exemplar) is not None
    }
    assert found == {
        ("hits_total", ""): ("d", 1e9, 4.0),
        ("wait_bucket", "0.5"): ("b", 0.3, 2.5),
        ("wait_bucket", "+Inf"): ("d", 1e9, 4.0),
    }
    families = families_in(written(ProtobufWriter(utf8=False)))
    assert families["hits_total"].metric[0].counter.value == 1
    assert families["hits_total"].metric[1].counter.exemplar.value == 1e9
    of_buckets = {
        bucket.upper_bound: (bucket.exemplar.label[0].value, bucket.exemplar.timestamp.seconds)
        for bucket in families["wait"].metric[0].histogram.bucket
        if bucket.HasField("exemplar")
    }
    assert of_buckets == {0.5: ("b", 2), inf: ("d", 4)}


@given(drawn_families())
def test_where_utf8_is_allowed_names_stay_and_the_formats_agree(families: list[Family]) -> None:
    quoted = samples(text(families, utf8=True))
    messages = families_in(render(ProtobufWriter(utf8=True), families))
    assert flat(messages) == pytest.approx(quoted)
    totals = {metric.name + ("_total" if metric.kind == "counter" else "") for metric, _ in families}
    renamed = totals - messages.keys()
    assert all(any(other.endswith(f"custom_{name}") for other in messages) for name in renamed)


@given(st.lists(st.floats(-1e200, 1e200) | st.floats(-10, 10) | st.just(SMALLEST / 2), min_size=1, max_size=30))
@example([1.0] * 300)
@example([2.0**-500, 2.0**500])  # halves the resolution often
def test_native_histograms_hold_every_observation_in_its_bucket(observed: list[float]) -> None:
    metric = MetricFamily("h", "histogram", "h")
    (family,) = families_in(render(ProtobufWriter(utf8=False), [(metric, [((), native(observed))])])).values()
    histogram = family.metric[0].histogram
    base = 2.0**2.0**-histogram.schema
    assert histogram.sample_count_float == histogram.sample_count == len(observed)
    assert histogram.zero_threshold == SMALLEST
    counted = {0: histogram.zero_count_float}
    for sign, spans, counts in (
        (1, histogram.positive_span, list(histogram.positive_count)),
        (-1, histogram.negative_span, list(histogram.negative_count)),
    ):
        place = 0
        assert sum(span.length for span in spans) == len(counts)
        for span in spans:
            place += span.offset
            for _ in range(span.length):
                # bucket `place` holds (base**(place - 1), base**place]
                counted[sign, place] = counts.pop(0)
                place += 1
    for value in observed:
        size = abs(value)
        if size <= SMALLEST:
            counted[0] -= 1
            continue
        sign = 1 if value > 0 else -1
        around = [key for key in counted if key != 0 and key[0] == sign]
        (place,) = [
            key for key in around if base ** (key[1] - 1) * (1 - 1e-9) < size <= base ** key[1] * (1 + 1e-9)
            and counted[key] > 0
        ][:1]  # fmt: skip
        counted[place] -= 1
    assert set(counted.values()) == {0}


def test_text_has_the_lines_that_the_formats_describe() -> None:
    families: list[Family] = [
        (MetricFamily("requests", "counter", 'A "b" \\ c\nd'), [((("service", 'x"\\\n'),), 3)]),
        (MetricFamily("took", "histogram", "t"), [((("a", "b"),), Classic(3, 1.5, [(0.1, 1), (1.0, 2)]))]),
        (MetricFamily("load", "gauge", "l"), [((), inf), ((("a", "1"),), float("nan")), ((("a", "2"),), -0.5)]),
    ]
    assert text(families).splitlines() == [
        '# HELP requests_total A "b" \\\\ c\\nd',
        "# TYPE requests_total counter",
        'requests_total{service="x\\"\\\\\\n"} 3',
        "# HELP took t",
        "# TYPE took histogram",
        'took_bucket{a="b",le="0.1"} 1',
        'took_bucket{a="b",le="1.0"} 2',
        'took_bucket{a="b",le="+Inf"} 3',
        'took_count{a="b"} 3',
        'took_sum{a="b"} 1.5',
        "# HELP load l",
        "# TYPE load gauge",
        "load +Inf",
        'load{a="1"} NaN',
        'load{a="2"} -0.5',
    ]
    openmetrics = text(families, openmetrics=True).splitlines()
    assert openmetrics[:3] == [
        '# HELP requests A \\"b\\" \\\\ c\\nd',
        "# TYPE requests counter",
        'requests_total{service="x\\"\\\\\\n"} 3',
    ]
    assert openmetrics[-1] == "# EOF"


def test_names_are_quoted_where_the_format_allows_it() -> None:
    series: list[tuple[Labels, Value]] = [((("host.name", "a"), ("b", "c")), 1)]
    families: list[Family] = [(MetricFamily("cpu.used", "counter", "c", is_custom=True), series)]
    assert text(families, utf8=True).splitlines()[1:] == [
        '# TYPE "cpu.used_total" counter',
        '{"cpu.used_total","host.name"="a",b="c"} 1',
    ]
    assert text(families).splitlines()[1:] == ["# TYPE cpu_used_total counter", 'cpu_used_total{host_name="a",b="c"} 1']

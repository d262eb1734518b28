"""Answers as JSON in the shapes of Prometheus' HTTP API, in blocks, so that long ones can be sent as they are made.

Source: prometheus.io/docs/prometheus/latest/querying/api/
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from analytics.promql.block import Block, Floats, Mask, Objects, Times, not_none
from analytics.promql.engine import QueryAnswer
from analytics.promql.histogram import NativeHistogram
from analytics.promql.points_json import PointWriter, number_texts, time_text
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.storage import Samples
from analytics.promql.text import float_text, plain
from analytics.promql.values import ScalarValue, TextValue

AT_ONCE = 4_096
"""Points in one part, unless a single series has more."""
_encode = msgspec.json.encode
_RULES = {(False, True): 0, (True, False): 1, (False, False): 2, (True, True): 3}
"""Numbers of the rules by which a bucket includes its lower and upper bound."""


def rendered(answer: QueryAnswer, limit: int = 0) -> Iterator[bytes]:
    """The answer as parts of one JSON document; at most `limit` series, 0 for all."""
    yield b'{"status":"success","data":'
    yield from _data(answer, limit)
    warnings = list(answer.warnings)
    if limit and isinstance(answer.value, Block | Samples) and len(answer.value.series) > limit:
        warnings.append("results truncated due to limit")
    for name, texts in (("warnings", warnings), ("infos", answer.infos)):
        if texts:
            yield b',"%b":%b' % (name.encode(), _encode(texts))
    yield b"}"


def _data(answer: QueryAnswer, limit: int) -> Iterator[bytes]:
    value, times = answer.value, answer.times
    is_range = bool(answer.step)
    if isinstance(value, TextValue):
        yield b'{"resultType":"string","result":[%b,%b]}' % (time_text(int(times[0])), _encode(value.value))
    elif isinstance(value, ScalarValue) and not is_range:
        text = plain(float(value.values[0])).encode()
        yield b'{"resultType":"scalar","result":[%b,"%b"]}' % (time_text(int(times[0])), text)
    elif isinstance(value, ScalarValue):
        every = np.ones((len(times), 1), bool)
        yield b'{"resultType":"matrix","result":['
        yield from _matrix(SeriesLabels([()]), times, value.values[:, None], every, None, 1)
        yield b"]}"
    elif isinstance(value, Samples) or is_range:
        yield b'{"resultType":"matrix","result":['
        axis = value.times if isinstance(value, Samples) else times
        count = limit or len(value.series)
        yield from _matrix(value.series, axis, value.values, value.present, value.histograms, count)
        yield b"]}"
    else:
        yield b'{"resultType":"vector","result":['
        yield from _vector(value, times, limit or len(value.series))
        yield b"]}"


def _vector(block: Block, times: Times, limit: int) -> Iterator[bytes]:
    columns = np.flatnonzero(block.present[0])[:limit].tolist()
    at, values = time_text(int(times[0])), block.values[0]
    for start in range(0, len(columns), AT_ONCE):
        chosen, part = columns[start : start + AT_ONCE], []
        numbers = zip(chosen, block.series.encoded(chosen), number_texts(values[chosen]), strict=True)
        for column, metric, text in numbers:
            histogram = None if block.histograms is None else block.histograms[0, column]
            if histogram is None:
                part.append(b'{"metric":%b,"value":[%b,"%b"]}' % (metric, at, text))
            else:
                part.append(b'{"metric":%b,"histogram":[%b,%b]}' % (metric, at, _encode(_histogram(histogram))))
        yield (b"," if start else b"") + b",".join(part)


def _matrix(
    series: SeriesLabels, times: Times, values: Floats, present: Mask, histograms: Objects | None, limit: int
) -> Iterator[bytes]:
    """Series with at least one sample; ordered by labels."""
    columns = series.ordered(np.flatnonzero(present.any(0)))[:limit]
    writer = PointWriter(times)
    size = max(1, AT_ONCE // max(1, len(times)))
    for start in range(0, len(columns), size):
        chosen = columns[start : start + size]
        metrics = series.encoded(chosen.tolist())
        some, there = np.ascontiguousarray(values[:, chosen].T), np.ascontiguousarray(present[:, chosen].T)
        if histograms is None:
            part = writer.series(metrics, some, there)
        else:
            rows = zip(metrics, some, there, histograms[:, chosen].T, strict=True)
            part = b",".join(_mixed(writer, times, *row) for row in rows)
        yield (b"," if start else b"") + part


def _mixed(
    writer: PointWriter, times: Times, metric: bytes, values: Floats, present: Mask, histograms: Objects
) -> bytes:
    """A series with histograms, or with both."""
    are_histograms = present & not_none(histograms)
    floats = present & ~are_histograms
    parts = [b'{"metric":%b' % metric]
    if floats.any():
        parts.append(b',"values":%b' % writer.points(values, floats))
    if are_histograms.any():
        places = np.flatnonzero(are_histograms).tolist()
        texts = [
            b"[%b,%b]" % (time_text(int(times[place])), _encode(_histogram(histograms[place]))) for place in places
        ]
        parts.append(b',"histograms":[%b]' % b",".join(texts))
    return b"".join(parts) + b"}"


def _histogram(histogram: NativeHistogram) -> dict[str, Any]:
    buckets = [
        [
            _RULES[each.includes_lower, each.includes_upper],
            float_text(each.lower),
            float_text(each.upper),
            plain(each.count),
        ]
        for each in histogram.buckets()
    ]
    shown: dict[str, Any] = {"count": plain(histogram.count), "sum": plain(histogram.sum)}
    if buckets:
        shown["buckets"] = buckets
    return shown

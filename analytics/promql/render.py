"""Answers as JSON in the shapes of Prometheus' HTTP API, in blocks, so that long ones can be sent as they are made.

Source: prometheus.io/docs/prometheus/latest/querying/api/
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from analytics.points import Labels
from analytics.promql.block import Block, Floats, Mask, Objects, Times
from analytics.promql.engine import QueryAnswer
from analytics.promql.histogram import NativeHistogram
from analytics.promql.storage import Samples
from analytics.promql.text import float_text, plain
from analytics.promql.values import ScalarValue, TextValue

AT_ONCE = 16_384
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
        yield b'{"resultType":"string","result":[%b,%b]}' % (_time(int(times[0])), _encode(value.value))
    elif isinstance(value, ScalarValue) and not is_range:
        text = plain(float(value.values[0])).encode()
        yield b'{"resultType":"scalar","result":[%b,"%b"]}' % (_time(int(times[0])), text)
    elif isinstance(value, ScalarValue):
        every = np.ones((len(times), 1), bool)
        yield b'{"resultType":"matrix","result":['
        yield from _matrix([()], times, value.values[:, None], every, None, 1)
        yield b"]}"
    elif isinstance(value, Samples) or is_range:
        yield b'{"resultType":"matrix","result":['
        axis = value.times if isinstance(value, Samples) else times
        count = limit or len(value.series)
        yield from _matrix(value.series.rows, axis, value.values, value.present, value.histograms, count)
        yield b"]}"
    else:
        yield b'{"resultType":"vector","result":['
        yield from _vector(value, times, limit or len(value.series))
        yield b"]}"


def _vector(block: Block, times: Times, limit: int) -> Iterator[bytes]:
    columns = np.flatnonzero(block.present[0])[:limit].tolist()
    at, rows = _time(int(times[0])), block.series.rows
    for start in range(0, len(columns), AT_ONCE):
        part = []
        for column in columns[start : start + AT_ONCE]:
            metric = _encode(dict(rows[column]))
            histogram = None if block.histograms is None else block.histograms[0, column]
            if histogram is None:
                text = plain(float(block.values[0, column])).encode()
                part.append(b'{"metric":%b,"value":[%b,"%b"]}' % (metric, at, text))
            else:
                part.append(b'{"metric":%b,"histogram":[%b,%b]}' % (metric, at, _encode(_histogram(histogram))))
        yield (b"," if start else b"") + b",".join(part)


def _matrix(
    rows: Any, times: Times, values: Floats, present: Mask, histograms: Objects | None, limit: int
) -> Iterator[bytes]:
    """Series with at least one sample; ordered by labels."""
    used = np.flatnonzero(present.any(0)).tolist()
    used.sort(key=lambda column: rows[column])
    columns = used[:limit]
    openings = [b"[%b," % _time(at) for at in times.tolist()]
    size = max(1, AT_ONCE // max(1, len(times)))
    for start in range(0, len(columns), size):
        chosen = columns[start : start + size]
        if histograms is None and bool(present[:, chosen].all()):
            part = _complete([rows[column] for column in chosen], openings, values[:, chosen])
        else:
            part = b",".join(_series(rows[each], each, openings, values, present, histograms) for each in chosen)
        yield (b"," if start else b"") + part


def _complete(rows: list[Labels], openings: list[bytes], values: Floats) -> bytes:
    """Several series that all have a float at each time."""
    texts, count = _texts(values.T.ravel()), len(openings)
    pieces: list[bytes] = [b""] * (2 * len(texts))
    pieces[1::2] = texts
    pieces[0::2] = [b'"],' + opening + b'"' for opening in openings] * len(rows)
    for place, labels in enumerate(rows):
        end = b'"]]},' if place else b""
        pieces[2 * place * count] = b'%b{"metric":%b,"values":[%b"' % (end, _encode(dict(labels)), openings[0])
    return b"".join(pieces) + b'"]]}'


def _series(
    labels: Labels, column: int, openings: list[bytes], values: Floats, present: Mask, histograms: Objects | None
) -> bytes:
    there = present[:, column]
    metric = _encode(dict(labels))
    if histograms is None:
        return b'{"metric":%b,"values":%b}' % (metric, _points(openings, values[:, column], there))
    found = histograms[:, column]
    are_histograms = there & np.array([each is not None for each in found], bool)
    floats = there & ~are_histograms
    parts = [b'{"metric":%b' % metric]
    if floats.any():
        parts.append(b',"values":%b' % _points(openings, values[:, column], floats))
    if are_histograms.any():
        places = np.flatnonzero(are_histograms).tolist()
        texts = [openings[place] + _encode(_histogram(found[place])) + b"]" for place in places]
        parts.append(b',"histograms":[%b]' % b",".join(texts))
    return b"".join(parts) + b"}"


def _points(openings: list[bytes], values: Floats, there: Mask) -> bytes:
    chosen = openings
    if not there.all():
        values = values[there]
        chosen = [opening for opening, is_there in zip(openings, there.tolist(), strict=True) if is_there]
    texts = _texts(values)
    points = b'"],'.join([b'%b"%b' % point for point in zip(chosen, texts, strict=True)])
    return b"[" + points + b'"]]'


def _texts(values: Floats) -> list[bytes]:
    """Each value's digits."""
    numbers = values.tolist()
    encoded = _encode(numbers)
    if b"e" in encoded or b"n" in encoded:
        return [plain(value).encode() for value in numbers]
    return (encoded[1:-1] + b",").replace(b".0,", b",").split(b",")[:-1]


def _time(at: int) -> bytes:
    """Milliseconds as seconds."""
    seconds, rest = divmod(at, 1000)
    return b"%d.%03d" % (seconds, rest) if rest else b"%d" % seconds


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

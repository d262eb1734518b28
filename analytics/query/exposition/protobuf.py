"""The protobuf format: `io.prometheus.client.MetricFamily` messages, each after its length.

Latencies have both classic and native buckets there. Native ones are written with float counts, as the sketch may hold
fewer observations than were counted (`Native.count`).

Source: github.com/prometheus/client_model, io/prometheus/client/metrics.proto
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct, pack

from analytics.points import Exemplar, Labels
from analytics.query.exposition.family import Classic, Kind, MetricFamily, Native, Slice, newest_within
from analytics.query.exposition.names import ExposedNames
from analytics.state.quantiles import SketchBuckets

TYPE_NUMBERS: dict[Kind, int] = {"counter": 0, "gauge": 1, "histogram": 4}
VALUE_FIELDS: dict[Kind, bytes] = {"counter": b"\x1a\x09\x09", "gauge": b"\x12\x09\x09"}
"""Field of a Metric with a message of 9 bytes, whose field 1 is a double."""
_double = Struct("<d").pack
_double_field = Struct("<Bd").pack
SAMPLE_SUM, UPPER_BOUND, COUNT_FLOAT, ZERO_THRESHOLD, ZERO_COUNT_FLOAT = 0x11, 0x11, 0x21, 0x31, 0x41
"""Tags of doubles in a Histogram and, for UPPER_BOUND, in a Bucket."""
BRIDGED = 2
ZEROS = (0.0,) * BRIDGED


class ProtobufWriter:
    """Writes one exposition as protobuf.

    Args:
        utf8: whether names may have any characters.
    """

    end = b""

    def __init__(self, *, utf8: bool) -> None:
        self._names = ExposedNames(utf8=utf8)
        self._pairs: dict[tuple[str, str], bytes] = {}

    def begin(self, metric: MetricFamily) -> bytes:
        """Name, help and type of a family, whose slices follow."""
        name = self._names.begin(metric)
        if metric.kind == "counter":
            name += "_total"
        return (
            _message(0x0A, name.encode())
            + _message(0x12, metric.about.encode())
            + bytes((0x18, TYPE_NUMBERS[metric.kind]))
        )

    def series(self, part: Slice) -> bytes:
        """Some series of the family that was begun last."""
        metric, written = part.metric, list[bytes]()
        for place, (labels, value) in enumerate(part.series):
            pairs = self._labels(self._names.labels(labels) if metric.is_custom else labels)
            exemplars = part.exemplars.get(place, ())
            if isinstance(value, (Classic, Native)):
                written.append(_message(0x22, pairs + _message(0x3A, _histogram(value, exemplars))))
            elif exemplars:
                newest = _message(0x12, _exemplar(exemplars[-1]))
                written.append(_message(0x22, pairs + _message(0x1A, _double_field(0x09, value) + newest)))
            else:
                written.append(_message(0x22, pairs + VALUE_FIELDS[metric.kind] + _double(value)))
        return b"".join(written)

    def family(self, parts: list[bytes]) -> Iterable[bytes]:
        """The whole family, made of what `begin` and `series` returned."""
        return (_varint(sum(map(len, parts))), *parts)

    def _labels(self, labels: Labels) -> bytes:
        known = self._pairs
        found: list[bytes] = []
        for pair in labels:
            written = known.get(pair)
            if written is None:
                written = known[pair] = _label(pair)
            found.append(written)
        return b"".join(found)


def _label(pair: tuple[str, str]) -> bytes:
    name, value = pair
    return _message(0x0A, _message(0x0A, name.encode()) + _message(0x12, value.encode()))


def _exemplar(exemplar: Exemplar) -> bytes:
    nanoseconds = round((exemplar.at or 0.0) * 1_000_000_000)
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    time = b"\x08" + _varint(seconds) + b"\x10" + _varint(rest)
    pairs = map(_label, exemplar.labels)
    return b"".join(pairs) + _double_field(0x11, exemplar.value) + _message(0x1A, time)


def _histogram(value: Classic | Native, exemplars: Sequence[Exemplar] = ()) -> bytes:
    classic = value.classic if isinstance(value, Native) else value
    parts = [b"\x08", _varint(round(classic.count)), _double_field(SAMPLE_SUM, classic.sum)]
    above = -math.inf
    buckets = [*classic.buckets, (math.inf, classic.count)] if exemplars else classic.buckets
    for bound, count in buckets:
        newest = newest_within(exemplars, above, bound) if exemplars else None
        after = b"" if newest is None else _message(0x1A, _exemplar(newest))
        parts.append(_message(0x1A, b"\x08" + _varint(round(count)) + _double_field(UPPER_BOUND, bound) + after))
        above = bound
    if isinstance(value, Native) and value.buckets is not None:
        parts.append(_native(value.count, value.zero_threshold, value.buckets))
    return b"".join(parts)


def _native(count: float, zero_threshold: float, buckets: SketchBuckets) -> bytes:
    return b"".join(
        (
            _double_field(COUNT_FLOAT, count),
            b"\x28",
            _varint(_zigzag(buckets.scale)),
            _double_field(ZERO_THRESHOLD, zero_threshold),
            _double_field(ZERO_COUNT_FLOAT, buckets.zero) if buckets.zero else b"",
            _spans(0x4A, 0x5A, buckets.negative),
            _spans(0x62, 0x72, buckets.positive),
        )
    )


def _spans(span_tag: int, count_tag: int, buckets: Mapping[int, float]) -> bytes:
    """Spans of adjacent buckets, and all counts. Prometheus' bucket has the number of its upper bound: one more.

    Gaps of up to `BRIDGED` empty buckets are filled with zeros, which take less space and time than another span.
    """
    if not buckets:
        return b""
    places = sorted(buckets)
    spans, counts = list[bytes](), list[float]()
    end, start, following = -1, places[0], places[0]
    for place in places:
        if place != following:
            gap = place - following
            if gap <= BRIDGED:
                counts += ZEROS[:gap]
            else:
                spans.append(_span(span_tag, start - end, following - start))
                start, end = place, following
        following = place + 1
        counts.append(buckets[place])
    spans.append(_span(span_tag, start - end, following - start))
    return b"".join(spans) + _message(count_tag, pack(f"<{len(counts)}d", *counts))


@lru_cache(4096)
def _span(tag: int, offset: int, length: int) -> bytes:
    return _message(tag, b"\x08" + _varint(_zigzag(offset)) + b"\x10" + _varint(length))


def _message(tag: int, body: bytes) -> bytes:
    """A field with a length: its tag, which is less than 128, its length and its content."""
    return bytes((tag,)) + _varint(len(body)) + body


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)

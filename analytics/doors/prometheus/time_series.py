"""Decodes one series of remote write: its labels, samples, native histograms and exemplars."""

from collections import deque
from collections.abc import Callable
from struct import unpack_from

from analytics.doors.exemplars import MOST_OF_POINT, made_exemplar
from analytics.doors.prometheus.collected import Collected
from analytics.doors.prometheus.native_histograms import RemoteHistogram
from analytics.doors.prometheus.samples import seconds
from analytics.doors.prometheus.series_cache import SeriesCache, known_series
from analytics.doors.prometheus.wire import LONG_FIELD, MalformedProtobuf, WireField, fields, varint
from analytics.doors.series_labels import MOST_LABELS, BadLabels
from analytics.errors import ValidationFailed
from analytics.points import Exemplar

LABEL_FIELD, SAMPLE_FIELD, EXEMPLAR_FIELD, HISTOGRAM_FIELD = 1, 2, 3, 4
"""Numbers of the fields of a series."""
TIME_BYTES = 6
"""Bytes of a time in milliseconds between the years 1971 and 2109."""
WITH_VALUE, WITHOUT_VALUE = b"\x12\x10\x09", b"\x12\x07\x10"
"""How a sample begins that has such a time and ends its series; a value of 0 is left out."""
SAMPLE_BYTES, ZERO_BYTES = 18, 9
"""Bytes of such samples."""
SERIES_BETWEEN_PAUSES = 128
MOST_LABELS_KNOWN, LONGEST_LABEL = 8_192, 256
"""How many labels are remembered, and the bytes of the longest of them."""
MOST_OTHER_FIELDS = 10_000
"""Labels, exemplars and unknown fields of one series, which cost time although most of them are not kept."""
BUCKETS_OF_POINT = 8
"""So many buckets of native histograms count as another point, where points are limited."""


class TimeSeries:
    """Decodes the series of requests; remembers them, since the next request has the same.

    Args:
        check: called with the number of points so far while there are more to come; raises TooLarge, yields to others.
    """

    def __init__(self, check: Callable[[int], None]) -> None:
        self._check = check
        self._cache = SeriesCache()
        self._labels: dict[bytes, tuple[str, str]] = {}

    def decode(self, data: bytes, into: Collected, place: int) -> None:
        """Add the points of a series, which are at `place` in the request.

        Raises:
            MalformedProtobuf: it is no series, or has far too many labels or exemplars.
        """
        size = len(data)
        # If these bytes were all read as labels before, they read the same again: only the sample is new.
        if data[-SAMPLE_BYTES : -SAMPLE_BYTES + 3] == WITH_VALUE and data[-TIME_BYTES - 1] == 0x10:
            series = self._cache.get(data[:-SAMPLE_BYTES])
            value: float = unpack_from("<d", data, size - SAMPLE_BYTES + 3)[0]
        elif data[-ZERO_BYTES : -ZERO_BYTES + 3] == WITHOUT_VALUE:
            series, value = self._cache.get(data[:-ZERO_BYTES]), 0.0
        else:
            series = None
        if series is not None:
            at, end = varint(data, size - TIME_BYTES)
            if end == size:
                into.add(series, value, seconds(at), place)
                return
        self._decode(data, into, place)

    def _decode(self, data: bytes, into: Collected, place: int) -> None:
        pairs: list[tuple[str, str]] = []
        samples: list[tuple[float, float]] = []
        histograms: list[RemoteHistogram] = []
        exemplars: deque[WireField] = deque(maxlen=MOST_OF_POINT)
        weight, labels_end, has_other = 0, 0, False
        for count, field in enumerate(fields(data)):
            if field.number == LABEL_FIELD:
                if len(pairs) <= MOST_LABELS:  # one too many is refused
                    pairs.append(self._label(field))
                labels_end = -1 if has_other else field.end
            else:
                has_other = True
            if field.number == SAMPLE_FIELD:
                samples.append(_sample(field))
            elif field.number == EXEMPLAR_FIELD:
                exemplars.append(field)
            elif field.number == HISTOGRAM_FIELD:
                histograms.append(RemoteHistogram(field.message()))
                weight += histograms[-1].size // BUCKETS_OF_POINT
            if not count % SERIES_BETWEEN_PAUSES or len(field.data) > LONG_FIELD:
                points = len(samples) + len(histograms)
                if count - points > MOST_OTHER_FIELDS:
                    raise MalformedProtobuf(f"A series has more than {MOST_OTHER_FIELDS} labels and exemplars.")
                self._check(weight + points)
        into.weight += weight
        try:
            series = known_series(pairs)
        except BadLabels as error:
            into.refuse(error, place, max(1, len(samples) + len(histograms)))
            return
        for value, at in samples:
            into.add(series, value, at, place)
        for histogram in histograms:
            try:
                into.add_point(histogram.point(series.labels), place)
            except ValidationFailed as error:
                into.refuse(error, place)
        if exemplars:
            made = [each for each in map(self._exemplar, exemplars) if each is not None]
            into.add_exemplars(series, made, place)
        if labels_end > 0:
            self._cache.add(data[:labels_end], series)

    def _exemplar(self, field: WireField) -> Exemplar | None:
        """An exemplar; None if it cannot be kept."""
        pairs: list[tuple[str, str]] = []
        value, at = 0.0, 0.0
        for part in fields(field.message()):
            if part.number == 1:
                pairs.append(self._label(part))
            elif part.number == 2:
                value = part.double()
            elif part.number == 3:
                at = seconds(part.int64())
        return made_exemplar(pairs, value, at)

    def _label(self, field: WireField) -> tuple[str, str]:
        """Name and value of a label. Most labels belong to several series."""
        data = field.content()
        label = self._labels.get(data)
        if label is None:
            name = value = ""
            for part in fields(field.message()):
                if part.number == 1:
                    name = part.text()
                elif part.number == 2:
                    value = part.text()
            label = name, value
            if len(self._labels) >= MOST_LABELS_KNOWN:
                self._labels.clear()
            if len(data) <= LONGEST_LABEL:
                self._labels[data] = label
        return label


def _sample(field: WireField) -> tuple[float, float]:
    """Value and time of a sample."""
    value, at = 0.0, 0.0
    for part in fields(field.message()):
        if part.number == 1:
            value = part.double()
        elif part.number == 2:
            at = seconds(part.int64())
    return value, at

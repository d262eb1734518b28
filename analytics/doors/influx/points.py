"""Points from line protocol: each number or boolean of a line is a gauge.

The field `usage` of the measurement `cpu` is the metric `cpu_usage`, as VictoriaMetrics names it; a field `value` is
the metric `cpu`. Tags are labels.
"""

from collections.abc import Callable
from typing import NamedTuple

from analytics.doors.influx.lines import (
    LineError,
    ProtocolLine,
    parse_fields,
    parse_series,
    parse_timestamp,
    split_lines,
)
from analytics.doors.influx.precision import seconds
from analytics.doors.series_labels import BadLabels, checked_labels
from analytics.errors import MalformedBody, TooLarge
from analytics.points import GAUGE, NAME_LABEL, Labels, NewPoint
from analytics.records import NO_SERVICE, ItemError
from analytics.schemas.compiled import DecodedBatch

PLAIN_FIELD = "value"
SERVICE = "service"
PAUSE_EVERY = 256
"""Lines between two calls of `pause`."""
LONG_LINE = 4 * 1024
"""Characters of a long line, before which others run: it may be many points."""
MALFORMED_LINE = "malformed_line"


class BodyContent(NamedTuple):
    """The content of a body.

    Attributes:
        points: the numbers and booleans, each with the index of its line, and the errors of malformed lines. Comments
            and empty lines have no index.
        lines: the number of each line in the body, from 1, and its first characters.
        strings: how many fields were skipped because they are strings.
    """

    points: DecodedBatch[NewPoint]
    lines: list[tuple[int, str]]
    strings: int


def decode_lines(
    body: bytes, precision: int, max_lines: int, check: Callable[[int], None], pause: Callable[[], None] = lambda: None
) -> BodyContent:
    """Decode line protocol; a malformed line is reported, and the other lines are still decoded.

    Args:
        precision: of the timestamps, in nanoseconds.
        check: called from time to time with the number of points; raises TooLarge.
        pause: called from time to time, to yield to others.

    Raises:
        MalformedBody: there are no lines.
        TooLarge: there are too many lines or points.
    """
    items, places, errors, lines = list[NewPoint](), list[int](), list[ItemError](), list[tuple[int, str]]()
    names, strings = _Names(), 0
    for place, line in enumerate(split_lines(body, pause)):
        if place >= max_lines:
            raise TooLarge(f"The body has more than {max_lines} lines; send fewer at once.", code="batch_too_large")
        if place % PAUSE_EVERY == PAUSE_EVERY - 1 or len(line.series) + len(line.fields) > LONG_LINE:
            check(len(items))
            pause()
        lines.append((line.number, line.shown))
        try:
            found, skipped = _points(line, precision, names)
        except (LineError, BadLabels) as error:
            text = f"unable to parse '{line.shown}' in line {line.number}: {error}"
            errors.append(ItemError(place, MALFORMED_LINE, text))
        else:
            items += found
            places += [place] * len(found)
            strings += skipped
    if not lines:
        raise MalformedBody("The body has no lines.", code="empty_body")
    check(len(items))
    return BodyContent(DecodedBatch(items, places, errors), lines, strings)


def _points(line: ProtocolLine, precision: int, names: "_Names") -> tuple[list[NewPoint], int]:
    """The points of a line, and how many strings it has."""
    if not line.fields:
        is_bare = " " not in line.series.strip()
        raise LineError("missing fields" if is_bare else "a blank is not escaped, or a quote not closed")
    if not line.is_text:
        raise LineError("it is not UTF-8")
    measurement, tags = names.series(line.series)
    numbers, strings = parse_fields(line.fields)
    try:
        at = seconds(parse_timestamp(line.timestamp), precision) if line.timestamp else None
    except OverflowError:
        raise LineError("the time is out of range") from None
    points = [
        NewPoint(names.labels(line.series, measurement, tags, field), GAUGE, value, at) for field, value in numbers
    ]
    return points, strings


class _Names:
    """The names in one body, each parsed once."""

    def __init__(self) -> None:
        self._series: dict[str, tuple[str, dict[str, str]]] = {}
        self._labels: dict[tuple[str, str], Labels] = {}

    def series(self, text: str) -> tuple[str, dict[str, str]]:
        found = self._series.get(text)
        if found is None:
            found = self._series[text] = parse_series(text)
        return found

    def labels(self, text: str, measurement: str, tags: dict[str, str], field: str) -> Labels:
        found = self._labels.get((text, field))
        if found is None:
            name = measurement if field == PLAIN_FIELD else f"{measurement}_{field}"
            found = checked_labels({SERVICE: NO_SERVICE, **tags, NAME_LABEL: name}.items())
            self._labels[text, field] = found
        return found

"""Reads samples in Prometheus' text format or in OpenMetrics' text format, line by line.

A line that cannot be read is an error of its own. Names in quotes, which may have any characters, are read in both.

Source: prometheus.io/docs/instrumenting/exposition_formats and prometheus.io/docs/specs/om/open_metrics_spec
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from analytics.doors.exemplars import made_exemplar
from analytics.doors.prometheus.metric_kinds import KNOWN_TYPES, MetricInfo, MetricKinds
from analytics.doors.prometheus.samples import within_calendar
from analytics.doors.prometheus.series_cache import KnownSeries, SeriesCache, known_series
from analytics.errors import AnalyticsError, MalformedBody
from analytics.points import Exemplar

OPENMETRICS = "application/openmetrics-text"
LONGEST_LINE = 64 * 1024
LINES_BETWEEN_PAUSES = 128
LONG_LINE = 1024
"""Bytes of a long line, before which others run."""
BLANK_LINES_BETWEEN_PAUSES = 4_096
SERIES_SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created", "_gcount", "_gsum", "_info")
"""Endings that are added to the name of a metric in the names of its series."""
_QUOTED = rb'"((?:[^"\\\n]|\\.)*+)"'
_NAME = re.compile(rb"[a-zA-Z_:][\w:]*+")
_LABEL = re.compile(rb"[ \t]*+(?:([a-zA-Z_]\w*+)|" + _QUOTED + rb")[ \t]*+(?:=[ \t]*+" + _QUOTED + rb"[ \t]*+)?([,}])")
_NUMBER, _TIME = rb"([^\s_#]++)", rb"(?:[ \t]++([-+.\deE]{1,25}+))?"
_VALUE = re.compile(rb"[ \t]*+" + _NUMBER + _TIME + rb"[ \t]*+(?:#[ \t]*+(\{.*+))?", re.DOTALL)
"""The value, a time, and an exemplar."""
_EXEMPLAR_VALUE = re.compile(rb"[ \t]*+" + _NUMBER + _TIME + rb"[ \t]*+")
_ABOUT = re.compile(rb"#[ \t]++(HELP|TYPE|UNIT)[ \t]++(?:" + _QUOTED + rb"|(\S++))[ \t]*+(.*+)", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"\\": b"\\", b'"': b'"'}


class BadTextLine(MalformedBody):
    """A line that is no sample; the message says why."""

    code = "malformed_line"


class TextSample(NamedTuple):
    """A sample: `line` counts from 1, `metric` is the name that its type was given for, `at` in seconds or None."""

    line: int
    metric: str
    series: KnownSeries
    value: float
    at: float | None
    exemplar: Exemplar | None


class TextReader:
    """Reads the samples of bodies; remembers their series, since the next body has the same.

    Args:
        kinds: it remembers the types, help texts and units in bodies.
        check: called with the number of lines so far, raises TooLarge.
        pause: called from time to time, to yield to others if that is due.
    """

    def __init__(self, kinds: MetricKinds, check: Callable[[int], None], pause: Callable[[], None]) -> None:
        self._kinds, self._check, self._pause = kinds, check, pause
        self._cache = SeriesCache()

    def read(
        self,
        data: bytes,
        more: tuple[tuple[str, str], ...],
        refuse: Callable[[AnalyticsError, int], None],
        *,
        is_openmetrics: bool,
    ) -> Iterator[TextSample]:
        """The samples of a body.

        Args:
            more: labels that all series have besides their own, and in place of those of the same name.
            refuse: called with the error of each line that cannot be read, and its number.
            is_openmetrics: whether times are in seconds, not in milliseconds.

        Raises:
            TooLarge: the body has too many lines that are not empty.
        """
        about: dict[str, MetricInfo] = {}
        key_end = b"\n" + repr(more).encode() if more else b""  # no line contains a line break
        for count, (line, text) in enumerate(_lines(data, self._pause)):
            if not count % LINES_BETWEEN_PAUSES or len(text) > LONG_LINE:
                self._check(count)
                self._pause()
            try:
                if text.startswith(b"#"):
                    self._take_about(text[:LONGEST_LINE], about)
                    continue
                series, rest = self._series(text, more, key_end)
                value, at, exemplar = _after_labels(rest, is_openmetrics=is_openmetrics)
            except AnalyticsError as error:
                refuse(error, line)
                continue
            yield TextSample(line, metric_of(series.name, about), series, value, at, exemplar)

    def _take_about(self, text: bytes, about: dict[str, MetricInfo]) -> None:
        """Take a line about a metric; every other comment is ignored."""
        found = _ABOUT.fullmatch(text)
        if found is None:
            return
        what, quoted, plain, rest = found.groups()
        name = _text(plain) if quoted is None else _unescaped(quoted)
        info = about.get(name, MetricInfo("unknown"))
        if what == b"HELP":
            info = info._replace(help=_unescaped(rest))
        elif what == b"UNIT":
            info = info._replace(unit=_text(rest).strip())
        else:
            type_ = _text(rest).strip().lower()
            info = info._replace(type=type_ if type_ in KNOWN_TYPES else "unknown")
        about[name] = info
        self._kinds.announce(name, info)

    def _series(self, text: bytes, more: tuple[tuple[str, str], ...], key_end: bytes) -> tuple[KnownSeries, bytes]:
        """The series of a line, and what follows it."""
        # If a text was all read as a series before, it reads the same again.
        end = text.rfind(b"}") + 1 or text.find(b" ")
        series = self._cache.get(text[:end] + key_end) if end > 0 else None
        if series is not None and text[end : end + 1] in (b" ", b"\t"):
            return series, text[end:]
        pairs, end = _labels(text)
        for name, value in more:
            pairs = [*[pair for pair in pairs if pair[0] != name], (name, value)]
        series = known_series(pairs)
        self._cache.add(text[:end] + key_end, series)
        return series, text[end:]


def metric_of(name: str, about: dict[str, MetricInfo]) -> str:
    """The metric that a series belongs to, such as `latency` for `latency_bucket`, if the body has a line about it."""
    if name not in about and name.endswith(SERIES_SUFFIXES):
        stem = name.rpartition("_")[0]
        if stem in about:
            return stem
    return name


def _lines(data: bytes, pause: Callable[[], None]) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty, with their numbers; `pause` is called between many blank ones."""
    number, start = 1, 0
    for count, found in enumerate(re.finditer(rb"[^\n]++", data), 1):
        if not count % BLANK_LINES_BETWEEN_PAUSES:
            pause()
        number += data.count(b"\n", start, found.start())
        start = found.start()
        text = found.group().strip(b" \t\r")
        if text:
            yield number, text


def _labels(text: bytes) -> tuple[list[tuple[str, str]], int]:
    """Name and labels of a line, and where they end.

    Raises:
        BadTextLine: it does not begin with a series.
    """
    if len(text) > LONGEST_LINE:
        raise BadTextLine(f"The line has {len(text)} bytes, more than {LONGEST_LINE}.")
    named = _NAME.match(text)
    pairs = [("__name__", _text(named.group()))] if named else []
    at = named.end() if named else 0
    brace = len(text) - len(text[at:].lstrip(b" \t"))
    if text[brace : brace + 1] != b"{":
        if not named:
            raise BadTextLine("The line does not begin with the name of a metric.")
        return pairs, at
    at, is_first = brace + 1, True
    if text[at:].lstrip(b" \t").startswith(b"}"):
        return pairs, text.index(b"}", at) + 1
    while True:
        found = _LABEL.match(text, at)
        if found is None:
            if not is_first and text[at:].lstrip(b" \t").startswith(b"}"):  # a comma may follow the last label
                return pairs, text.index(b"}", at) + 1
            raise BadTextLine(f"There is no label, or it is malformed, at {_text(text[at : at + 20], 'replace')!r}.")
        plain, quoted, value, end = found.groups()
        name = _text(plain) if quoted is None else _unescaped(quoted)
        if value is not None:
            pairs.append((name, _unescaped(value)))
        elif quoted is not None and is_first and not named:
            pairs.append(("__name__", name))
        else:
            raise BadTextLine(f"The label {name[:40]!r} has no value.")
        at, is_first = found.end(), False
        if end == b"}":
            return pairs, at


def _after_labels(text: bytes, *, is_openmetrics: bool) -> tuple[float, float | None, Exemplar | None]:
    """Value, time and exemplar of a line."""
    found = _VALUE.fullmatch(text)
    if found is None:
        raise BadTextLine("A value, and perhaps a time, must follow the labels.")
    value, time, rest = found.groups()
    exemplar = None if rest is None else _exemplar(rest)
    return *_value_and_time(value, time, is_openmetrics=is_openmetrics), exemplar


def _exemplar(text: bytes) -> Exemplar | None:
    """The exemplar in `{labels} value time`, with a time in seconds; None if it cannot be kept."""
    pairs, end = _labels(text)
    found = _EXEMPLAR_VALUE.fullmatch(text, end)
    if found is None:
        raise BadTextLine("A value, and perhaps a time, must follow the labels of an exemplar.")
    value, at = _value_and_time(*found.groups(), is_openmetrics=True)
    return made_exemplar(pairs, value, at)


def _value_and_time(value: bytes, time: bytes | None, *, is_openmetrics: bool) -> tuple[float, float | None]:
    try:
        number = float(value)
        at = None if time is None else float(time) if is_openmetrics else int(time) / 1000
    except ValueError:
        at = math.inf
    if at is not None and not math.isfinite(at):
        raise BadTextLine("The value or time is no number; times are whole milliseconds, in OpenMetrics seconds.")
    return number, at if at is None else within_calendar(at)


def _unescaped(text: bytes) -> str:
    if b"\\" in text:
        text = _ESCAPE.sub(lambda found: _ESCAPED.get(found.group(1), found.group()), text)
    return _text(text)


def _text(text: bytes, errors: str = "strict") -> str:
    try:
        return text.decode(errors=errors)
    except UnicodeDecodeError:
        raise BadTextLine("The line is not UTF-8.") from None

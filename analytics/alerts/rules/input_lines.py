"""The log lines of a test of rules: streams with their labels, and lines with the times at which they are written."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analytics.alerts.rules.parts_of_tests import BadTestFile, list_of, mapping_of, milliseconds_of, texts_of
from analytics.log_lines import NewLogLine
from analytics.logql.errors import BadLogQuery
from analytics.logql.parse import matchers_of

MakeLine = Callable[[Mapping[str, str], int, str, Mapping[str, str]], NewLogLine]
"""Makes the line of a push: from the labels of its stream, its time in nanoseconds, its text and its metadata."""
MOST_LINES = 100_000
MOST_BYTES = 10 << 20
"""Bytes of the texts, metadata and labels of all lines of a test, each as often as it is written."""
LATEST = (1 << 63) // 1_000_000_000
"""Seconds since the epoch that are the last ones in which a line can be."""
_MILLISECOND = 1_000_000
_FIELD = "input_lines"


def lines_of(given: Sequence[Any], step: int, make: MakeLine) -> list[NewLogLine]:
    """All lines of a test, in the order of time.

    Args:
        given: streams, such as `{"stream": '{service_name="shop"}', "lines": [{"line": "failed", "at": "1m"}]}`. A line
            is written at `at` (0 if it is left out), and from then on as often as `times` says, with `every` between.
        step: milliseconds of `every`, where it is left out.

    Raises:
        BadTestFile: a stream or a line is not valid, or there is too much of them.
    """
    found: list[NewLogLine] = []
    left = MOST_BYTES
    for each in given:
        stream = mapping_of(each, "input_lines")
        labels = _labels(str(stream.get("stream", "")))
        labels_size = _size(labels)
        for entry in list_of(stream, "lines"):
            line = mapping_of(entry, "lines")
            if "line" not in line:
                raise BadTestFile(f"{_FIELD}: a line without its text in `line`")
            metadata, text = dict(texts_of(line, "metadata")), str(line["line"])
            times = _times(line, step, MOST_LINES - len(found))
            left -= len(times) * (len(text.encode()) + _size(metadata) + labels_size)
            if left < 0:
                raise BadTestFile(
                    f"{_FIELD}: the lines have more than {MOST_BYTES >> 20} MiB, each as often as written"
                )
            for at in times:
                found.append(make(labels, at * _MILLISECOND, text, metadata))
    return sorted(found, key=_time)


def last_time(lines: Sequence[NewLogLine]) -> int:
    """Milliseconds at which the last of ordered lines is written; 0 without lines."""
    return _time(lines[-1]) // _MILLISECOND if lines else 0


def _time(line: NewLogLine) -> int:
    return line.time or 0


def _size(texts: Mapping[str, str]) -> int:
    """Bytes of names and values."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in texts.items())


def _labels(text: str) -> dict[str, str]:
    try:
        matchers = matchers_of(text)
    except BadLogQuery as error:
        raise BadTestFile(f"{_FIELD}: the stream {text!r}: {error.message}") from None
    labels = {each.name: each.value for each in matchers if each.operator == "="}
    if not labels or len(labels) < len(matchers):
        raise BadTestFile(f'{_FIELD}: the stream {text!r} has to be labels such as {{service_name="shop"}}')
    return labels


def _times(line: Mapping[str, Any], step: int, most: int) -> range:
    times, every = line.get("times", 1), milliseconds_of(line.get("every", f"{step}ms"), "every")
    if type(times) is not int or times < 1:
        raise BadTestFile(f"{_FIELD}: times: {times!r} is no whole number of at least 1")
    if times > most:
        raise BadTestFile(f"{_FIELD}: there are more than {MOST_LINES:,} lines")
    first = milliseconds_of(line.get("at", "0s"), "at")
    if first + times * every > LATEST * 1_000:
        raise BadTestFile(f"{_FIELD}: {times} times every {every / 1_000:g}s ends after the year 2261")
    return range(first, first + times * every, every)

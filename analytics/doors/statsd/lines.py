"""Parses StatsD: `name:value|type|@rate|#tag:value,tag`, with DogStatsD's extensions.

Sources: github.com/statsd/statsd/blob/master/docs/metric_types.md;
docs.datadoghq.com/developers/dogstatsd/datagram_shell/
"""

import math
import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from analytics.doors.series_labels import LONGEST_VALUE, BadLabels, checked_labels
from analytics.points import NAME_LABEL, Labels
from analytics.records import NO_SERVICE

SERVICE = "service"
MOST_VALUES = 1_000
"""Values of one line."""
_NO_NAME = re.compile(r"[^a-zA-Z0-9_:]")
_NO_LABEL = re.compile(r"[^a-zA-Z0-9_]")
TOTAL = "_total"


class Type(Enum):
    """The sample of a line."""

    COUNTER = "c"
    GAUGE = "g"
    TIMER = "ms"
    HISTOGRAM = "h"
    DISTRIBUTION = "d"
    SET = "s"


_TYPES = {kind.value: kind for kind in Type}
SAMPLED = {Type.COUNTER, Type.TIMER, Type.HISTOGRAM, Type.DISTRIBUTION}
"""Types that may have a rate."""


class StatsdSample(NamedTuple):
    """A line.

    Attributes:
        labels: of the series; a counter's name ends with `_total`.
        values: numbers; of a set, nothing.
        members: of a set.
        rate: share of the occurrences that was sent, above 0 and up to 1.
        is_change: whether the values of a gauge are changes of its last one.
        at: the time that the line states, in seconds since the epoch.
    """

    kind: Type
    labels: Labels
    values: list[float]
    members: list[str]
    rate: float = 1.0
    is_change: bool = False
    at: float | None = None


class BadLine(ValueError):
    """A line is not recorded.

    Attributes:
        reason: why, for `/stats`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def parse(datagram: bytes) -> Iterator[StatsdSample | BadLine]:
    """The samples in a datagram, and an error for each line that is not recorded."""
    for line in datagram.split(b"\n"):
        if line and not line.isspace():
            try:
                yield parse_line(line.decode().strip())
            except UnicodeDecodeError:
                yield _malformed("it is not UTF-8")
            except BadLabels as error:
                yield BadLine("statsd_labels", error.message)
            except BadLine as error:
                yield error


def parse_line(line: str) -> StatsdSample:
    """The sample of a line.

    Raises:
        BadLine: it is malformed, or of a type that is not supported.
        BadLabels: its name or tags are too long, or too many.
    """
    if line.startswith(("_e{", "_sc|")):
        raise BadLine("statsd_unsupported", "events and service checks are not supported")
    head, *parts = line.split("|")
    name, colon, values = head.partition(":")
    if not name or not colon or not parts:
        raise _malformed("it is not `name:value|type`")
    kind = _TYPES.get(parts[0])
    if kind is None:
        raise _malformed(f"its type is {parts[0][:10]!r}, none of {', '.join(_TYPES)}")
    rate, tags, at = 1.0, dict[str, str](), None
    for part in parts[1:]:
        match part[:1]:
            case "@":
                rate = _number(part[1:])
                if not 0 < rate <= 1:
                    raise _malformed(f"its rate is {part[1:20]!r}, not above 0 and up to 1")
            case "#":
                tags = _tags(part[1:])
            case "T":
                at = _number(part[1:])
    labels = _labels(name, kind, tags)
    # a set's members may be any text, and clients of version 1.0 put colons into them
    texts = [values] if kind is Type.SET else values.split(":", MOST_VALUES)
    if kind is Type.SET:
        if not values or len(values) > LONGEST_VALUE:
            raise _malformed("its member is empty or too long")
        return StatsdSample(kind, labels, [], texts)
    numbers = [_number(text) for text in texts]
    is_change = kind is Type.GAUGE and values[:1] in ("+", "-")
    return StatsdSample(kind, labels, numbers, [], rate if kind in SAMPLED else 1.0, is_change, at)


def _labels(name: str, kind: Type, tags: dict[str, str]) -> Labels:
    plain = _NO_NAME.sub("_", name)
    if not plain.strip("_"):
        raise _malformed("its name has no letter or digit")
    if plain[0].isdigit():
        plain = f"_{plain}"
    if kind is Type.COUNTER and not plain.endswith(TOTAL):
        plain += TOTAL
    return checked_labels({SERVICE: NO_SERVICE, **tags, NAME_LABEL: plain}.items())


def _tags(text: str) -> dict[str, str]:
    """Labels from tags; one without a value is `true`, and one of several with the same name is the last."""
    tags: dict[str, str] = {}
    for tag in text.split(","):
        name, colon, value = tag.partition(":")
        plain = _NO_LABEL.sub("_", name)
        if plain.strip("_"):
            tags[f"_{plain}" if plain[0].isdigit() else plain] = value if colon else "true"
    return {name: value for name, value in tags.items() if value}


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _malformed(f"{text[:20]!r} is not a number") from None
    if not math.isfinite(value) or "_" in text:
        raise _malformed(f"{text[:20]!r} is not a finite number")
    return value


def _malformed(problem: str) -> BadLine:
    return BadLine("statsd_malformed", problem)

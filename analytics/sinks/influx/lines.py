"""Line protocol: one line for the figures of one series in one bucket of time.

There is one measurement for each length of buckets. The name of a metric is the tag `metric`, its labels are tags as
they are, its figures are fields, which are always floats. The time is the start of the bucket, in seconds.

Source: docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

import re
from collections.abc import Iterable
from math import isfinite

from analytics.points import NAME_LABEL, Labels
from analytics.state.resolution import Resolution

MEASUREMENTS = {
    Resolution.MINUTE: "analytics_minutes",
    Resolution.HOUR: "analytics_hours",
    Resolution.DAY: "analytics_days",
}
METRIC_TAG = "metric"
INCREASE, COUNT, SUM, MIN, MAX, LAST, UNIQUE = "increase", "count", "sum", "min", "max", "last", "unique"
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
"""Percentiles by the names of their fields."""
TAKEN_TAGS = frozenset((METRIC_TAG, "time", "db", INCREASE, COUNT, SUM, MIN, MAX, LAST, UNIQUE, *SHARES))
"""Labels with these names get a prefix: in InfluxDB 3 no tag is named like a field, and VictoriaMetrics adds `db`."""
TAG_PREFIX = "tag_"
_SPECIAL = re.compile("[, =]")
_LINE_ENDS = {ord("\n"): "\\n", ord("\r"): "\\r", 0: "\\0"}


def tag_of(label: str) -> str:
    """The name of the tag for a label; InfluxDB reserves names that begin with `_`."""
    return f"{TAG_PREFIX}{label}" if label in TAKEN_TAGS or label.startswith(("_", TAG_PREFIX)) else label


def label_of(tag: str) -> str:
    """The label of a tag."""
    return tag.removeprefix(TAG_PREFIX)


def stored_value(value: str) -> str:
    """The value of a label as the database has it.

    A line has no line ends, and a backslash at the end of a value would escape what follows.
    """
    value = value.translate(_LINE_ENDS)
    return f"{value[:-1]}/" if value.endswith("\\") else value


def tags_text(labels: Labels) -> str:
    """The tags of a series, in their order."""
    pairs = sorted((METRIC_TAG if name == NAME_LABEL else tag_of(name), value) for name, value in labels)
    return "".join(f",{escaped(name)}={escaped(value)}" for name, value in pairs if value)


def escaped(text: str) -> str:
    """The text as part of a line."""
    return _SPECIAL.sub(r"\\\g<0>", stored_value(text))


def line_of(measurement: str, tags: str, figures: Iterable[tuple[str, float]], start: int) -> str:
    """One line, with its end; empty without a finite figure."""
    fields = ",".join([f"{name}={float(value)!r}" for name, value in figures if isfinite(value)])
    return f"{measurement}{tags} {fields} {start}\n" if fields else ""

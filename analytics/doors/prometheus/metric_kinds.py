"""The kinds of Prometheus' metrics, which samples in remote write do not have.

A metric keeps the kind that it is stored with. That of a new one is the type that its sender announced. Senders
announce types about once a minute, so without one the name decides: a name that ends with `_total`, `_count`, `_sum` or
`_bucket` is that of a counter, every other one that of a gauge.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from analytics.doors.series_labels import LONGEST_NAME
from analytics.points import COUNTER, GAUGE

COUNTER_SUFFIXES = ("_total", "_count", "_sum", "_bucket")
"""Endings of the names of series that only rise, as all client libraries and OpenMetrics use them."""
MOST_METRICS = 20_000
LONGEST_HELP, LONGEST_UNIT = 500, 32
"""Characters of a help text and of a unit that are kept."""
KNOWN_TYPES = frozenset({"counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"})


class MetricInfo(NamedTuple):
    """Metadata of a metric from a sender: a type of `KNOWN_TYPES` or "unknown", a help text, and its unit."""

    type: str
    help: str = ""
    unit: str = ""


class MetricKinds:
    """Remembers the newest types, help texts and units of metrics, in memory: senders repeat them.

    Args:
        stored: returns the kind with which a metric of that name is stored; None for an unknown one.
    """

    def __init__(self, stored: Callable[[str], str | None]) -> None:
        self._stored = stored
        self._known: OrderedDict[str, MetricInfo] = OrderedDict()

    def announce(self, metric: str, info: MetricInfo) -> None:
        """Remember what a sender announced. Beyond `MOST_METRICS`, those announced longest ago are forgotten."""
        if not 0 < len(metric) <= LONGEST_NAME:
            return
        self._known[metric] = info._replace(help=info.help[:LONGEST_HELP], unit=info.unit[:LONGEST_UNIT])
        self._known.move_to_end(metric)
        if len(self._known) > MOST_METRICS:
            self._known.popitem(last=False)

    def known(self) -> dict[str, MetricInfo]:
        """Everything that is remembered, by name of the metric."""
        return dict(self._known)

    def described(self) -> dict[str, list[dict[str, str]]]:
        """Type, help and unit by name of metric, in the shape of Prometheus' `/api/v1/metadata`."""
        return {name: [info._asdict()] for name, info in self._known.items()}

    def kind(self, name: str) -> str:
        """`COUNTER` or `GAUGE`, for the plain samples of a series."""
        stored = self._stored(name)
        if stored in (COUNTER, GAUGE):
            return stored
        info = self._known.get(name)
        if info is not None and info.type in KNOWN_TYPES:
            return COUNTER if info.type == "counter" else GAUGE
        if not name.endswith(COUNTER_SUFFIXES):
            return GAUGE
        whole = self._known.get(name.rpartition("_")[0])
        return GAUGE if whole is not None and whole.type == "gaugehistogram" else COUNTER

"""Closed buckets: when they may be written elsewhere, and what their series of traffic and events are called there."""

from analytics.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS
from analytics.points import NAME_LABEL, Labels, labels_of
from analytics.query.cells.traffic import EVENTS_TOTAL, TRAFFIC_NAMES
from analytics.query.far.series import OVERALL_LATENCY
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVENTS_SERIES, EVERY_SERVICE
from analytics.state.resolution import Resolution

GRACE_SECONDS = 15.0
"""How long after its end a bucket is delivered: most late records have arrived by then."""
SIZES = {Resolution.MINUTE: MINUTE_SECONDS, Resolution.HOUR: HOUR_SECONDS, Resolution.DAY: DAY_SECONDS}
"""Seconds of a bucket by level, of those that are delivered."""


def ends(now: float) -> dict[Resolution, int]:
    """By level the end of the last bucket that may be delivered at `now`."""
    return {level: int((now - GRACE_SECONDS) // size) * size for level, size in SIZES.items()}


def labels_of_key(key: SeriesKey) -> Labels:
    """The labels of a series of traffic or events; empty for those that are sums of others."""
    name, service, tags = key
    if name == EVENTS_SERIES:
        return labels_of([*tags, ("service", service), (NAME_LABEL, EVENTS_TOTAL)]) if tags and service else ()
    if service == EVERY_SERVICE:
        return labels_of([(NAME_LABEL, OVERALL_LATENCY)]) if name == "latency" else ()
    return labels_of([("service", service), (NAME_LABEL, TRAFFIC_NAMES[name][0])])

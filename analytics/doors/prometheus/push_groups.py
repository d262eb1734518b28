"""Groups of pushed series: what each job pushed last, until it is deleted or expires.

A job that has ended cannot be asked for its values again, so they are recorded again and again, as Prometheus does by
scraping a Pushgateway. Groups are in memory only: after a restart, a group is back with its next push.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import structs

from analytics.doors.prometheus.grouping import Grouping
from analytics.errors import ValidationFailed
from analytics.points import Labels, NewPoint

EXPIRES_SECONDS = 48 * 3_600.0
"""A group expires this long after its last push: twice the time between the runs of a daily job."""
MOST_GROUPS = 1_000
MOST_PUSHED_SERIES = 20_000
"""Series of all groups together."""


class Pushed(NamedTuple):
    """A pushed point, and the metric that it belongs to, such as `latency` for `latency_bucket`."""

    metric: str
    point: NewPoint


PushedSeries = dict[Labels, Pushed]


class PushGroup(NamedTuple):
    """The series of a group by their labels, and when it was pushed last, in seconds since the epoch."""

    series: PushedSeries
    at: float


class PushGroups:
    """All groups by their labels."""

    def __init__(self) -> None:
        self._groups: dict[Grouping, PushGroup] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def size(self) -> int:
        """How many series all groups have."""
        return self._size

    def check(self, grouping: Grouping, pushed: int) -> None:
        """Check that there is room for so many series in a group.

        Raises:
            ValidationFailed: there is not.
        """
        known = self._groups.get(grouping)
        if known is None and len(self._groups) >= MOST_GROUPS:
            raise ValidationFailed(
                f"There are {MOST_GROUPS} groups of pushed metrics already: delete some first.",
                code="too_many_groups",
            )
        if self._size + pushed - (len(known.series) if known else 0) > MOST_PUSHED_SERIES:
            raise ValidationFailed(
                f"All groups together would have more than {MOST_PUSHED_SERIES} pushed series: delete some first.",
                code="too_many_groups",
            )

    def replace(self, grouping: Grouping, pushed: Iterable[Pushed], now: float) -> list[NewPoint]:
        """Replace a group; returns the ends of the series that it has no more."""
        return self._set(grouping, {each.point.labels: each for each in pushed}, now)

    def merge(self, grouping: Grouping, pushed: Iterable[Pushed], now: float) -> list[NewPoint]:
        """Replace the metrics of a group that were pushed; returns the ends of their series that it has no more."""
        fresh = {each.point.labels: each for each in pushed}
        metrics = {each.metric for each in fresh.values()}
        known = self._groups.get(grouping)
        kept = {labels: each for labels, each in known.series.items() if each.metric not in metrics} if known else {}
        return self._set(grouping, kept | fresh, now)

    def delete(self, grouping: Grouping) -> list[NewPoint]:
        """Delete a group, if there is one; returns the ends of its series."""
        group = self._groups.pop(grouping, None)
        if group is None:
            return []
        self._size -= len(group.series)
        return [ended(each.point) for each in group.series.values()]

    def expire(self, now: float) -> list[NewPoint]:
        """Delete the groups that were not pushed for `EXPIRES_SECONDS`; returns the ends of their series."""
        old = [grouping for grouping, group in self._groups.items() if now - group.at > EXPIRES_SECONDS]
        return [end for grouping in old for end in self.delete(grouping)]

    def points(self) -> Iterator[NewPoint]:
        """The newest points of all groups, to be recorded again as of now."""
        for group in list(self._groups.values()):
            for each in group.series.values():
                yield structs.replace(each.point, at=None)

    def _set(self, grouping: Grouping, series: PushedSeries, now: float) -> list[NewPoint]:
        known = self._groups.get(grouping, PushGroup({}, now))
        self._groups[grouping] = PushGroup(series, now)
        self._size += len(series) - len(known.series)
        return [ended(each.point) for labels, each in known.series.items() if labels not in series]


def ended(point: NewPoint) -> NewPoint:
    """The end of the series of a point."""
    return structs.replace(point, value=None, histogram=None, at=None)

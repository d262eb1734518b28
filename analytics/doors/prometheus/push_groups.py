"""Groups of pushed series: what each job pushed last, until it is deleted or expires.

A job that has ended cannot be asked for its values again, so they are recorded again and again, as Prometheus does by
scraping a Pushgateway. The groups are part of the log, so that a restart keeps them.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import structs

from analytics.doors.prometheus.grouping import Grouping
from analytics.errors import ValidationFailed
from analytics.points import NewPoint
from analytics.records import NewPush, PushedGroup, PushedPoint

EXPIRES_SECONDS = 48 * 3_600.0
"""A group expires this long after its last push: twice the time between the runs of a daily job."""
MOST_GROUPS = 1_000
MOST_PUSHED_SERIES = 20_000
"""Series of all groups together."""


class KeptGroups(Protocol):
    """The groups that the state keeps."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[Grouping, PushedGroup]]: ...

    def get(self, grouping: Grouping, /) -> PushedGroup | None:
        """The group with these labels."""

    @property
    def size(self) -> int:
        """How many series all groups have."""


class PushLog(Protocol):
    """Records a push, which changes the kept groups."""

    def __call__(self, push: NewPush, /) -> None:
        """Record a push. Raises Unavailable."""


class PushGroups:
    """Changes the groups.

    Args:
        kept: the groups, as pushes left them.
        record: records a push.
    """

    def __init__(self, kept: KeptGroups, record: PushLog) -> None:
        self._kept, self._record = kept, record

    def check(self, grouping: Grouping, pushed: int) -> None:
        """Check that there is room for so many series in a group.

        Raises:
            ValidationFailed: there is not.
        """
        known = self._kept.get(grouping)
        if known is None and len(self._kept) >= MOST_GROUPS:
            raise ValidationFailed(
                f"There are {MOST_GROUPS} groups of pushed metrics already: delete some first.",
                code="too_many_groups",
            )
        if self._kept.size + pushed - (len(known.points) if known else 0) > MOST_PUSHED_SERIES:
            raise ValidationFailed(
                f"All groups together would have more than {MOST_PUSHED_SERIES} pushed series: delete some first.",
                code="too_many_groups",
            )

    def put(self, grouping: Grouping, pushed: Iterable[PushedPoint], *, is_merge: bool) -> list[NewPoint]:
        """Replace a group, or with `is_merge` those of its metrics that were pushed.

        Returns the ends of the series that the group has no more.

        Raises:
            Unavailable: nothing can be written now.
        """
        points = [PushedPoint(each.metric, structs.replace(each.point, exemplars=())) for each in pushed]
        return self._change(NewPush(grouping, points, is_merge))

    def delete(self, grouping: Grouping) -> list[NewPoint]:
        """Delete a group, if there is one; returns the ends of its series. Raises Unavailable."""
        return self._change(NewPush(grouping)) if self._kept.get(grouping) else []

    def expire(self, now: float) -> list[NewPoint]:
        """Delete the groups that were not pushed for `EXPIRES_SECONDS`; returns the ends of their series."""
        old = [grouping for grouping, group in self._kept if now - group.at > EXPIRES_SECONDS]
        return [end for grouping in old for end in self.delete(grouping)]

    def points(self) -> Iterator[NewPoint]:
        """The newest points of all groups, to be recorded again as of now."""
        for _, group in self._kept:
            for each in group.points:
                yield structs.replace(each.point, at=None)

    def _change(self, push: NewPush) -> list[NewPoint]:
        before = self._kept.get(push.grouping)
        self._record(push)
        after = self._kept.get(push.grouping)
        left = {each.point.labels for each in after.points} if after else set()
        return [_ended(each.point) for each in before.points if each.point.labels not in left] if before else []


def _ended(point: NewPoint) -> NewPoint:
    """The end of the series of a point."""
    return structs.replace(point, value=None, histogram=None, at=None)

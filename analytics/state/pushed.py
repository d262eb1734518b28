"""Groups of pushed points: what each job pushed last, until its group is deleted or expires."""

from collections.abc import Iterator

from analytics.points import Labels
from analytics.records import NewPush, PushedGroup, PushedPoint


class PushedGroups:
    """All groups by the labels that name them.

    Attributes:
        is_changed: whether one changed since the newest checkpoint.
    """

    def __init__(self) -> None:
        self._groups: dict[Labels, PushedGroup] = {}
        self.is_changed = False

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[tuple[Labels, PushedGroup]]:
        return iter(list(self._groups.items()))

    def get(self, grouping: Labels) -> PushedGroup | None:
        """The group with these labels."""
        return self._groups.get(grouping)

    @property
    def size(self) -> int:
        """How many series all groups have."""
        return sum(len(group.points) for group in self._groups.values())

    def put(self, push: NewPush, at: float) -> None:
        """Apply a push that was received at `at`."""
        self.is_changed = True
        if not push.points:
            self._groups.pop(push.grouping, None)
            return
        points = {each.point.labels: each for each in self._kept(push)}
        points |= {each.point.labels: each for each in push.points}
        self._groups[push.grouping] = PushedGroup(list(points.values()), at)

    def dump(self) -> list[tuple[Labels, PushedGroup]]:
        """All groups, for `restore`."""
        return list(self._groups.items())

    def restore(self, groups: list[tuple[Labels, PushedGroup]]) -> None:
        """Replace the content by a dump."""
        self._groups = dict(groups)

    def take_change(self) -> bool:
        """Whether a group changed since the last call."""
        was_changed, self.is_changed = self.is_changed, False
        return was_changed

    def _kept(self, push: NewPush) -> list[PushedPoint]:
        """The points of a group that a push leaves."""
        known = self._groups.get(push.grouping)
        if known is None or not push.is_merge:
            return []
        metrics = {each.metric for each in push.points}
        return [each for each in known.points if each.metric not in metrics]

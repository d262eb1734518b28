"""Heartbeats in the intake: grouped by service."""

from collections.abc import Sequence

from analytics.ingest.groups import Group, Groups
from analytics.records import NewHeartbeat


class HeartbeatGroups(Groups[NewHeartbeat]):
    """The groups of a batch of heartbeats; what they report is counted by the state, service by service."""

    def of(self, items: Sequence[NewHeartbeat]) -> list[Group[NewHeartbeat]]:
        """The group of each item."""
        made: dict[str, Group[NewHeartbeat]] = {group.service: group for group in self.all}
        for item in items:
            if item.service not in made:
                made[item.service] = Group(self.seen(item.service, int(self.now)))
                self.all.append(made[item.service])
        return [made[item.service] for item in items]


class Heartbeats:
    """Heartbeats as a kind of the intake."""

    refusal = None
    groups = HeartbeatGroups

    def detached(self, item: NewHeartbeat) -> NewHeartbeat:
        """The item itself: it holds no reference into a body."""
        return item

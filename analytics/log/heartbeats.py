"""Heartbeats in the intake: grouped by service."""

from collections.abc import Hashable, Sequence

from analytics.log import refusal
from analytics.log.groups import Group, Groups
from analytics.log.intake import Checked, new_service
from analytics.log.refusal import Refused
from analytics.records import Kept, NewHeartbeat
from analytics.state.registry import Registry
from analytics.state.state import State


class HeartbeatGroups(Groups[NewHeartbeat]):
    """The groups of a batch of heartbeats, one for each service. The state counts what heartbeats report."""

    def of(self, items: Sequence[NewHeartbeat]) -> list[Group[NewHeartbeat]]:
        """The group of each item."""
        made: dict[str, Group[NewHeartbeat]] = {group.service: group for group in self.all}
        for item in items:
            if item.service not in made:
                made[item.service] = Group(self.seen(item.service, int(self.now)))
                self.all.append(made[item.service])
        return [made[item.service] for item in items]


class Heartbeats:
    """The intake's rules for heartbeats.

    Args:
        services: the known services, with their instances.
    """

    def __init__(self, services: Registry) -> None:
        self._services = services

    def refusal(self, item: NewHeartbeat) -> Refused | None:
        """The refusal of a new instance if its service already has the most instances allowed."""
        service = self._services.get(item.service)
        if item.instance is None or service is None or service.has_room(item.instance):
            return None
        return refusal.too_many_instances(item.service)

    groups = HeartbeatGroups

    def detached(self, item: NewHeartbeat) -> NewHeartbeat:
        """The item itself: it does not keep the body of its request in memory."""
        return item

    def new_names(self, state: State, record: NewHeartbeat) -> frozenset[Hashable]:
        return new_service(state, record.service)

    def record(self, state: State, kept: Kept[NewHeartbeat], checked: Checked[NewHeartbeat]) -> int:
        """Apply each heartbeat to its service."""
        for heartbeat in kept.records:
            state.apply_heartbeat(heartbeat, kept.received)
        return 0

"""What is being sent to all live clients: events and an update, which clients get one after the other."""

from collections.abc import Sequence, Set

from analytics.live.event_batches import PendingEvents, SelectedEvents, without
from analytics.live.messages import MessageBatch
from analytics.live.subscription import Topics


class Broadcast:
    """Pending events, which are selected once for all clients with equal topics, and an update and the patch for it.

    Attributes:
        pending: the events.
        update, patch: None if there is none.
    """

    __slots__ = ("_selected", "patch", "pending", "update")

    def __init__(
        self, pending: Sequence[PendingEvents], update: MessageBatch | None, patch: MessageBatch | None
    ) -> None:
        self.pending, self.update, self.patch = pending, update, patch
        self._selected: dict[tuple[Topics, int], SelectedEvents] = {}

    def select(self, topics: Topics, since: int) -> SelectedEvents:
        """The events for a client that has those up to number `since`."""
        key = topics, max(since, self.pending[0].first - 1)
        events = self._selected.get(key)
        if events is None:
            events = self._selected[key] = SelectedEvents.select(self.pending, *key)
        return events

    def erase(self, users: Set[str]) -> None:
        """Leave out the events of these users, and the update, which may have some."""
        self.pending = without(self.pending, users)
        self._selected = {}
        self.update = self.patch = None

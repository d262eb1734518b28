"""Applies what is queued for receivers of messages about alerts, and what became of it."""

from collections.abc import Sequence

from analytics.notifications import SENT, WITHDRAWN, NewNotification, NewNotificationEnd, QueuedMessage
from analytics.state.state import State


class Notifications:
    """Queues messages."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewNotification], received: float, _: str) -> list[QueuedMessage | None]:
        """Queue the messages; returns each, or None where its record does not count or sends none."""
        self._state.set_time(received)
        queued = [self._state.outbox.queue(new, received) for new in records]
        for new, message in zip(records, queued, strict=True):
            if message is not None:
                self._state.incidents.tell(new.receiver, [*new.fired, *new.missed], new.resolved)
        return queued


class NotificationEnds:
    """Ends messages."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewNotificationEnd], received: float, _: str) -> list[bool]:
        """End the messages; returns of each whether it had waited."""
        self._state.set_time(received)
        return [self._end(end, received) for end in records]

    def _end(self, end: NewNotificationEnd, received: float) -> bool:
        box = self._state.outbox.boxes.get(end.receiver)
        group = None if box is None else box.groups.get(end.labels)
        message = None if group is None else group.waiting
        is_ended = self._state.outbox.end(end, received)
        if is_ended and message is not None and end.number and end.outcome != WITHDRAWN:
            keys = [alert.key for alert in message.alerts]
            self._state.incidents.notified(keys, end.receiver, received, is_sent=end.outcome == SENT)
        return is_ended

"""The outbox: the last state of each alert that each receiver was sent, and the messages that wait for it."""

from collections import deque
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from analytics.alerting import AlertKey
from analytics.notifications import (
    GIVEN_UP,
    QUIET,
    SENT,
    WITHDRAWN,
    EndedMessage,
    NewNotification,
    NewNotificationEnd,
    Outcome,
    QueuedMessage,
)
from analytics.points import Labels

ENDED_KEPT = 500
"""How many messages are kept after they have ended."""


class NotifiedGroup(Struct, frozen=True, array_like=True):
    """State of a group of alerts at a receiver: its newest message, and the alerts that it knows to fire.

    Attributes:
        number: of the newest message; 0 if there was none.
        at: when that was queued, in seconds since the epoch.
        told: the alerts that were sent as firing, and since when they fire.
        waiting: the newest message, until it ends.
        before: while a message waits, the value of `told` before it, which holds again if the message is given up.
    """

    number: int = 0
    at: float = 0.0
    told: dict[AlertKey, float] = {}
    waiting: QueuedMessage | None = None
    before: dict[AlertKey, float] = {}


NO_GROUP = NotifiedGroup()


class ReceiverBox(Struct, array_like=True):
    """What one receiver was told, by group.

    Attributes:
        disabled: the version of its resource with which it refused all further messages; 0 if it did not.
        sent, failed: how many messages it took, and how many were given up.
        last_sent: when it took the newest one, in seconds since the epoch.
    """

    groups: dict[Labels, NotifiedGroup] = {}
    disabled: int = 0
    sent: int = 0
    failed: int = 0
    last_sent: float | None = None


class OutboxFigures(NamedTuple):
    """How many messages a receiver took, how many were given up, and how many wait for it."""

    sent: int
    failed: int
    waiting: int
    disabled: int


class StoredGroup(Struct, array_like=True):
    """A group, serialised."""

    labels: Labels
    number: int
    at: float
    told: list[tuple[AlertKey, float]]
    waiting: QueuedMessage | None
    before: list[tuple[AlertKey, float]]


class StoredOutbox(Struct, array_like=True):
    """The outbox, serialised."""

    number: int
    boxes: list[tuple[str, list[StoredGroup]]]
    figures: dict[str, tuple[int, int, int, float | None]]
    ended: list[EndedMessage]


class NotificationOutbox:
    """The boxes of all receivers. At most one message of a group waits: the next one tells what changed meanwhile.

    Attributes:
        number: of the newest message.
        version: rises with each change.
        ended: the newest messages that have ended, oldest first.
        is_changed: whether there was a change since the newest checkpoint.
    """

    def __init__(self) -> None:
        self._boxes: dict[str, ReceiverBox] = {}
        self.number = self.version = 0
        self.ended: deque[EndedMessage] = deque(maxlen=ENDED_KEPT)
        self.is_changed = False

    @property
    def boxes(self) -> Mapping[str, ReceiverBox]:
        """The boxes by the names of their receivers."""
        return self._boxes

    def groups(self, receiver: str) -> dict[Labels, NotifiedGroup]:
        """The groups of a receiver, as of now."""
        box = self._boxes.get(receiver)
        return {} if box is None else dict(box.groups)

    def waiting(self, receiver: str | None = None) -> list[QueuedMessage]:
        """The messages that wait for a receiver, or for any, oldest first."""
        boxes = self._boxes.values() if receiver is None else filter(None, [self._boxes.get(receiver)])
        found = (group.waiting for box in boxes for group in box.groups.values())
        return sorted((message for message in found if message is not None), key=lambda message: message.number)

    def figures(self) -> dict[str, OutboxFigures]:
        """The figures of each receiver that was sent something."""
        return {
            name: OutboxFigures(
                box.sent, box.failed, sum(group.waiting is not None for group in box.groups.values()), box.disabled
            )
            for name, box in self._boxes.items()
        }

    def queue(self, new: NewNotification, received: float) -> QueuedMessage | None:
        """Queue a message; returns it, or None if the record does not count or sends none."""
        group = self._boxes[new.receiver].groups.get(new.labels, NO_GROUP) if new.receiver in self._boxes else NO_GROUP
        if group.number != new.after or group.waiting is not None:
            return None
        self._note_change()
        box = self._boxes.setdefault(new.receiver, ReceiverBox({}))
        resolved = set(new.resolved)
        told = {key: fired for key, fired in group.told.items() if key not in resolved}
        told.update(new.fired)
        if new.reason == QUIET:
            self._keep(box, new.labels, replace(group, told=told))
            return None
        self.number += 1
        message = QueuedMessage(
            _id(new, received, self.number),
            self.number,
            new.receiver,
            new.labels,
            new.reason,
            received,
            new.firing,
            len(new.resolved) if any(alert.ended is not None for alert in new.alerts) else 0,
            new.alerts,
        )
        box.groups[new.labels] = NotifiedGroup(self.number, received, told, message, group.told)
        return message

    def end(self, end: NewNotificationEnd, received: float) -> bool:
        """End a message that waits; returns whether it did."""
        box = self._boxes.get(end.receiver)
        if box is None:
            return False
        if not end.number:
            self._note_change()
            for message in self.waiting(end.receiver):
                self._end(message, received, end)
            del self._boxes[end.receiver]
            return True
        group = box.groups.get(end.labels, NO_GROUP)
        if group.waiting is None or group.number != end.number:
            return False
        self._note_change()
        self._end(group.waiting, received, end)
        box.disabled = end.disabled or box.disabled
        box.sent += end.outcome == SENT
        box.failed += end.outcome == GIVEN_UP
        box.last_sent = received if end.outcome == SENT else box.last_sent
        told = group.before if end.outcome == GIVEN_UP else group.told
        self._keep(box, end.labels, replace(group, told=told, waiting=None, before={}))
        return True

    def dump(self) -> bytes:
        """The outbox, for `restore`."""
        boxes = [
            (
                name,
                [
                    StoredGroup(
                        labels,
                        group.number,
                        group.at,
                        list(group.told.items()),
                        group.waiting,
                        list(group.before.items()),
                    )
                    for labels, group in box.groups.items()
                ],
            )
            for name, box in self._boxes.items()
        ]
        figures = {name: (box.disabled, box.sent, box.failed, box.last_sent) for name, box in self._boxes.items()}
        return msgspec.msgpack.encode(StoredOutbox(self.number, boxes, figures, list(self.ended)))

    def restore(self, body: bytes) -> None:
        """Replace the content by what `dump` wrote.

        Raises:
            msgspec.DecodeError, LookupError: it is damaged.
        """
        stored = msgspec.msgpack.decode(body, type=StoredOutbox)
        self.number = stored.number
        self.version += 1
        self._boxes = {
            name: ReceiverBox(
                {
                    each.labels: NotifiedGroup(each.number, each.at, dict(each.told), each.waiting, dict(each.before))
                    for each in groups
                },
                *stored.figures[name],
            )
            for name, groups in stored.boxes
        }
        self.ended = deque(stored.ended, maxlen=ENDED_KEPT)

    def take_change(self) -> bool:
        """Whether there was a change since the last call."""
        was_changed, self.is_changed = self.is_changed, False
        return was_changed

    def __iter__(self) -> Iterator[tuple[str, Labels, NotifiedGroup]]:
        return ((name, labels, group) for name, box in self._boxes.items() for labels, group in box.groups.items())

    def _note_change(self) -> None:
        self.version += 1
        self.is_changed = True

    def _end(self, message: QueuedMessage, received: float, end: NewNotificationEnd) -> None:
        outcome: Outcome = end.outcome if end.number else WITHDRAWN
        about = (message.id, message.receiver, message.labels, message.reason, message.at)
        counts = (message.firing, message.resolved)
        self.ended.append(EndedMessage(*about, *counts, received, outcome, end.attempts, end.answer))

    @staticmethod
    def _keep(box: ReceiverBox, labels: Labels, group: NotifiedGroup) -> None:
        """Keep a group as long as the receiver believes that an alert of it fires."""
        if group.told or group.waiting is not None:
            box.groups[labels] = group
        else:
            box.groups.pop(labels, None)


def _id(new: NewNotification, received: float, number: int) -> str:
    """The id of a message; a state that was restored from a backup gives the same one to no other message."""
    named = msgspec.msgpack.encode((new.receiver, new.labels, received, number))
    return f"msg_{blake2b(named, digest_size=12).hexdigest()}"

"""Notifications: the records by which messages about alerts are queued and end, and the messages themselves.

Each receiver gets a message for each group of alerts, which is identified by the labels that its alerts have in common.
"""

from typing import Final, Literal, NamedTuple

from msgspec import Struct

from analytics.alerting import AlertKey
from analytics.points import Labels

CHANGED: Final = "changed"
REMINDER: Final = "reminder"
QUIET: Final = "quiet"
Reason = Literal["changed", "reminder", "quiet"]
SENT: Final = "sent"
GIVEN_UP: Final = "failed"
WITHDRAWN: Final = "withdrawn"
Outcome = Literal["sent", "failed", "withdrawn"]


class FiredAlert(NamedTuple):
    """An alert that a message says is firing, and since when it does, in seconds since the epoch."""

    key: AlertKey
    fired: float


class MessageAlert(Struct, frozen=True, array_like=True):
    """An alert as it was when its message was queued. Times are in seconds since the epoch.

    Attributes:
        ended: when it stopped firing; None while it fires.
        value: of its expression; None without one.
    """

    key: AlertKey
    fired: float
    ended: float | None
    value: float | None
    annotations: dict[str, str]


class NewNotification(Struct, frozen=True, omit_defaults=True):
    """Queues a message about a group of alerts for a receiver.

    It only counts where the newest message of that group is number `after` and has ended, so that of several records
    about the same change, such as those of several nodes, one counts.

    Attributes:
        labels: identify the group.
        reason: whether alerts fired or were resolved (`changed`), or some fire for long (`reminder`). `quiet` sends no
            message: the receiver wants none about what was resolved.
        after: the number of the group's newest message; 0 if there is none.
        fired: the alerts that are told for the first time.
        resolved: the alerts that were told to fire, and do so no more.
        firing: how many alerts of the group fire.
        alerts: what the message tells: the first of those that fire, and those that were resolved.
        missed: those of `resolved` that are told for the first time, as nobody was to be told that they fire.
    """

    receiver: str
    labels: Labels
    reason: Reason
    after: int = 0
    fired: list[FiredAlert] = []
    resolved: list[AlertKey] = []
    firing: int = 0
    alerts: list[MessageAlert] = []
    missed: list[FiredAlert] = []


class NewNotificationEnd(Struct, frozen=True, omit_defaults=True):
    """The end of a message: the receiver took it, or it was given up.

    Attributes:
        labels, number: identify the group and the message. Without a number, the receiver was deleted: all its messages
            are withdrawn, and what it was told is forgotten.
        answer: the last answer of the receiver, or why there was none.
        disabled: the version of the receiver's resource if nothing more may be sent to it until it is changed.
    """

    receiver: str
    labels: Labels
    number: int
    outcome: Outcome
    attempts: int = 1
    answer: str = ""
    disabled: int = 0


class QueuedMessage(Struct, frozen=True, array_like=True):
    """A message that waits until its receiver takes it.

    Attributes:
        id: the same at each attempt, and used for no other message.
        number: rises with each message of any receiver.
        at: when it was queued, in seconds since the epoch.
        firing, resolved: how many alerts of the group fire, and how many were resolved; `alerts` has the first of them.
    """

    id: str
    number: int
    receiver: str
    labels: Labels
    reason: Reason
    at: float
    firing: int
    resolved: int
    alerts: list[MessageAlert]


class EndedMessage(Struct, frozen=True, array_like=True):
    """What is kept of a message that has ended, at `ended` (seconds since the epoch)."""

    id: str
    receiver: str
    labels: Labels
    reason: Reason
    at: float
    firing: int
    resolved: int
    ended: float
    outcome: Outcome
    attempts: int
    answer: str

"""Queries about messages to receivers: those that wait, and those that have ended."""

from typing import NamedTuple, TypedDict

from analytics.clock import rfc3339
from analytics.notifications import EndedMessage, QueuedMessage
from analytics.state.state import State


class Tried(NamedTuple):
    """Attempts in vain at a message that waits; `next_at` is in seconds since the epoch."""

    attempts: int
    reason: str
    next_at: float


class NotificationRow(TypedDict):
    """A message. `state` is waiting, sent, failed or withdrawn; `answer` the last one, or why there was none."""

    id: str
    receiver: str
    state: str
    reason: str
    group: dict[str, str]
    firing: int
    resolved: int
    queued_at: str
    ended_at: str | None
    attempts: int
    answer: str | None
    next_attempt_at: str | None


class NotificationFilter(NamedTuple):
    """Which messages are wanted: of this state, to this receiver, and how many at most."""

    state: str | None
    receiver: str | None
    limit: int


def notifications(
    state: State, now: float, wanted: NotificationFilter, tried: dict[str, Tried]
) -> list[NotificationRow]:
    """Messages, newest first; those that wait come before those that have ended.

    Args:
        tried: attempts in vain, by the id of the message.
    """
    rows: list[NotificationRow] = []
    if wanted.state in (None, "waiting"):
        rows += [
            _waiting(message, tried.get(message.id)) for message in reversed(state.outbox.waiting(wanted.receiver))
        ]
    if wanted.state != "waiting":
        rows += [
            _ended(message)
            for message in reversed(state.outbox.ended)
            if wanted.receiver in (None, message.receiver) and wanted.state in (None, message.outcome)
        ]
    return rows[: wanted.limit]


def _waiting(message: QueuedMessage, tried: Tried | None) -> NotificationRow:
    return {
        "id": message.id,
        "receiver": message.receiver,
        "state": "waiting",
        "reason": message.reason,
        "group": dict(message.labels),
        "firing": message.firing,
        "resolved": message.resolved,
        "queued_at": rfc3339(message.at),
        "ended_at": None,
        "attempts": 0 if tried is None else tried.attempts,
        "answer": None if tried is None else tried.reason,
        "next_attempt_at": None if tried is None else rfc3339(tried.next_at),
    }


def _ended(message: EndedMessage) -> NotificationRow:
    return {
        "id": message.id,
        "receiver": message.receiver,
        "state": message.outcome,
        "reason": message.reason,
        "group": dict(message.labels),
        "firing": message.firing,
        "resolved": message.resolved,
        "queued_at": rfc3339(message.at),
        "ended_at": rfc3339(message.ended),
        "attempts": message.attempts,
        "answer": message.answer or None,
        "next_attempt_at": None,
    }

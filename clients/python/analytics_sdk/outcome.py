"""Outcome of a tracked item."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Literal, NamedTuple

Status = Literal["accepted", "duplicate", "rejected", "dropped"]


class Outcome(NamedTuple):
    """Outcome of a tracked item.

    `status` is one of:

    - `accepted`: the service counted the item.
    - `duplicate`: the service had counted an earlier try, whose answer was lost. A batch with both accepted and
      duplicate items reports all of them as accepted, because the receipt does not say which is which.
    - `rejected`: the item is invalid, and is not sent again.
    - `dropped`: the item was not sent, or the client was closed before the answer came.

    For rejected and dropped items, `code` and `message` have the reason for programs and for people.
    """

    status: Status
    code: str = ""
    message: str = ""

    @property
    def counted(self) -> bool:
        """Whether the service has counted the item."""
        return self.status in ("accepted", "duplicate")


ACCEPTED, DUPLICATE = Outcome("accepted"), Outcome("duplicate")

Outcomes = Sequence[Outcome]
Pending = Future[Outcome]
"""Future of an outcome; it never has an exception and cannot be cancelled."""


def pending() -> Pending:
    """Future of an outcome that is not known yet."""
    future: Pending = Future()
    future.set_running_or_notify_cancel()
    return future


def settled(outcome: Outcome) -> Pending:
    """Future of a known outcome."""
    future = pending()
    future.set_result(outcome)
    return future

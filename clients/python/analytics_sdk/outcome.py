"""What became of one item that was tracked."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Literal, NamedTuple

Status = Literal["accepted", "duplicate", "rejected", "dropped"]


class Outcome(NamedTuple):
    """What became of one item.

    `accepted`: the service counted it. `duplicate`: it had counted an earlier try, whose answer was lost; where a
    receipt has both and does not say which is which, all are called accepted. `rejected`: it can never be taken.
    `dropped`: it was not sent, or its answer was no longer waited for. The last two say why: `code` for programs,
    `message` for people.
    """

    status: Status
    code: str = ""
    message: str = ""

    @property
    def counted(self) -> bool:
        """Whether the service has it, once."""
        return self.status in ("accepted", "duplicate")


ACCEPTED, DUPLICATE = Outcome("accepted"), Outcome("duplicate")

Outcomes = Sequence[Outcome]
Pending = Future[Outcome]
"""Settles with the outcome and never with an exception; cannot be cancelled."""


def pending() -> Pending:
    """An outcome that is not known yet."""
    future: Pending = Future()
    future.set_running_or_notify_cancel()
    return future


def settled(outcome: Outcome) -> Pending:
    """An outcome that is known at once."""
    future = pending()
    future.set_result(outcome)
    return future

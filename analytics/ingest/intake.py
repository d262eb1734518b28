"""What takes a batch apart: the shape shared by events and metrics, and the rules of time that hold for both."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from analytics.clock import rfc3339_second
from analytics.ingest import refusal
from analytics.ingest.refusal import Refused
from analytics.records import ItemError, R
from analytics.state.observations import Observations

AHEAD = 300
"""Seconds that a client's clock may be ahead of the service's."""

N = TypeVar("N", covariant=True)


class Decoded(Protocol[N]):
    """Readable items with their places in what was sent, and the errors of those that were not readable."""

    @property
    def items(self) -> Sequence[N]: ...

    @property
    def places(self) -> Sequence[int]: ...

    @property
    def errors(self) -> Sequence[ItemError]: ...


class One(NamedTuple, Generic[R]):
    """A single item as a batch."""

    items: tuple[R]
    places: Sequence[int] = (0,)
    errors: Sequence[ItemError] = ()


class Checked(NamedTuple, Generic[R]):
    """What a batch comes to: records to keep, how to count them, and what was refused.

    `ids` are those that the records brought along: they are remembered, and services and series have room. Nothing is
    counted before `observe` is asked what to count. `repeated_id` is the last id that was seen before, if any was.
    """

    records: Sequence[R]
    ids: Sequence[str]
    observe: Callable[[], list[Observations]]
    duplicates: int
    repeated_id: str
    errors: list[ItemError]


def time_refusal(when: datetime, now: float, oldest: float) -> Refused | None:
    """Why a record of that time may not be recorded: too far ahead, or before what is kept (in epoch seconds)."""
    at = when.timestamp()
    if at > now + AHEAD:
        return refusal.in_future(when.isoformat(), AHEAD)
    if at < oldest:
        return refusal.too_old(when.isoformat(), rfc3339_second(oldest))
    return None

"""Events as batches of messages, selected for the clients that want them."""

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from analytics.kinds import EVENTS
from analytics.live.messages import Message, MessageBatch
from analytics.live.outbox import MAX_EVENTS
from analytics.live.subscription import Topics
from analytics.records import Kept, NewEvent, event_json
from analytics.state.rings import Found

EVENT_BATCH_SIZE = 100
EVENT_BATCH_BYTES = 256 * 1024


class PendingEvents(NamedTuple):
    """Events of one request that are still to be sent, and the sequence number of the first."""

    first: int
    kept: Kept[NewEvent]


def without(pending: Iterable[PendingEvents], users: Set[str]) -> list[PendingEvents]:
    """Pending events without those that name one of these users; the numbers of the others stay."""
    return [PendingEvents(first, EVENTS.without(kept, users)) for first, kept in pending]


class SelectedEvents(NamedTuple):
    """Pending events for clients with the same topics.

    Attributes:
        batches: the newest of them.
        missing: number of older ones, which are left out because no outbox has room for them.
        single: the batch, where there is only one and no event is missing.
    """

    batches: list[MessageBatch]
    missing: int
    single: MessageBatch | None

    @classmethod
    def select(cls, pending: Sequence[PendingEvents], topics: Topics, since: int) -> "SelectedEvents":
        """Select the events with a sequence number above `since`; clients that joined meanwhile know the others."""
        if topics.matches_none:
            return cls([], 0, None)
        found = [
            Found(first + place, kept, place)
            for first, kept in pending
            for place, event in enumerate(kept.records)
            if first + place > since and (topics.matches_all or topics.matches(event)) and kept.is_live(place)
        ]
        missing = max(0, len(found) - MAX_EVENTS)
        batches = list(event_batches(found[missing:]))
        return cls(batches, missing, batches[0] if len(batches) == 1 and not missing else None)


def event_batches(events: Iterable[Found[NewEvent]]) -> Iterator[MessageBatch]:
    """Group events into batches of up to `EVENT_BATCH_SIZE` events and about `EVENT_BATCH_BYTES` bytes."""
    messages: list[Message] = []
    size = 0
    for seq, kept, place in events:
        message = Message("event", seq, event_json(kept, place))
        messages.append(message)
        size += len(message.data)
        if len(messages) >= EVENT_BATCH_SIZE or size >= EVENT_BATCH_BYTES:
            yield MessageBatch(messages)
            messages, size = [], 0
    if messages:
        yield MessageBatch(messages)

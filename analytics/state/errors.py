"""The newest errors among the events, kept apart so that traffic does not push them out."""

from collections.abc import Mapping, Sequence

import msgspec

from analytics.records import Kept, NewEvent
from analytics.state.changes import Changes
from analytics.state.observations import Observations
from analytics.state.rings import Ring

KEPT = 1_000
BLOCK = 100
"""How many errors are written down together."""


class ErrorImage(msgspec.Struct, frozen=True):
    """One error as it is written down; `received` is in seconds since the epoch and `received_at` the same as text."""

    received: float
    received_at: str
    event: NewEvent


class Errors:
    """`error` events and failed requests, at most the newest `KEPT`, each with its id and its own copy of its data."""

    def __init__(self) -> None:
        self.ring: Ring[NewEvent] = Ring(KEPT)
        self.changes: Changes[int] = Changes()

    def add(self, events: Kept[NewEvent], places: Sequence[int]) -> None:
        """Keep the events at `places` (ascending) too."""
        if not places:
            return
        copies = []
        for place in places[-KEPT:]:
            event = events.records[place]
            data = msgspec.Raw(bytes(event.data))  # no slice of the body that it came in
            copies.append(NewEvent(event.type, event.service, event.user_id, event.timestamp, events.id(place), data))
        first = self.ring.last_sequence + 1
        self.ring.add(Kept(copies, events.received, events.received_at, ""))
        for number in range(first // BLOCK, self.ring.last_sequence // BLOCK + 1):
            self.changes.note(number)

    @property
    def oldest_block(self) -> int:
        """The number of the oldest block that holds an error which is still kept."""
        return self.ring.oldest_sequence // BLOCK

    def block(self, number: int) -> list[ErrorImage]:
        """The errors whose sequence numbers begin at `number` times `BLOCK`, oldest first."""
        start = number * BLOCK
        return [
            ErrorImage(kept.received, kept.received_at, kept.records[place])
            for sequence, kept, place in self.ring.after(start - 1, BLOCK)
            if sequence < start + BLOCK
        ]

    def find_in(self, events: Ring[NewEvent]) -> None:
        """Keep the errors among the events that are kept: checkpoints of version 0.1.0 hold none."""
        for _, kept, places in events.spans(0, len(events)):
            requests = [place for place in places if kept.records[place].type == "request"]
            failed = Observations("", 0.0).requests_made([kept.records[place].data for place in requests])
            found = [requests[index] for index in failed]
            self.add(kept, sorted(found + [place for place in places if kept.records[place].type == "error"]))

    def restore(self, blocks: Mapping[int, list[ErrorImage]]) -> None:
        """Hold what blocks held that follow each other."""
        self.ring = Ring(KEPT, max(1, min(blocks, default=0) * BLOCK))
        for number in sorted(blocks):
            for received, received_at, event in map(msgspec.structs.astuple, blocks[number]):
                self.ring.add(Kept([event], received, received_at, ""))

"""The operation of the store process that searches events."""

import time
from collections.abc import Iterator

import msgspec

from analytics.errors import ValidationFailed
from analytics.filters.searches import StoredEvents, StoreSearch
from analytics.store.process.question import Question, Refusal
from analytics.store.search.searching import search

PIECE_EVENTS, PIECE_BYTES = 1_000, 512 * 1024
"""Greatest size of a piece of the answer, so that the server decodes it without holding up others."""


def search_events(question: Question) -> Iterator[bytes]:
    """The events that a `StoreSearch` finds, in pieces, each a `StoredEvents`; the last one says what was reached."""
    try:
        found = search(
            question.source, question.connection, msgspec.convert(question.args, StoreSearch), time.monotonic
        )
    except (ValidationFailed, msgspec.ValidationError) as error:
        raise Refusal("validation_failed", str(error)) from error
    yield from pieces(found)


def pieces(found: StoredEvents) -> Iterator[bytes]:
    """The found events, in pieces; there is at least one."""
    start, size = 0, 0
    for index, event in enumerate(found.events):
        size += len(bytes(event.data))
        if index - start == PIECE_EVENTS or (size > PIECE_BYTES and index > start):
            yield msgspec.json.encode(StoredEvents(found.events[start:index]))
            start, size = index, 0
    yield msgspec.json.encode(StoredEvents(found.events[start:], found.reached))

"""/events/history: brings old events into the long-term store, for admins."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
from flask import Blueprint, Response, request
from msgspec import structs

from analytics.api.answers import respond
from analytics.api.params import arguments
from analytics.doors.body import BodyReader
from analytics.doors.forms import decode
from analytics.doors.json_door import receipt_answer
from analytics.doors.limits import BodyLimits
from analytics.doors.media import LINES_TYPE, MANY_RECORDS
from analytics.doors.senders import may_import
from analytics.log.outcome import MAX_ERRORS
from analytics.records import NewEvent, Receipt
from analytics.schemas.compiled import DecodedBatch, SchemaDecoder
from analytics.schemas.old_event import OldEventSchema
from analytics.schemas.queries import NoQuery
from analytics.store.client.asking import AsksStore
from analytics.store.messages import BRING_HISTORY
from analytics.yielding import yield_if_due

NOTHING = NoQuery()
KIND = "events"
"""The field of an object around an array, and what the items are."""
WRITE_SECONDS = 25.0
"""How long it may take until the events of a request are in files."""
NONE = Receipt(0, 0, 0, [])
_parse = msgspec.json.Decoder(Receipt).decode
_encode_lines = msgspec.json.Encoder().encode_lines


class HistoryOptions(NamedTuple):
    """Limits of requests, and a function that redacts events in place, as that of `JsonDoor`."""

    limits: BodyLimits
    max_batch: int
    redact: Callable[[Sequence[NewEvent], bytes, Callable[[], bool]], None]


def history_blueprint(store: AsksStore, options: HistoryOptions) -> Blueprint:
    """Blueprint of /events/history."""
    blueprint = Blueprint("history", __name__)
    bodies = BodyReader(options.limits, MANY_RECORDS)
    decoder = SchemaDecoder(OldEventSchema(), NewEvent, options.max_batch, yield_if_due)

    @blueprint.post("/events/history")
    def bring() -> Response:
        arguments(NOTHING)
        data, media_type = bodies.read(request.environ)
        found = decode(decoder, data, KIND, is_lines=media_type == LINES_TYPE)
        batch = found if isinstance(found, DecodedBatch) else DecodedBatch([found], [0], [])
        options.redact(batch.items, data, partial(may_import, request.environ))
        if not batch.items:
            return respond(receipt_answer(_receipt(batch, NONE), KIND))
        body = _encode_lines(batch.items)
        answer = b"".join(store.ask(BRING_HISTORY, seconds=WRITE_SECONDS, body=body))
        return respond(receipt_answer(_receipt(batch, _parse(answer)), KIND))

    return blueprint


def _receipt(batch: DecodedBatch[NewEvent], stored: Receipt) -> Receipt:
    """The receipt of a request, by that of the events in it that were decoded."""
    errors = [*batch.errors, *(structs.replace(each, index=batch.places[each.index]) for each in stored.errors)]
    errors.sort(key=lambda error: error.index)
    return Receipt(stored.accepted, stored.duplicates, len(errors), errors[:MAX_ERRORS])

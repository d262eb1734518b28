"""Door for events and metrics in JSON: one object, an array, an object around an array, or NDJSON."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Generic
from wsgiref.types import WSGIEnvironment

import msgspec

from analytics.answer import Answer, json_answer, refusal
from analytics.doors.body import BodyReader
from analytics.doors.forms import decode
from analytics.doors.limits import BodyLimits
from analytics.doors.media import LINES_TYPE, MANY_RECORDS
from analytics.doors.senders import may_import
from analytics.errors import AnalyticsError, ErrorBody
from analytics.identity import EVERYBODY, Identity, NotAllowed, identity_of
from analytics.kinds import EVENTS, METRICS, Kind
from analytics.log.outcome import Taken
from analytics.log.recorder import Recorder
from analytics.privacy.redactor import Redactor
from analytics.records import NewEvent, NewMetric, R, Receipt
from analytics.schemas.compiled import DecodedBatch, SchemaDecoder
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema
from analytics.yielding import yield_if_due


class JsonDoor(Generic[R]):
    """Records one kind of record; answers a batch with a receipt.

    Args:
        kind: the kind of record. Its name is the field of an object around an array.
        bodies: reads request bodies.
        decoder: decodes records, and limits the items of a batch.
        recorder: stores records, and counts the rejected ones.
        describe: makes the answer to a single record.
        redact: redacts decoded records in place, given the body they come from, and whether hashes in it are kept.
    """

    def __init__(
        self,
        kind: Kind[R],
        bodies: BodyReader,
        decoder: SchemaDecoder[R],
        recorder: Recorder,
        describe: Callable[[R, Taken], dict[str, str]],
        redact: Callable[[Sequence[R], bytes, Callable[[], bool]], None],
    ) -> None:
        self._kind: Kind[R] = kind
        self._decoder: SchemaDecoder[R] = decoder
        self._bodies, self._recorder, self._describe, self._redact = bodies, recorder, describe, redact

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the content of a request."""
        try:
            identity = identity_of(environ)
            decoded = self._decode(environ, identity)
            if identity is not EVERYBODY:
                decoded = self._allowed(identity, decoded)
            if isinstance(decoded, DecodedBatch):
                return receipt_answer(self._recorder.record_batch(self._kind, decoded), self._kind.name)
            taken = self._recorder.record(self._kind, decoded)
        except AnalyticsError as error:
            return refusal(error)
        return json_answer(self._describe(decoded, taken), 200 if taken.duplicate else 201)

    def _decode(self, environ: WSGIEnvironment, identity: Identity) -> R | DecodedBatch[R]:
        try:
            data, media_type = self._bodies.read(environ)
            decoded = decode(self._decoder, data, self._kind.name, is_lines=media_type == LINES_TYPE)
            items = decoded.items if isinstance(decoded, DecodedBatch) else (decoded,)
            self._redact(items, data, partial(may_import, environ))
            return decoded
        except AnalyticsError as error:
            self._recorder.reject(self._kind, [error.code])
            identity.admit(1)  # what cannot be read costs its sender too
            raise

    def _allowed(self, identity: Identity, decoded: R | DecodedBatch[R]) -> R | DecodedBatch[R]:
        """The items of a request that the sender may send; a batch gets an error for each other item.

        Each item counts against the rate of the sender, invalid ones too.

        Raises:
            NotAllowed: it may not send this record.
            TooManyRequests: it exceeded its rate.
        """
        why_not = partial(self._why_not, identity)
        if identity.has_own_ids:
            name_sender(decoded.items if isinstance(decoded, DecodedBatch) else (decoded,), identity.who)
        count = len(decoded.items) + len(decoded.errors) if isinstance(decoded, DecodedBatch) else 1
        try:
            identity.admit(count)
            if not isinstance(decoded, DecodedBatch):
                error = why_not(decoded)
                if error is not None:
                    raise error
                return decoded
        except AnalyticsError as error:
            self._recorder.reject(self._kind, [error.code] * count)
            raise
        return decoded.without(why_not) if identity.is_bound or identity.names is not None else decoded

    def _why_not(self, identity: Identity, record: R) -> NotAllowed | None:
        """Why the sender may not send a record; None if it may."""
        error = identity.why_not(record)
        if error is None and identity.names is not None:
            return identity.names.take(self._recorder.new_names(self._kind, record))
        return error


def receipt_answer(receipt: Receipt, what: str) -> Answer:
    """The answer to a batch: its receipt, as an error if no item was accepted; `what` the items are."""
    if receipt.accepted or receipt.duplicates:
        return json_answer(receipt)
    reasons = Counter(error.code for error in receipt.errors)
    message = f"All {receipt.rejected} {what} were rejected ({', '.join(reasons)}); see `errors`."
    problem: ErrorBody = {"code": "nothing_accepted", "message": message, "fields": {}}
    return json_answer({"error": problem, **msgspec.structs.asdict(receipt)}, 400, problem["code"])


def events_door(recorder: Recorder, redactor: Redactor, limits: BodyLimits, max_batch: int) -> JsonDoor[NewEvent]:
    """Door for events, with at most `max_batch` in one request."""
    decoder = SchemaDecoder(EventSchema(), NewEvent, max_batch, yield_if_due)
    bodies = BodyReader(limits, MANY_RECORDS)
    return JsonDoor(EVENTS, bodies, decoder, recorder, _describe_event, redactor.events)


def metrics_door(recorder: Recorder, redactor: Redactor, limits: BodyLimits, max_batch: int) -> JsonDoor[NewMetric]:
    """Door for metrics, with at most `max_batch` in one request."""
    decoder = SchemaDecoder(MetricSchema(), NewMetric, max_batch, yield_if_due)
    bodies = BodyReader(limits, MANY_RECORDS)
    return JsonDoor(METRICS, bodies, decoder, recorder, _describe_metric, redactor.metrics)


def name_sender(records: Iterable[Any], who: str) -> None:
    """Name the sender in each record with an id, so that it is compared with the ids of that sender alone."""
    for record in records:
        if record.id is not None:
            record.sender = who


def _describe_event(event: NewEvent, taken: Taken) -> dict[str, str]:
    message = "event tracked before" if taken.duplicate else "event tracked"
    return {"message": message, "id": taken.id, "timestamp": taken.timestamp}


def _describe_metric(metric: NewMetric, taken: Taken) -> dict[str, str]:
    message = "metric recorded before" if taken.duplicate else "metric recorded"
    return {"message": message, "name": metric.name, "id": taken.id, "timestamp": taken.timestamp}

"""Events and metrics as JSON: one record, an array, an object around an array, or lines."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from wsgiref.types import WSGIEnvironment

import msgspec

from analytics.answer import Answer, json_answer, refusal
from analytics.doors.body import BodyReader
from analytics.doors.forms import decode
from analytics.doors.limits import BodyLimits
from analytics.doors.media import LINES_TYPE, MANY_RECORDS
from analytics.errors import AnalyticsError
from analytics.ingest.recorder import Recorder, Taken
from analytics.records import NewEvent, NewMetric, Receipt
from analytics.schemas.compiled import Batch, SchemaDecoder
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema
from analytics.turns import let_others_work

R = TypeVar("R", bound=msgspec.Struct)


class JsonDoor(Generic[R]):
    """Takes one kind of record; answers a batch with its receipt.

    Args:
        kind: name of the kind, which an object around an array has as its one field.
        bodies: reads the requests' bodies.
        decoder: decodes records; has the most items of a batch.
        recorder: counts what cannot be decoded.
        record: records one record.
        record_batch: records all records of a batch that may be recorded.
        describe: the answer to a single record.
    """

    def __init__(
        self,
        kind: str,
        bodies: BodyReader,
        decoder: SchemaDecoder[R],
        recorder: Recorder,
        record: Callable[[R], Taken],
        record_batch: Callable[[Batch[R]], Receipt],
        describe: Callable[[R, Taken], dict[str, str]],
    ) -> None:
        self._kind, self._bodies, self._decoder, self._recorder = kind, bodies, decoder, recorder
        self._record, self._record_batch, self._describe = record, record_batch, describe

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record what a request holds, and answer it."""
        try:
            decoded = self._decode(environ)
            if isinstance(decoded, Batch):
                return self._receipt(self._record_batch(decoded))
            taken = self._record(decoded)
        except AnalyticsError as error:
            return refusal(error)
        return json_answer(self._describe(decoded, taken), 200 if taken.duplicate else 201)

    def _decode(self, environ: WSGIEnvironment) -> R | Batch[R]:
        try:
            data, media_type = self._bodies.read(environ)
            return decode(self._decoder, data, self._kind, is_lines=media_type == LINES_TYPE)
        except AnalyticsError as error:
            self._recorder.reject(self._kind, [error.code])
            raise

    def _receipt(self, receipt: Receipt) -> Answer:
        if receipt.accepted or receipt.duplicates:
            return json_answer(receipt)
        reasons = Counter(error.code for error in receipt.errors)
        message = f"None of the {receipt.rejected} {self._kind} could be recorded ({', '.join(reasons)})."
        problem: dict[str, Any] = {"code": "nothing_accepted", "message": message, "fields": {}}
        return json_answer({"error": problem, **msgspec.structs.asdict(receipt)}, 400)


def events_door(recorder: Recorder, limits: BodyLimits, max_batch: int) -> JsonDoor[NewEvent]:
    """The door for events, which takes up to `max_batch` of them at once."""
    decoder = SchemaDecoder(EventSchema(), NewEvent, max_batch, let_others_work)
    bodies = BodyReader(limits, MANY_RECORDS)
    return JsonDoor("events", bodies, decoder, recorder, recorder.event, recorder.events, _describe_event)


def metrics_door(recorder: Recorder, limits: BodyLimits, max_batch: int) -> JsonDoor[NewMetric]:
    """The door for metrics, which takes up to `max_batch` of them at once."""
    decoder = SchemaDecoder(MetricSchema(), NewMetric, max_batch, let_others_work)
    bodies = BodyReader(limits, MANY_RECORDS)
    return JsonDoor("metrics", bodies, decoder, recorder, recorder.metric, recorder.metrics, _describe_metric)


def _describe_event(event: NewEvent, taken: Taken) -> dict[str, str]:
    message = "event tracked before" if taken.duplicate else "event tracked"
    return {"message": message, "id": taken.id, "timestamp": taken.timestamp}


def _describe_metric(metric: NewMetric, taken: Taken) -> dict[str, str]:
    message = "metric recorded before" if taken.duplicate else "metric recorded"
    return {"message": message, "name": metric.name, "id": taken.id, "timestamp": taken.timestamp}

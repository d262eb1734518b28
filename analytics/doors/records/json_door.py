"""Doors for log lines and spans in JSON: one object, an array, an object around an array, or NDJSON."""

from collections.abc import Callable
from typing import Generic, TypeVar
from wsgiref.types import WSGIEnvironment

import msgspec

from analytics.answer import Answer, json_answer, refusal
from analytics.doors.body import BodyReader
from analytics.doors.forms import decode
from analytics.doors.json_door import receipt_answer
from analytics.doors.limits import BodyLimits
from analytics.doors.media import LINES_TYPE, MANY_RECORDS
from analytics.doors.records.rates import L
from analytics.doors.records.receiver import RecordReceiver
from analytics.errors import AnalyticsError, ValidationFailed
from analytics.log.refusal import Refused
from analytics.records import ItemError
from analytics.schemas.compiled import DecodedBatch, SchemaDecoder
from analytics.yielding import yield_if_due

FORBIDDEN = 403
NOT_ALLOWED = frozenset(("service_not_allowed", "type_not_allowed", "too_many_new_names"))
"""Codes of records that their sender may not send."""
S = TypeVar("S", bound=msgspec.Struct)


class RecordJsonDoor(Generic[S, L]):
    """Records the lines or spans of a request; answers a batch with a receipt.

    Args:
        name: the field of an object around an array.
        decoder: decodes what clients send.
        made: makes the record of it. Raises ValidationFailed.
        message: what the answer to a single one says.
    """

    def __init__(
        self,
        name: str,
        receiver: RecordReceiver[L],
        limits: BodyLimits,
        decoder: SchemaDecoder[S],
        made: Callable[[S], L],
        message: str,
    ) -> None:
        self._receiver: RecordReceiver[L] = receiver
        self._name, self._bodies = name, BodyReader(limits, MANY_RECORDS)
        self._decoder: SchemaDecoder[S] = decoder
        self._made: Callable[[S], L] = made
        self._message = message

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the content of a request."""
        is_single = False

        def read() -> DecodedBatch[L]:
            nonlocal is_single
            data, media_type = self._bodies.read(environ)
            decoded = decode(self._decoder, data, self._name, is_lines=media_type == LINES_TYPE)
            if isinstance(decoded, DecodedBatch):
                return self._batch(decoded)
            is_single = True
            return DecodedBatch([self._made(decoded)], range(1), [])

        try:
            receipt = self._receiver.receive(environ, read)
            if not is_single:
                return receipt_answer(receipt, self._name)
            for error in receipt.errors:
                refused = Refused(error.code, error.message, error.field)
                refused.status = FORBIDDEN if error.code in NOT_ALLOWED else refused.status
                raise refused
        except AnalyticsError as error:
            return refusal(error)
        if receipt.duplicates:
            return json_answer({"message": f"{self._message} before"})
        return json_answer({"message": self._message}, 201)

    def _batch(self, sent: DecodedBatch[S]) -> DecodedBatch[L]:
        items, places, errors = list[L](), list[int](), list(sent.errors)
        for place, item in zip(sent.places, sent.items, strict=True):
            yield_if_due()
            try:
                items.append(self._made(item))
                places.append(place)
            except ValidationFailed as error:
                errors.append(ItemError(place, error.code, error.message, next(iter(error.fields), None)))
        errors.sort(key=lambda error: error.index)
        return DecodedBatch(items, places, errors)

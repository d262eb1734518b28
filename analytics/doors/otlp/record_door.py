"""Doors for traces and logs of OpenTelemetry."""

from collections.abc import Callable
from typing import Generic
from wsgiref.types import WSGIEnvironment

from analytics.answer import JSON, Answer
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.otlp.answers import LogsPartialSuccess, PartialSuccess, SpansPartialSuccess, success
from analytics.doors.otlp.forms import OtlpForm, json_form, protobuf_form
from analytics.doors.otlp.log_records import LogDecoder
from analytics.doors.otlp.spans import SpanDecoder
from analytics.doors.records.attributes import Count
from analytics.doors.records.rates import L
from analytics.doors.records.receiver import RecordReceiver
from analytics.error_answers.otlp import PROTOBUF, media_type_of, refuse
from analytics.errors import AnalyticsError, MalformedBody
from analytics.lazy import Lazy
from analytics.log_lines import NewLogLine
from analytics.records import Receipt
from analytics.schemas.compiled import DecodedBatch
from analytics.spans import NewSpan
from analytics.yielding import yield_if_due

MEDIA_TYPES = (PROTOBUF, JSON)
SHOWN = 5
"""Errors in the message of a partial success."""
Decode = Callable[[bytes], DecodedBatch[L]]


class OtlpRecordsDoor(Generic[L]):
    """Records the spans or log records of one request.

    Args:
        decoder: makes the decoder of a form.
        partial_success: makes what the answer says of rejected items.
    """

    def __init__(
        self,
        receiver: RecordReceiver[L],
        limits: BodyLimits,
        decoder: Callable[[OtlpForm], Decode[L]],
        partial_success: Callable[[str, str], PartialSuccess],
    ) -> None:
        self._receiver: RecordReceiver[L] = receiver
        self._bodies = BodyReader(limits, MEDIA_TYPES)
        self._partial_success = partial_success
        self._protobuf: Lazy[Decode[L]] = Lazy(lambda: decoder(protobuf_form()))
        self._json: Lazy[Decode[L]] = Lazy(lambda: decoder(json_form()))

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the content of a request."""

        def decode() -> DecodedBatch[L]:
            body = self._bodies.read(environ)
            return (self._protobuf if body.media_type == PROTOBUF else self._json)()(body.data)

        try:
            receipt = self._receiver.receive(environ, decode)
        except AnalyticsError as error:
            return refuse(error, environ)
        media_type = media_type_of(environ)
        if not receipt.rejected:
            return success(media_type)
        message = _message(receipt)
        if not receipt.accepted and not receipt.duplicates:
            return refuse(MalformedBody(message, code=receipt.errors[0].code), environ)
        return success(media_type, receipt.rejected, message, self._partial_success)


def traces_door(receiver: RecordReceiver[NewSpan], limits: BodyLimits, dropped: Count) -> OtlpRecordsDoor[NewSpan]:
    """The door for spans."""
    return OtlpRecordsDoor(
        receiver,
        limits,
        lambda form: SpanDecoder(form, receiver.check, dropped, yield_if_due).decode,
        SpansPartialSuccess,
    )


def logs_door(receiver: RecordReceiver[NewLogLine], limits: BodyLimits, dropped: Count) -> OtlpRecordsDoor[NewLogLine]:
    """The door for log records."""
    return OtlpRecordsDoor(
        receiver,
        limits,
        lambda form: LogDecoder(form, receiver.check, dropped, yield_if_due).decode,
        LogsPartialSuccess,
    )


def _message(receipt: Receipt) -> str:
    texts = list(dict.fromkeys(error.message for error in receipt.errors))
    return "; ".join(texts[:SHOWN]) + ("; …" if len(texts) > SHOWN else "")

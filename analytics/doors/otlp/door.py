"""Door for metrics of OpenTelemetry."""

from typing import Any
from wsgiref.types import WSGIEnvironment

import msgspec

from analytics.answer import JSON, Answer
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.message_limit import DATA_POINTS, check_messages
from analytics.doors.otlp.answers import success
from analytics.doors.otlp.json_messages import Request
from analytics.doors.otlp.points import decode_points
from analytics.doors.point_recorder import PointBatch, PointReceipt, PointRecorder
from analytics.error_answers.otlp import PROTOBUF, media_type_of, refuse
from analytics.errors import AnalyticsError, MalformedBody
from analytics.garbage import decoded
from analytics.points import GAUGE
from analytics.schemas.value_limit import check_request
from analytics.yielding import yield_if_due

MEDIA_TYPES = (PROTOBUF, JSON)
BYTES_OF_COUNT = 4
"""Each value of a request in JSON has so many bytes, at least: the count of a bucket, of which a histogram has many."""
SHOWN = 5
"""Errors in the message of a partial success."""
_json = msgspec.json.Decoder(Request, strict=False)  # 64-bit numbers may be text


class OtlpMetricsDoor:
    """Records the metrics of one request."""

    def __init__(self, recorder: PointRecorder, limits: BodyLimits) -> None:
        self._recorder, self._bodies = recorder, BodyReader(limits, MEDIA_TYPES)

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the metrics of a request."""
        media_type = media_type_of(environ)
        batch: PointBatch | None = None

        def decode() -> PointBatch:
            nonlocal batch
            body = self._bodies.read(environ)
            batch = decode_points(parse(body.data, body.media_type), self._recorder.check, yield_if_due)
            return batch

        try:
            receipt = self._recorder.receive(environ, decode)
        except AnalyticsError as error:
            return refuse(error, environ)
        assert batch is not None
        if receipt.unavailable is not None and not _has_increases(batch):
            return refuse(receipt.unavailable, environ)  # its sender repeats it
        if not receipt.rejected:
            return success(media_type)
        message = _message(receipt)
        if not receipt.accepted:
            return refuse(MalformedBody(message, code=receipt.errors[0].code), environ)
        return success(media_type, _rejected(receipt), message)


def parse(body: bytes, media_type: str) -> Any:
    """The request in a body.

    Raises:
        MalformedBody: it is not an ExportMetricsServiceRequest, or has too many values.
        TooLarge: it has too many messages.
    """
    if media_type == PROTOBUF:
        # with the first message: they take 7 MB
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

        check_messages(body, DATA_POINTS)
        try:
            return ExportMetricsServiceRequest.FromString(body)
        except DecodeError:
            raise MalformedBody(
                "The body is not an ExportMetricsServiceRequest in protobuf.", code="malformed_protobuf"
            ) from None
    check_request(body, BYTES_OF_COUNT)
    try:
        return decoded(_json.decode, body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBody(f"The body is not an ExportMetricsServiceRequest in JSON: {error}") from None


def _has_increases(batch: PointBatch) -> bool:
    """Whether a repeated request would count something twice: changes that do not say since when they count."""
    return any(point.kind != GAUGE and not point.is_cumulative and point.started is None for point in batch.items)


def _rejected(receipt: PointReceipt) -> int:
    """How many data points were rejected; if not all errors are known, how many points of them."""
    known = len(receipt.errors)
    return len({error.index for error in receipt.errors}) if known == receipt.rejected else receipt.rejected


def _message(receipt: PointReceipt) -> str:
    texts = list(dict.fromkeys(error.message for error in receipt.errors))
    if receipt.unavailable is not None:
        texts.insert(0, receipt.unavailable.message)
    return "; ".join(texts[:SHOWN]) + ("; …" if len(texts) > SHOWN else "")

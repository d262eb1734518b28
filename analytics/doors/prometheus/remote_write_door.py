"""Door for Prometheus' remote write 1.0: `POST /api/v1/write`.

Senders try again after 429 and 5xx alone, so what is refused for its content is a 400 with the reason, which they log;
everything else of the request is recorded. Senders of version 2.0 send 1.0 after a 415.

Source: prometheus.io/docs/specs/prw/remote_write_spec
"""

from wsgiref.types import WSGIEnvironment

from werkzeug.http import parse_options_header

from analytics.answer import PLAIN_TEXT, Answer, text_refusal
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ANY_TYPE, WITH_SNAPPY
from analytics.doors.point_recorder import PointBatch, PointReceipt, PointRecorder
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.doors.prometheus.write_request import WriteRequests
from analytics.errors import AnalyticsError, UnsupportedMedia
from analytics.yielding import yield_if_due

MEDIA_TYPE, WRITE_REQUEST = "application/x-protobuf", "prometheus.WriteRequest"
SHOWN_REASONS = 3
"""Reasons in an answer."""


class RemoteWriteDoor:
    """Records the samples of a request."""

    def __init__(self, points: PointRecorder, kinds: MetricKinds, limits: BodyLimits) -> None:
        self._points = points
        self._bodies = BodyReader(limits, ANY_TYPE, WITH_SNAPPY)
        self._requests = WriteRequests(kinds, points.check, yield_if_due)

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the samples of a request."""
        try:
            receipt = self._points.receive(environ, lambda: self._decode(environ))
        except AnalyticsError as error:
            return text_refusal(as_bad_request(error))
        return answer_to(receipt)

    def _decode(self, environ: WSGIEnvironment) -> PointBatch:
        media_type, options = parse_options_header(environ.get("CONTENT_TYPE", ""))
        message = options.get("proto", WRITE_REQUEST)
        if media_type not in (MEDIA_TYPE, "") or message != WRITE_REQUEST:
            raise UnsupportedMedia(
                f"Only remote write 1.0 is supported here: send {MEDIA_TYPE}, if you name the message {WRITE_REQUEST}."
            )
        if not environ.get("HTTP_CONTENT_ENCODING"):  # always compressed, whatever the headers say
            environ = {**environ, "HTTP_CONTENT_ENCODING": "snappy"}
        return self._requests.decode(self._bodies.read(environ).data)


def as_bad_request(error: AnalyticsError) -> AnalyticsError:
    """The error with the status 400 instead of 422, which this protocol does not have."""
    if error.status == 422:
        error.status = 400
    return error


def answer_to(receipt: PointReceipt) -> Answer:
    """The answer to a request: 204 if all of it was recorded, else the reasons as text."""
    if receipt.unavailable is not None:
        return text_refusal(receipt.unavailable)
    if not receipt.rejected:
        return Answer(b"", 204, content_type=PLAIN_TEXT)
    total = receipt.accepted + receipt.rejected
    reasons = list(dict.fromkeys(f"{error.code}: {error.message}" for error in receipt.errors))
    more = f" (and {len(reasons) - SHOWN_REASONS} other reasons)" if len(reasons) > SHOWN_REASONS else ""
    text = f"{receipt.rejected} of {total} samples were rejected: {' '.join(reasons[:SHOWN_REASONS])}{more}\n"
    return Answer(text.encode(), 400, content_type=PLAIN_TEXT, error_code=receipt.errors[0].code)

"""Door for Loki's pushes: `POST /loki/api/v1/push`.

Its clients send a push again after 429 and 5xx, and drop it after any other error, whose text they log. So a push over
its rate is refused as a whole, and where some lines are rejected for what they are, all others are recorded.
"""

from wsgiref.types import WSGIEnvironment

from analytics.answer import PLAIN_TEXT, Answer, text_refusal
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.loki.pushes import PushDecoder
from analytics.doors.media import ANY_TYPE, JSON_TYPE, WITH_SNAPPY
from analytics.doors.records.attributes import Count
from analytics.doors.records.receiver import RecordReceiver
from analytics.errors import AnalyticsError, UnsupportedMedia
from analytics.log_lines import NewLogLine
from analytics.records import Receipt
from analytics.schemas.compiled import DecodedBatch
from analytics.yielding import yield_if_due

PROTOBUF_TYPES = ("application/x-protobuf", "")
"""Content types of protobuf; Loki's own clients may send none."""
SHOWN_REASONS = 3


class LokiPushDoor:
    """Records the lines of a push."""

    def __init__(self, receiver: RecordReceiver[NewLogLine], limits: BodyLimits, dropped: Count) -> None:
        self._receiver, self._bodies = receiver, BodyReader(limits, ANY_TYPE, WITH_SNAPPY)
        self._decoder = PushDecoder(receiver.check, dropped, yield_if_due)

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the lines of a push."""
        try:
            receipt = self._receiver.receive(environ, lambda: self._decode(environ), is_whole=True)
        except AnalyticsError as error:
            return text_refusal(error)
        return _answer(receipt)

    def _decode(self, environ: WSGIEnvironment) -> DecodedBatch[NewLogLine]:
        media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if media_type == JSON_TYPE:
            return self._decoder.json(self._bodies.read(environ).data)
        if media_type not in PROTOBUF_TYPES:
            raise UnsupportedMedia(f"Content-Type {media_type!r} is not supported here; send {JSON_TYPE} or protobuf.")
        if not environ.get("HTTP_CONTENT_ENCODING"):  # always compressed, whatever the headers say
            environ = {**environ, "HTTP_CONTENT_ENCODING": "snappy"}
        return self._decoder.protobuf(self._bodies.read(environ).data)


def _answer(receipt: Receipt) -> Answer:
    """204 if all was recorded, else the reasons as text."""
    if not receipt.rejected:
        return Answer(b"", 204, content_type=PLAIN_TEXT)
    total = receipt.accepted + receipt.duplicates + receipt.rejected
    reasons = list(dict.fromkeys(f"{error.code}: {error.message}" for error in receipt.errors))
    more = f" (and {len(reasons) - SHOWN_REASONS} other reasons)" if len(reasons) > SHOWN_REASONS else ""
    text = f"{receipt.rejected} of {total} lines were rejected: {' '.join(reasons[:SHOWN_REASONS])}{more}\n"
    return Answer(text.encode(errors="replace"), 400, content_type=PLAIN_TEXT, error_code=receipt.errors[0].code)

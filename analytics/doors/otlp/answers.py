"""Answers of OTLP over HTTP: successes and partial successes, in the content type of the request.

Source: opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

from collections.abc import Callable

from msgspec import UNSET, Struct, UnsetType

from analytics.answer import JSON, Answer, encode
from analytics.error_answers.otlp import PROTOBUF, bytes_field, number_field


class MetricsPartialSuccess(Struct, rename="camel"):
    """Why some data points were rejected; 64-bit numbers are text in JSON."""

    rejected_data_points: str
    error_message: str


class SpansPartialSuccess(Struct, rename="camel"):
    """Why some spans were rejected."""

    rejected_spans: str
    error_message: str


class LogsPartialSuccess(Struct, rename="camel"):
    """Why some log records were rejected."""

    rejected_log_records: str
    error_message: str


PartialSuccess = MetricsPartialSuccess | SpansPartialSuccess | LogsPartialSuccess


class Exported(Struct, rename="camel"):
    """The response to an export; without `partial_success`, everything was taken."""

    partial_success: PartialSuccess | UnsetType = UNSET


def success(
    media_type: str,
    rejected: int = 0,
    message: str = "",
    partial_success: Callable[[str, str], PartialSuccess] = MetricsPartialSuccess,
) -> Answer:
    """The answer to a request of which all items were taken, or all but `rejected`."""
    if media_type == JSON:
        exported = Exported(partial_success(str(rejected), message)) if rejected else Exported()
        return Answer(encode(exported))
    body = b""
    if rejected:
        partial = number_field(1, rejected) + bytes_field(2, message.encode(errors="replace"))
        body = bytes_field(1, partial)
    return Answer(body, content_type=PROTOBUF)

"""Door for samples in Prometheus' text formats: `POST /api/v1/import/prometheus`.

It is that of VictoriaMetrics, whose parameters it takes: `timestamp` in milliseconds for samples without a time, and
`extra_label=NAME=VALUE`, repeatable, for labels of all series. 204 says that all of a body was recorded; where some
lines were not, a receipt in JSON names them.

Source: docs.victoriametrics.com/url-examples/#apiv1importprometheus
"""

import re
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

from msgspec import Struct

from analytics.answer import Answer, json_answer, text_refusal
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ANY_TYPE, WITH_SNAPPY
from analytics.doors.point_recorder import PointBatch, PointReceipt, PointRecorder
from analytics.doors.prometheus.collected import Collected
from analytics.doors.prometheus.creation_times import CreationTimes
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.doors.prometheus.samples import seconds
from analytics.doors.prometheus.text import OPENMETRICS, TextReader
from analytics.errors import AnalyticsError, ValidationFailed
from analytics.yielding import yield_if_due

LABEL_PARAMETER, TIME_PARAMETER = "extra_label", "timestamp"
MOST_PARAMETERS = 50


class RejectedLine(Struct, frozen=True):
    """Why a line was rejected; `line` counts from 1."""

    line: int
    code: str
    message: str


class ImportProblem(Struct, frozen=True):
    """The error of a body of which nothing was recorded."""

    code: str
    message: str
    fields: dict[str, list[str]] = {}


class ImportReceipt(Struct, frozen=True, omit_defaults=True):
    """The outcome of the samples of a body; `errors` has the first 100."""

    accepted: int
    rejected: int
    errors: list[RejectedLine]
    error: ImportProblem | None = None


class ImportDoor:
    """Records the samples of a body."""

    def __init__(self, points: PointRecorder, kinds: MetricKinds, limits: BodyLimits) -> None:
        self._points, self._kinds = points, kinds
        self._bodies = BodyReader(limits, ANY_TYPE, WITH_SNAPPY)
        self._reader = TextReader(kinds, points.check, yield_if_due)

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the samples of a request."""
        try:
            receipt = self._points.receive(environ, lambda: self._decode(environ))
        except AnalyticsError as error:
            return text_refusal(error)
        return _answer(receipt)

    def _decode(self, environ: WSGIEnvironment) -> PointBatch:
        extra, time = _parameters(environ.get("QUERY_STRING", ""))
        data, media_type = self._bodies.read(environ)
        into, starts = Collected(self._kinds.kind), CreationTimes(yield_if_due)
        for sample in self._reader.read(data, extra, into.refuse, is_openmetrics=media_type == OPENMETRICS):
            starts.note(sample.series, sample.value)
            at = time if sample.at is None else sample.at
            into.add(sample.series, sample.value, at, sample.line, sample.exemplar)
        starts.give(into.points)
        return into.batch()


def _answer(receipt: PointReceipt) -> Answer:
    if receipt.unavailable is not None:
        return text_refusal(receipt.unavailable)
    if not receipt.rejected:
        return Answer(b"", 204)
    errors = [RejectedLine(error.index, error.code, error.message) for error in receipt.errors]
    if receipt.accepted:
        return json_answer(ImportReceipt(receipt.accepted, receipt.rejected, errors))
    reasons = ", ".join(dict.fromkeys(error.code for error in errors))
    problem = ImportProblem("nothing_accepted", f"All {receipt.rejected} lines were rejected ({reasons}).")
    return json_answer(ImportReceipt(0, receipt.rejected, errors, problem), 400, problem.code)


def _parameters(query: str) -> tuple[tuple[tuple[str, str], ...], float | None]:
    """The labels for all series, and the time for samples without one.

    Raises:
        ValidationFailed: a parameter is unknown, malformed or given twice.
    """
    extra: dict[str, str] = {}
    time: float | None = None
    try:
        parameters = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise ValidationFailed(f"There are more than {MOST_PARAMETERS} parameters.") from None
    for name, value in parameters:
        label, equals, text = value.partition("=")
        if name == LABEL_PARAMETER and label and equals and label not in extra:
            extra[label] = text
        elif name == TIME_PARAMETER and time is None and re.fullmatch(r"-?[0-9]{1,18}", value):
            time = seconds(int(value))
        else:
            raise ValidationFailed(
                f"Parameters are `{LABEL_PARAMETER}=NAME=VALUE`, once a name, and `{TIME_PARAMETER}` in milliseconds.",
                fields={name[:40]: ["Is unknown, malformed or given twice."]},
            )
    return tuple(extra.items()), time

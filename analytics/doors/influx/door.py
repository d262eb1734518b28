"""Door for InfluxDB's line protocol."""

from typing import NamedTuple
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from analytics.answer import Answer
from analytics.doors.body import BodyReader
from analytics.doors.influx.dialects import Dialect, Partial
from analytics.doors.influx.points import MALFORMED_LINE, BodyContent, decode_lines
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ANY_TYPE
from analytics.doors.point_recorder import PointBatch, PointRecorder
from analytics.errors import AnalyticsError, MalformedBody
from analytics.yielding import yield_if_due

STRING_FIELD = "string_field"
"""Reason why strings are skipped, in `/stats`."""

_MOST_PARAMETERS = 20


class WriteOptions(NamedTuple):
    """The query string of a write: the precision of its timestamps in nanoseconds, and whether to keep valid lines."""

    precision: int
    accepts_partial: bool


class InfluxDoor:
    """Records line protocol in one version of the API; the database or bucket that a request names is ignored.

    Args:
        dialect: the version.
        max_lines: how many lines one request may have.
    """

    def __init__(self, dialect: Dialect, recorder: PointRecorder, limits: BodyLimits, max_lines: int) -> None:
        self._dialect, self._recorder, self._max_lines = dialect, recorder, max_lines
        self._bodies = BodyReader(limits, ANY_TYPE)

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the lines of a request."""
        written: BodyContent | None = None

        def decode() -> PointBatch:
            nonlocal written
            asked = self._asked(environ)
            body = self._bodies.read(environ).data
            written = decode_lines(body, asked.precision, self._max_lines, self._recorder.check, yield_if_due)
            if written.points.errors and not asked.accepts_partial:
                raise MalformedBody("A line is malformed; nothing was written.", code=MALFORMED_LINE)
            return written.points

        try:
            receipt = self._recorder.receive(environ, decode)
        except AnalyticsError as error:
            if error.code == MALFORMED_LINE and written is not None:
                errors, lines = written.points.errors, written.lines
                return self._dialect.partial(Partial(len(lines), errors, lines, is_nothing_written=True))
            return self._dialect.refuse(error)
        assert written is not None
        if written.strings:
            self._recorder.skip(STRING_FIELD, written.strings)
        if receipt.unavailable is not None:
            return self._dialect.refuse(receipt.unavailable)
        if receipt.rejected:
            return self._dialect.partial(Partial(receipt.rejected, receipt.errors, written.lines))
        return Answer(b"", 204)

    def _asked(self, environ: WSGIEnvironment) -> WriteOptions:
        try:
            query = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            raise MalformedBody(f"There are more than {_MOST_PARAMETERS} parameters.", code="bad_parameter") from None
        name = query.get("precision", [""])[-1]
        precision = self._dialect.precisions.get(name)
        if precision is None:
            allowed = ", ".join(filter(None, self._dialect.precisions))
            raise MalformedBody(
                f"The precision {name[:40]!r} is not known; use one of {allowed}.", code="bad_parameter"
            )
        accepts = query.get("accept_partial", ["true"])[-1].lower()
        if accepts not in ("true", "false"):
            raise MalformedBody("accept_partial must be true or false.", code="bad_parameter")
        return WriteOptions(precision, accepts == "true")

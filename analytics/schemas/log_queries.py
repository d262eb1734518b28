"""Schemas of query strings about log lines."""

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from analytics.filters.parse import MAX_FILTER_LENGTH
from analytics.schemas.fields import Text
from analytics.schemas.queries import Query, When, whole_number

MOST_BUCKETS = 2_000
FARTHEST = 2**62
"""Later times, and those before 1970, are taken for this one, and for 1970: lines have no such times."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECOND_TIME = re.compile(r"(.*T\d\d:\d\d:\d\d)\.(\d{7,9})(.*)", re.DOTALL)


class NanosecondTime(When):
    """RFC 3339 time with up to nine digits after the second, loaded as nanoseconds since the epoch."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:  # type: ignore[override]
        rest = 0
        if isinstance(value, str) and (found := _NANOSECOND_TIME.fullmatch(value)):
            rest = int(found[2][6:].ljust(3, "0"))
            value = f"{found[1]}.{found[2][:6]}{found[3]}"
        since = super()._deserialize(value, *args, **kwargs) - _EPOCH
        found_at = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000 + rest
        return min(max(found_at, 0), FARTHEST)


class LineCursorField(fields.String):
    """Cursor of GET /logs: loaded as whether it goes on with newer lines, a time in nanoseconds and a number."""

    def _deserialize(  # type: ignore[override]
        self, value: Any, *_: Any, **__: Any
    ) -> tuple[bool, int, int]:
        found = re.fullmatch(r"(before|after)-(-?[0-9]{1,19})-([0-9]{1,19})", str(value))
        if found is None or abs(int(found[2])) >= 2**63 or int(found[3]) >= 2**63:
            raise ValidationError("Must be the `next_cursor` or `previous_cursor` of an answer.")
        return found[1] == "after", int(found[2]), int(found[3])


class TailQuery(Query):
    """Filters of log lines; all of them have to match."""

    service = Text(1, 128, load_default=None, metadata={"description": "Lines of this service"})
    severity = Text(
        1,
        16,
        load_default=None,
        metadata={"description": "Lines of this level or above: `trace` to `fatal`, or a number up to 24"},
    )
    trace_id = Text(1, 32, load_default=None, metadata={"description": "Lines of this trace"})
    q = Text(
        1,
        MAX_FILTER_LENGTH,
        load_default=None,
        metadata={
            "description": "Lines that match this filter, such as `level>=warn attributes.status>=500`, or have this "
            "text"
        },
    )


class LineFilters(TailQuery):
    """Filters of log lines and a time."""

    since = NanosecondTime(data_key="from", load_default=None, metadata={"description": "Lines at or after this time"})
    until = NanosecondTime(data_key="to", load_default=None, metadata={"description": "Lines before this time"})


class LogsQuery(LineFilters):
    """Parameters of GET /logs."""

    limit = whole_number(1, 1000, 100, "Maximum number of lines; there are fewer where they are longer than 4 MiB")
    cursor = LineCursorField(
        load_default=None, metadata={"description": "`next_cursor` or `previous_cursor` of an answer"}
    )


class HistogramQuery(LineFilters):
    """Parameters of GET /logs/histogram."""

    since = NanosecondTime(
        data_key="from", load_default=None, metadata={"description": "Start; default: an hour before `to`"}
    )
    until = NanosecondTime(data_key="to", load_default=None, metadata={"description": "End; default: now"})
    step = whole_number(1, 90 * 86_400, None, "Length of a bucket in seconds; default: chosen by the range")

    @validates_schema
    def _is_in_order(self, asked: dict[str, Any], **_: Any) -> None:
        if asked["since"] is not None and asked["until"] is not None and asked["since"] >= asked["until"]:
            raise ValidationError("Must be before `to`.", "from")


class FieldsQuery(LineFilters):
    """Parameters of GET /logs/fields."""

    values = whole_number(1, 100, 10, "Maximum number of values of each field")


class PatternsQuery(LineFilters):
    """Parameters of GET /logs/patterns."""

    limit = whole_number(1, 1000, 50, "Maximum number of patterns")


class ContextQuery(Query):
    """Parameters of GET /logs/context."""

    id = Text(1, 256, required=True, metadata={"description": "Id of the line"})
    time = NanosecondTime(
        load_default=None, metadata={"description": "Its time, if known: the line is found faster then"}
    )
    before = whole_number(0, 500, 20, "Maximum number of lines before it")
    after = whole_number(0, 500, 20, "Maximum number of lines after it")

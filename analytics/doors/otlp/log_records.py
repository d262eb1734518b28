"""Log lines from an OTLP request, in protobuf or JSON.

Source: opentelemetry.io/docs/specs/otel/logs/data-model/
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from analytics.doors.otlp.record_decoder import RecordDecoder, Scopes
from analytics.doors.otlp.record_resources import name_of, text_of
from analytics.doors.records.attributes import joined, json_member, json_text
from analytics.doors.records.levels import severity_in, severity_of
from analytics.doors.records.lines import limited_body, time_within
from analytics.doors.records.trace_ids import (
    SPAN_DIGITS,
    TRACE_DIGITS,
    ids_in_attributes,
    ids_in_text,
    sound_id,
)
from analytics.log_lines import NO_ATTRIBUTES, NewLogLine

MALFORMED_LINE = "malformed_log_record"
EVENT_NAME = "event.name"
"""Attribute with the name of an event, which has a field of its own in newer versions."""
_NAMES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_SEVERITIES: dict[int | str, int] = {
    **{number: number for number in range(25)},
    **{str(number): number for number in range(25)},
    **{
        f"SEVERITY_NUMBER_{name}{more or ''}": 4 * place + max(1, more)
        for place, name in enumerate(_NAMES)
        for more in (0, 2, 3, 4)
    },
}
_encode = msgspec.json.Encoder().encode


class LogDecoder(RecordDecoder[NewLogLine]):
    """Decodes log records."""

    malformed = MALFORMED_LINE

    def _resources(self, body: bytes) -> Iterator[tuple[Any, Scopes]]:
        for resource in self._form.logs(body).resource_logs:
            yield resource.resource, ((scope.scope, scope.log_records) for scope in resource.scope_logs)

    def _named(self, item: Any, place: int) -> str:
        return f"log record {place}"

    def _extend(
        self, records: list[NewLogLine], items: Iterator[Any], service: str, resource: Raw, library: str
    ) -> None:
        for record in items:
            records.append(self._made(record, service, resource, library))

    def _made(self, record: Any, service: str, resource: Raw, library: str) -> NewLogLine:
        members = self._reader.members(record.attributes)
        value = self._form.value(record.body)
        body = value if value.__class__ is str else "" if value is None else _encode(value).decode()
        if record.event_name and EVENT_NAME not in members:
            members[EVENT_NAME] = json_member(EVENT_NAME, text_of(record.event_name))[0]
        digits = self._form.digits
        trace_id = sound_id(digits(record.trace_id), TRACE_DIGITS) if record.trace_id else ""
        if trace_id:
            span_id = sound_id(digits(record.span_id), SPAN_DIGITS) if record.span_id else ""
        else:  # ids that are not valid are none, by the specification
            trace_id, span_id = ids_in_text(body)
            if not trace_id and members:
                trace_id, span_id = ids_in_attributes(members, lambda name: json_text(members[name]))
        severity_text = name_of(record.severity_text) if record.severity_text else ""
        severity = _SEVERITIES.get(record.severity_number, 0)
        if not severity:
            severity = severity_of(severity_text) if severity_text else severity_in(body)
        at = record.time_unix_nano or record.observed_time_unix_nano
        return NewLogLine(
            service,
            limited_body(body, self._dropped),
            time_within(at) if at else None,
            severity,
            severity_text,
            trace_id,
            span_id,
            joined(members.values()) if members else NO_ATTRIBUTES,
            resource,
            library,
        )

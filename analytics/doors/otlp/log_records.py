"""Log lines from an OTLP request, in protobuf or JSON.

Source: opentelemetry.io/docs/specs/otel/logs/data-model/
"""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Raw

from analytics.doors.groups import GroupLimit
from analytics.doors.otlp.attribute_reader import Members
from analytics.doors.otlp.forms import OtlpForm
from analytics.doors.otlp.record_decoder import RecordDecoder, Scopes
from analytics.doors.otlp.record_resources import name_of, text_of
from analytics.doors.records.attributes import Count, json_member, json_text
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
_fields = attrgetter(
    *("time_unix_nano", "observed_time_unix_nano", "severity_number", "severity_text", "body", "attributes"),
    *("trace_id", "span_id", "event_name"),
)


class LogDecoder(RecordDecoder[NewLogLine]):
    """Decodes log records."""

    malformed = MALFORMED_LINE

    def __init__(self, form: OtlpForm, check: Callable[[int], None], dropped: Count, pause: Callable[[], None]) -> None:
        super().__init__(form, check, dropped, pause)
        self._reader.names.add(EVENT_NAME, None)

    def _resources(self, body: bytes, groups: GroupLimit) -> Iterator[tuple[Any, Scopes]]:
        for resource in groups.each(self._form.logs(body).resource_logs):
            yield resource.resource, ((scope.scope, scope.log_records) for scope in groups.each(resource.scope_logs))

    def _named(self, item: Any, place: int) -> str:
        return f"log record {place}"

    def _extend(
        self, records: list[NewLogLine], items: Iterator[Any], service: str, resource: Raw, library: str
    ) -> None:
        digits, members_of, value_of = self._form.digits, self._reader.members, self._form.value
        for at, seen, number, word, sent_body, attributes, trace, span, event in map(_fields, items):
            members = members_of(attributes)
            value = value_of(sent_body)
            body = value if value.__class__ is str else "" if value is None else _encode(value).decode()
            if event and EVENT_NAME not in members:
                members[EVENT_NAME] = json_member(EVENT_NAME, text_of(event))[0]
            trace_id = sound_id(digits(trace), TRACE_DIGITS) if trace else ""
            if trace_id:
                span_id = sound_id(digits(span), SPAN_DIGITS) if span else ""
            else:  # ids that are not valid are none, by the specification
                trace_id, span_id = ids_in_text(body)
                if not trace_id and members:
                    trace_id, span_id = _ids_in(members)
            severity_text, severity = name_of(word) if word else "", _SEVERITIES.get(number, 0)
            if not severity:
                severity = severity_of(severity_text) if severity_text else severity_in(body)
            at = at or seen
            records.append(
                NewLogLine(
                    service,
                    limited_body(body, self._dropped),
                    time_within(at) if at else None,
                    severity,
                    severity_text,
                    trace_id,
                    span_id,
                    Raw(b"{%b}" % b",".join(members.values())) if members else NO_ATTRIBUTES,
                    resource,
                    library,
                )
            )


def _ids_in(members: Members) -> tuple[str, str]:
    return ids_in_attributes(members, lambda name: json_text(members[name]))

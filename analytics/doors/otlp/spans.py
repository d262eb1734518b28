"""Spans from an OTLP request, in protobuf or JSON.

Source: opentelemetry.io/docs/specs/otel/trace/api/#span, and its semantic conventions for HTTP, old and new
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from analytics.doors.otlp.attribute_reader import Members
from analytics.doors.otlp.bad_item import BadItem
from analytics.doors.otlp.record_decoder import RecordDecoder, Scopes
from analytics.doors.otlp.record_resources import name_of, text_of
from analytics.doors.records.attributes import cut_text, joined, json_text
from analytics.doors.records.lines import LAST_TIME, time_within
from analytics.doors.records.names import clean_name
from analytics.doors.records.trace_ids import SPAN_DIGITS, TRACE_DIGITS, id_of
from analytics.log_lines import NO_ATTRIBUTES
from analytics.spans import SPAN_KINDS, SPAN_STATUSES, NewSpan

MALFORMED_SPAN = "malformed_span"
ROUTE = "http.route"
USER, OLD_USER = "user.id", "enduser.id"
"""Attributes with the user: of the present conventions, and of those before."""
MOST_PARTS = 128
"""Events, and links, of a span; further ones are left out."""
PARTS_CUT = "span_events_cut"
"""Reason of events and links that were left out, also of links without valid ids."""
LONGEST_TEXT = 4 * 1024
"""Bytes of the message of a status, and of a trace state."""
_KINDS: dict[int | str, int] = {
    **{number: number for number in range(len(SPAN_KINDS))},
    **{f"SPAN_KIND_{name.upper()}": number for number, name in enumerate(SPAN_KINDS)},
    **{str(number): number for number in range(len(SPAN_KINDS))},
}
_STATUSES: dict[int | str, int] = {
    **{number: number for number in range(len(SPAN_STATUSES))},
    **{f"STATUS_CODE_{name.upper()}": number for number, name in enumerate(SPAN_STATUSES)},
    **{str(number): number for number in range(len(SPAN_STATUSES))},
}
_encode = msgspec.json.Encoder().encode


class SpanDecoder(RecordDecoder[NewSpan]):
    """Decodes spans."""

    malformed = MALFORMED_SPAN

    def _resources(self, body: bytes) -> Iterator[tuple[Any, Scopes]]:
        for resource in self._form.traces(body).resource_spans:
            yield resource.resource, ((scope.scope, scope.spans) for scope in resource.scope_spans)

    def _named(self, item: Any, place: int) -> str:
        return f"span {clean_name(text_of(item.name))[:80]!r}"

    def _made(self, span: Any, service: str, resource: Raw, library: str) -> NewSpan:
        trace_id, span_id = id_of(span.trace_id, TRACE_DIGITS), id_of(span.span_id, SPAN_DIGITS)
        if not trace_id:
            raise BadItem("its trace id is not 16 bytes other than zeros")
        if not span_id:
            raise BadItem("its span id is not 8 bytes other than zeros")
        parent, parent_id = span.parent_span_id, ""
        if parent:
            parent_id = id_of(parent, SPAN_DIGITS)
            if not parent_id and parent.strip(b"\0" if parent.__class__ is bytes else "0"):
                raise BadItem("the id of its parent is not 8 bytes")
        members = self._reader.members(span.attributes)
        name, status, events, links = name_of(span.name), span.status, span.events, span.links
        route, user = members.get(ROUTE), members.get(USER)
        start, end = span.start_time_unix_nano, span.end_time_unix_nano
        if not (0 <= start <= LAST_TIME and 0 <= end <= LAST_TIME):
            start, end = time_within(start), time_within(end)
        made = NewSpan(
            trace_id,
            span_id,
            service,
            name,
            start,
            end,
            parent_id,
            _KINDS.get(span.kind, 0),
            0 if status is None else _STATUSES.get(status.code, 0),
            endpoint=name if route is None else clean_name(json_text(ROUTE, route)),
            user_id=_old_user(members) if user is None else clean_name(json_text(USER, user)) or None,
            attributes=joined(members.values()) if members else NO_ATTRIBUTES,
            resource=resource,
            scope=library,
        )
        if status is not None and status.message:
            made.status_message = cut_text(text_of(status.message), LONGEST_TEXT)
        if events:
            made.events = self._list(map(self._event, self._first(events)))
        if links:
            made.links = self._list(filter(None, map(self._link, self._first(links))))
        if span.trace_state:
            made.state = cut_text(text_of(span.trace_state), LONGEST_TEXT)
        return made

    def _first(self, parts: Any) -> Iterator[Any]:
        if len(parts) > MOST_PARTS:
            self._dropped(PARTS_CUT, len(parts) - MOST_PARTS)
        return iter(parts[:MOST_PARTS])

    @staticmethod
    def _list(parts: Iterable[bytes]) -> Raw:
        return Raw(b"[%b]" % b",".join(parts))

    def _event(self, data: bytes) -> bytes:
        event = self._form.event(data)
        name, at = _encode(cut_text(text_of(event.name), LONGEST_TEXT)), time_within(event.time_unix_nano)
        return b'{"time":%d,"name":%b,"attributes":%b}' % (at, name, self._reader.object(event.attributes))

    def _link(self, data: bytes) -> bytes:
        link = self._form.link(data)
        trace_id, span_id = id_of(link.trace_id, TRACE_DIGITS), id_of(link.span_id, SPAN_DIGITS)
        if not (trace_id and span_id):
            self._dropped(PARTS_CUT, 1)
            return b""
        attributes = self._reader.object(link.attributes)
        return b'{"trace_id":"%b","span_id":"%b","attributes":%b}' % (trace_id.encode(), span_id.encode(), attributes)


def _old_user(members: Members) -> str | None:
    user = members.get(OLD_USER)
    return None if user is None else clean_name(json_text(OLD_USER, user)) or None

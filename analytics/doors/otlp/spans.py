"""Spans from an OTLP request, in protobuf or JSON.

Source: opentelemetry.io/docs/specs/otel/trace/api/#span, and its semantic conventions for HTTP, old and new
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Raw

from analytics.doors.groups import GroupLimit
from analytics.doors.otlp.attribute_reader import REMEMBERED
from analytics.doors.otlp.bad_item import BadItem
from analytics.doors.otlp.forms import OtlpForm
from analytics.doors.otlp.record_decoder import RecordDecoder, Scopes
from analytics.doors.otlp.record_resources import name_of, text_of
from analytics.doors.records.attributes import MOST_RECORD_ATTRIBUTES, Count, cut_text, json_text
from analytics.doors.records.lines import LAST_TIME, time_within
from analytics.doors.records.names import clean_name
from analytics.doors.records.trace_ids import NO_SPAN, NO_TRACE, SPAN_DIGITS, TRACE_DIGITS, sound_id
from analytics.log_lines import NO_ATTRIBUTES
from analytics.spans import NOTHING, SPAN_KINDS, SPAN_STATUSES, NewSpan

MALFORMED_SPAN = "malformed_span"
ROUTE = "http.route"
USER, OLD_USER = "user.id", "enduser.id"
"""Attributes with the user: of the present conventions, and of those before."""
MOST_PARTS = 128
"""Events, and links, of a span; further ones are left out."""
PARTS_CUT = "span_events_cut"
"""Reason of events and links that were left out, also of links without valid ids."""
PART_FIELDS = ("time", "name", "attributes", "trace_id", "span_id")
"""Fields of events and links, besides those in their attributes."""
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
SHORT_STATUS = 64
"""Bytes of the statuses that are remembered."""
_UNSET = (0, "")
_encode = msgspec.json.Encoder().encode
_fields = attrgetter(
    *("trace_id", "span_id", "parent_span_id", "name", "kind", "start_time_unix_nano", "end_time_unix_nano"),
    *("attributes", "events", "links", "status", "trace_state"),
)


class SpanDecoder(RecordDecoder[NewSpan]):
    """Decodes spans."""

    malformed = MALFORMED_SPAN

    def __init__(self, form: OtlpForm, check: Callable[[int], None], dropped: Count, pause: Callable[[], None]) -> None:
        super().__init__(form, check, dropped, pause)
        self._digits, self._names = form.digits, _NamesByMember()
        for name in PART_FIELDS:
            self._reader.names.add(name, None)
        self._short_status = lru_cache(maxsize=256)(self._read_status)

    def _resources(self, body: bytes, groups: GroupLimit) -> Iterator[tuple[Any, Scopes]]:
        for resource in groups.each(self._form.traces(body).resource_spans):
            yield resource.resource, ((scope.scope, scope.spans) for scope in groups.each(resource.scope_spans))

    def _named(self, item: Any, place: int) -> str:
        return f"span {clean_name(text_of(item.name))[:80]!r}"

    def _extend(self, records: list[NewSpan], items: Iterator[Any], service: str, resource: Raw, library: str) -> None:
        digits, names, find, raws = self._digits, self._names, self._reader.find, self._reader.raws
        cut = self._reader.cut
        for trace, span, parent, name, kind, start, end, attributes, events, links, status, state in map(
            _fields, items
        ):
            trace_id, span_id, parent_id = digits(trace), digits(span), ""
            if len(trace_id) != TRACE_DIGITS or trace_id == NO_TRACE:
                raise BadItem("its trace id is not 16 bytes other than zeros")
            if len(span_id) != SPAN_DIGITS or span_id == NO_SPAN:
                raise BadItem("its span id is not 8 bytes other than zeros")
            if parent:
                parent_id = sound_id(digits(parent), SPAN_DIGITS)
                if not parent_id and parent.strip(b"\0" if parent.__class__ is bytes else "0"):
                    raise BadItem("the id of its parent is not 8 bytes")
            try:
                parts = raws(attributes)
                few = len(parts) <= MOST_RECORD_ATTRIBUTES
                members = dict(map(find, parts)) if few else self._reader.first(parts)
                if cut:
                    self._reader.count_cut()
            except BadItem:
                members = self._reader.safe_members(attributes)
            name, route, user = name_of(name), members.get(ROUTE), members.get(USER) or members.get(OLD_USER)
            if not (0 <= start <= LAST_TIME and 0 <= end <= LAST_TIME):
                start, end = time_within(start), time_within(end)
            code, message = self._status(status) if status else _UNSET
            records.append(
                NewSpan(  # by place, which is quicker than by name
                    trace_id,
                    span_id,
                    service,
                    name,
                    start,
                    end,
                    parent_id,
                    _KINDS.get(kind, 0),
                    code,
                    message,
                    name if route is None else names[route],
                    None if user is None else names[user] or None,
                    Raw(b"{%b}" % b",".join(members.values())) if members else NO_ATTRIBUTES,
                    resource,
                    self._list(map(self._event, self._first(events))) if events else NOTHING,
                    self._list(filter(None, map(self._link, self._first(links)))) if links else NOTHING,
                    library,
                    cut_text(text_of(state), LONGEST_TEXT) if state else "",
                )
            )

    def _status(self, data: bytes) -> tuple[int, str]:
        """The code and the message of a status."""
        return self._short_status(bytes(data)) if len(data) <= SHORT_STATUS else self._read_status(data)

    def _read_status(self, data: bytes) -> tuple[int, str]:
        status = self._form.status(data)
        if status is None:
            return _UNSET
        return _STATUSES.get(status.code, 0), cut_text(text_of(status.message), LONGEST_TEXT) if status.message else ""

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
        digits = self._digits
        trace_id, span_id = sound_id(digits(link.trace_id), TRACE_DIGITS), sound_id(digits(link.span_id), SPAN_DIGITS)
        if not (trace_id and span_id):
            self._dropped(PARTS_CUT, 1)
            return b""
        attributes = self._reader.object(link.attributes)
        return b'{"trace_id":"%b","span_id":"%b","attributes":%b}' % (trace_id.encode(), span_id.encode(), attributes)


class _NamesByMember(dict[bytes, str]):
    """Names that attributes hold, by their members."""

    def __missing__(self, member: bytes) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        name = self[member] = clean_name(json_text(member))
        return name

"""Errors among events, spans and log lines, as the groups of errors count them.

Source: opentelemetry.io/docs/specs/semconv/non-normative/http-migration/ and rpc-migration/ for names of attributes,
github.com/grpc/grpc/blob/master/doc/statuscodes.md
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from analytics.log_lines import NewLogLine
from analytics.record_users import users_of_line, users_of_span
from analytics.records import Kept, NewEvent
from analytics.spans import CONSUMER, NOTHING, SERVER, SPAN_FAILED, NewSpan
from analytics.state.error_groups import SeenError

ERROR_SEVERITY = 17
"""The lowest severity of lines that are errors."""
MESSAGE_LIMIT = 500
"""Longer messages are truncated to this many characters."""
LONGEST_TYPE, LONGEST_FRAME, LONGEST_STACK = 200, 200, 65_536
"""Characters of the type of an exception, of the place where it was raised, and of the stack trace that is searched."""
REQUEST = "request"
_NANOSECONDS = 1e9
_VERSION, _ERROR_TYPE, _OTHER_TYPE = "service.version", "error.type", "_OTHER"
_HTTP_STATUSES = ("http.response.status_code", "http.status_code")
"""Attributes with the status of a request: of the present conventions, and of those before; so below."""
_RPC_STATUSES = ("rpc.response.status_code", "rpc.grpc.status_code", "rpc.connect_rpc.error_code")
_GRPC_CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
"""The names of gRPC's codes, which the conventions before have as numbers."""
_GRPC_NUMBERS = frozenset(map(str, range(len(_GRPC_CODES))))
_LONGEST_STATUS = 64
_TYPE, _MESSAGE, _STACK = "exception.type", "exception.message", "exception.stacktrace"
_MESSAGES = ("message", "msg", "error", "event")
"""Fields of a structured line that may have its message."""
_PYTHON_FRAME = re.compile(r'^[^\S\n]*+File "([^"]++)", line \d++, in (.+)$', re.MULTILINE)
_FRAME = re.compile(r"^[^\S\n]*+at (.+)$", re.MULTILINE)
_FRAME_AFTER_AT_SIGN = re.compile(r"^([^\s@]*+)@(\S++)$", re.MULTILINE)
"""As Firefox and Safari write it: `name@file:line:column`."""
_place_from_behind = re.compile(r"(?:\d++:)*+").match
"""The numbers of line and column at the end of a text that is reversed: their time is linear, whatever the text."""
_type_name = re.compile(r"[A-Za-z_$][\w$.:]*").fullmatch
_object = msgspec.json.Decoder(dict[str, Any]).decode
_lines = msgspec.json.Decoder(list[dict[str, Any]]).decode


class ErrorDetail(msgspec.Struct, gc=False):
    """Fields in the data of an error event that describe it."""

    message: Any = None
    error: Any = None
    reason: Any = None
    exception: Any = None
    endpoint: Any = None
    status: Any = None
    trace_id: Any = None
    version: Any = None
    stack: Any = None

    @property
    def name(self) -> str:
        """The type of the exception: `error`, where it is a name beside a message; else empty."""
        if not isinstance(self.error, str) or not _text(self.message):
            return ""
        name = self.error[:LONGEST_TYPE]
        return name if _type_name(name) else ""

    @property
    def text(self) -> str | None:
        """The first text among the message fields."""
        for value in (self.message, self.error, self.reason, self.exception):
            if isinstance(value, str) and value:
                return value[:MESSAGE_LIMIT]
        return None


detail_of = msgspec.json.Decoder(ErrorDetail).decode


def of_events(events: Kept[NewEvent], places: Sequence[int]) -> Iterator[SeenError]:
    """The errors at these indexes of a request."""
    for place in places:
        event = events.records[place]
        detail = detail_of(event.data)
        endpoint = _text(detail.endpoint, MESSAGE_LIMIT)
        yield SeenError(
            event.service,
            events.at(place),
            f"HTTP {detail.status}"[:LONGEST_TYPE] if event.type == REQUEST else detail.name or event.type,
            detail.text or endpoint or event.type,
            top_frame(_text(detail.stack, LONGEST_STACK)),
            _text(detail.version),
            event.user_id,
            _text(detail.trace_id),
        )


def of_spans(spans: Sequence[NewSpan]) -> Iterator[SeenError]:
    """The exceptions in spans, and failed requests without one."""
    for span in spans:
        has_failed = span.status == SPAN_FAILED
        if not has_failed and (span.events is NOTHING or b'"exception"' not in bytes(span.events)):
            continue
        attributes = _object(span.attributes)
        exceptions = [each.get("attributes") or {} for each in _lines(span.events) if each.get("name") == "exception"]
        if not exceptions and (not has_failed or span.kind not in (SERVER, CONSUMER)):
            continue
        version = _text(_object(span.resource).get(_VERSION) or attributes.get(_VERSION))
        found = exceptions[-1] if exceptions else {}
        type_ = _text(found.get(_TYPE), LONGEST_TYPE) or _failed_request(attributes)
        message = _text(found.get(_MESSAGE), MESSAGE_LIMIT) or span.status_message[:MESSAGE_LIMIT]
        yield SeenError(
            span.service,
            max(span.start, span.end) / _NANOSECONDS,
            type_,
            span.name if message in ("", type_) else message,
            top_frame(_text(found.get(_STACK), LONGEST_STACK)),
            version,
            span.user_id,
            span.trace_id,
            span.span_id,
            users_of_span(span),
        )


def of_lines(lines: Sequence[NewLogLine], received: float) -> Iterator[SeenError]:
    """The errors among lines that were received at a time."""
    for line in lines:
        if line.severity < ERROR_SEVERITY:
            continue
        attributes, users = _object(line.attributes), users_of_line(line)
        yield SeenError(
            line.service,
            received if line.time is None else line.time / _NANOSECONDS,
            _text(attributes.get(_TYPE), LONGEST_TYPE) or "log line",
            _text(attributes.get(_MESSAGE), MESSAGE_LIMIT) or message_of(line.body),
            top_frame(_text(attributes.get(_STACK), LONGEST_STACK)),
            _text(_object(line.resource).get(_VERSION) or attributes.get(_VERSION)),
            min(users, default=None),
            line.trace_id,
            line.span_id,
            users,
        )


def message_of(body: str) -> str:
    """The message of a line: where its body is a JSON object, that of its fields which has it.

    Example:
        >>> message_of('{"level": "error", "msg": "no rate"}')
        'no rate'
    """
    if body.startswith("{"):
        try:
            fields = _object(body)
        except msgspec.DecodeError:  # a text that only begins like JSON
            return body[:MESSAGE_LIMIT]
        for name in _MESSAGES:
            message = _text(fields.get(name), MESSAGE_LIMIT)
            if message:
                return message
    return body[:MESSAGE_LIMIT]


def top_frame(stack: str) -> str:
    """Where an exception was raised, without the number of the line; empty if the stack trace has no frame.

    Example:
        >>> top_frame('Traceback:\\n  File "/app/a.py", line 7, in charge\\n    raise E')
        '/app/a.py charge'
    """
    if not stack:
        return ""
    python = _PYTHON_FRAME.findall(stack)
    if python:
        return " ".join(python[-1])[:LONGEST_FRAME]  # the newest call is last
    found = _FRAME.search(stack)
    if found:
        rest = found[1][1:]
        return _without_place(found[1][:1], rest.removesuffix(")"))[:LONGEST_FRAME]
    other = _FRAME_AFTER_AT_SIGN.search(stack)
    if other is None:
        return ""
    file = _without_place(other[2][:1], other[2][1:])
    return (f"{other[1]} ({file}" if other[1] else file)[:LONGEST_FRAME]


def _without_place(start: str, rest: str) -> str:
    """A text in two parts, the second one without numbers of line and column at its end."""
    place = _place_from_behind(rest[::-1])
    return start + rest[: len(rest) - (place.end() if place else 0)]


def _failed_request(attributes: dict[str, Any]) -> str:
    """What a request without an exception failed with; the same in the present conventions and in those before.

    Example:
        >>> _failed_request({"http.status_code": 503})
        'HTTP 503'
        >>> _failed_request({"error.type": "503", "http.response.status_code": 503})
        'HTTP 503'
    """
    error = _text(attributes.get(_ERROR_TYPE), LONGEST_TYPE)
    http, rpc = _first(attributes, _HTTP_STATUSES), _first(attributes, _RPC_STATUSES)
    if error not in ("", _OTHER_TYPE, http, rpc):
        return error
    if http:
        return f"HTTP {http}"
    if rpc:
        return f"RPC {(_GRPC_CODES[int(rpc)] if rpc in _GRPC_NUMBERS else rpc).upper()}"
    return "failed request"


def _first(attributes: dict[str, Any], names: Sequence[str]) -> str:
    """The first of these attributes that is there, as a text."""
    return next((str(attributes[name])[:_LONGEST_STATUS] for name in names if name in attributes), "")


def _text(value: Any, most: int = 128) -> str:
    return value[:most] if isinstance(value, str) else ""

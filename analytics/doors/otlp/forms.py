"""The two forms of OTLP's traces and logs: how each is decoded."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from analytics.doors.message_limit import RECORDS, check_messages
from analytics.doors.otlp import json_records
from analytics.doors.otlp.bad_item import BadItem
from analytics.doors.otlp.json_attributes import attribute_json, quick_parts, safe_parts
from analytics.doors.otlp.json_messages import BYTES_OF_VALUE, AnyValue, KeyValue
from analytics.doors.otlp.record_messages import protobuf_messages
from analytics.doors.otlp.values import plain_value
from analytics.doors.records.attributes import LONGEST_ATTRIBUTE
from analytics.doors.records.trace_ids import hex_digits
from analytics.errors import MalformedBody
from analytics.garbage import decoded
from analytics.schemas.surrogates import without_unpaired
from analytics.schemas.value_limit import check_request

UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class OtlpForm(NamedTuple):
    """One form.

    Attributes:
        traces, logs: decode the body of a request. Raise MalformedBody, and TooLarge where it has too many items.
        digits: the hexadecimal digits of an id in lower case; empty if it is not hexadecimal.
        raws: the bytes of each attribute of a message.
        safe_raws: the same where `attribute` cannot decode one of them.
        attribute: the name and value of an attribute. This and the others raise BadItem.
        value: the value of a body of a log record; None if it has none.
        status: decodes the status of a span.
        event, link: decode an event or a link of a span.
    """

    traces: Callable[[bytes], Any]
    logs: Callable[[bytes], Any]
    digits: Callable[[Any], str]
    raws: Callable[[Any], Sequence[bytes]]
    safe_raws: Callable[[Any], Sequence[bytes]] | None
    attribute: Callable[[bytes], tuple[str, Any]]
    value: Callable[[bytes], Any]
    status: Callable[[bytes], Any]
    event: Callable[[bytes], Any]
    link: Callable[[bytes], Any]


@cache
def protobuf_form() -> OtlpForm:
    """Protobuf; its packages are loaded with the first request."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.common.v1 import common_pb2

    messages = protobuf_messages()

    def request(name: str, what: str) -> Callable[[bytes], Any]:
        message = messages[name]

        def decode(body: bytes) -> Any:
            check_messages(body, RECORDS)
            try:
                return message.FromString(body)
            except DecodeError:
                raise MalformedBody(f"The body is not an {what} in protobuf.", code="malformed_protobuf") from None

        return decode

    def part(message: Any, what: str) -> Callable[[bytes], Any]:
        def decode(data: bytes) -> Any:
            try:
                return message.FromString(data)
            except DecodeError:
                raise BadItem(f"{what} is malformed, or its text is not UTF-8") from None

        return decode

    pair, any_value = part(common_pb2.KeyValue, "an attribute"), part(common_pb2.AnyValue, "its body")

    def attribute(data: bytes) -> tuple[str, Any]:
        found = pair(data)
        return found.key, plain_value(found.value, [LONGEST_ATTRIBUTE])

    def value(data: bytes) -> Any:
        if data[:1] == b"\x0a":
            text = _only_text(data)
            if text is not None:
                return text.decode(errors="replace")
        return plain_value(any_value(data)) if data else None

    traces, logs = request("Traces", "ExportTraceServiceRequest"), request("Logs", "ExportLogsServiceRequest")
    status = part(messages["Status"], "its status")
    event, link = part(messages["Event"], "an event"), part(messages["Link"], "a link")
    raws = itemgetter(slice(None))  # three times as quick as iterating
    return OtlpForm(traces, logs, bytes.hex, raws, None, attribute, value, status, event, link)


def _only_text(data: bytes) -> bytes | None:
    """The text of an AnyValue, if that is all it has."""
    size, shift, at = 0, 0, 1
    for byte in data[1:5]:
        at += 1
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            return data[at:] if size == len(data) - at else None
        shift += 7
    return None


@cache
def json_form() -> OtlpForm:
    """JSON."""

    def request(type_: Any, what: str) -> Callable[[bytes], Any]:
        decoder = msgspec.json.Decoder(type_, strict=False)  # 64-bit numbers may be text

        def decode(body: bytes) -> Any:
            check_request(body, BYTES_OF_VALUE)
            try:
                return decoded(decoder.decode, body)
            except UNREADABLE as error:
                repaired = without_unpaired(body)
                if repaired == body:
                    raise MalformedBody(f"The body is not an {what} in JSON: {error}") from None
            return decode(repaired)

        return decode

    def part(type_: Any, what: str) -> Callable[[bytes], Any]:
        decoder = msgspec.json.Decoder(type_, strict=False)

        def decode(data: bytes) -> Any:
            try:
                return decoder.decode(data)
            except UNREADABLE as error:
                json = bytes(data)
                repaired = without_unpaired(json)
                if repaired == json:
                    raise BadItem(f"{what} is malformed: {error}") from None
            return decode(repaired)

        return decode

    pair, any_value = part(KeyValue, "an attribute"), part(AnyValue | None, "its body")

    def attribute(data: bytes) -> tuple[str, Any]:
        found = pair(attribute_json(data))
        return found.key, plain_value(found.value, [LONGEST_ATTRIBUTE])

    def value(data: bytes) -> Any:
        found = any_value(data) if data else None
        return None if found is None else plain_value(found)

    return OtlpForm(
        request(json_records.Traces, "ExportTraceServiceRequest"),
        request(json_records.Logs, "ExportLogsServiceRequest"),
        hex_digits,
        quick_parts,
        safe_parts,
        attribute,
        value,
        part(json_records.Status | None, "its status"),
        part(json_records.Event, "an event"),
        part(json_records.Link, "a link"),
    )

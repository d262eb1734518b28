"""Decodes the pushes of Loki's protocol, in JSON and in protobuf.

Source: grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs and
github.com/grafana/loki/blob/main/pkg/push/push.proto
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from analytics.doors.groups import GroupLimit
from analytics.doors.loki.labels import BadLabelsError, parse_labels
from analytics.doors.loki.streams import PushedStream
from analytics.doors.message_limit import PUSHED, check_messages
from analytics.doors.protobuf import BYTES, INT32, INT64, Field, message_classes
from analytics.doors.records.attributes import ATTRIBUTE_CUT, MOST_RECORD_ATTRIBUTES, Count
from analytics.errors import MalformedBody
from analytics.garbage import decoded
from analytics.log_lines import NewLogLine
from analytics.records import ItemError
from analytics.schemas.compiled import DecodedBatch
from analytics.schemas.surrogates import without_unpaired
from analytics.schemas.value_limit import check_request

BYTES_OF_VALUE = 12
"""Each value of a push has so many bytes, on average: a line is a time, a text, and perhaps some short metadata."""
MALFORMED_STREAM = "malformed_stream"
PAUSE_EVERY = 128
NANOSECONDS = 1_000_000_000
_MESSAGES = {
    "Timestamp": (Field("seconds", 1, INT64), Field("nanos", 2, INT32)),
    "Pair": (Field("name", 1, BYTES), Field("value", 2, BYTES)),
    "Entry": (
        Field("timestamp", 1, "Timestamp"),
        Field("line", 2, BYTES),
        Field("metadata", 3, "Pair", is_repeated=True),
    ),
    "PushedStream": (Field("labels", 1, BYTES), Field("entries", 2, "Entry", is_repeated=True)),
    "Push": (Field("streams", 1, "PushedStream", is_repeated=True),),
}


class JsonEntry(Struct, array_like=True, gc=False):
    """A line: its time in nanoseconds, its text, its structured metadata."""

    time: int
    line: str
    metadata: dict[str, Any] | None = None


class JsonStream(Struct, gc=False):
    """A stream."""

    stream: dict[str, str] | UnsetType = UNSET
    values: Sequence[JsonEntry] = ()


class JsonPush(Struct):
    """A push."""

    streams: list[JsonStream]


_json = msgspec.json.Decoder(JsonPush, strict=False)  # times are text


class PushDecoder:
    """Decodes pushes.

    Args:
        check: called with a number of lines, raises TooLarge.
        dropped: counts what was cut or left out.
        pause: called from time to time, to yield to others.
    """

    def __init__(self, check: Callable[[int], None], dropped: Count, pause: Callable[[], None]) -> None:
        self._check, self._dropped, self._pause = check, dropped, pause

    def json(self, body: bytes) -> DecodedBatch[NewLogLine]:
        """The lines of a push in JSON.

        Raises:
            MalformedBody: the body is no push.
            TooLarge: it has too many lines.
        """
        items: list[NewLogLine] = []
        for stream in self._groups().each(_parse(body).streams):
            self._check(len(items) + len(stream.values))
            line = PushedStream({} if stream.stream is UNSET else stream.stream, self._dropped).line
            for start in range(0, len(stream.values), PAUSE_EVERY):
                items += [
                    line(each.time, each.line, each.metadata) for each in stream.values[start : start + PAUSE_EVERY]
                ]
                self._pause()
        return DecodedBatch(items, range(len(items)), [])

    def protobuf(self, body: bytes) -> DecodedBatch[NewLogLine]:
        """The lines of a push in protobuf; the lines of a stream whose labels are malformed are errors.

        Raises:
            MalformedBody: the body is no push.
            TooLarge: it has too many lines.
        """
        from google.protobuf.message import DecodeError

        items, places, errors = list[NewLogLine](), list[int](), list[ItemError]()
        check_messages(body, PUSHED)
        try:
            push = _push().FromString(body)
        except DecodeError:
            raise MalformedBody("The body is not a push of Loki in protobuf.", code="malformed_protobuf") from None
        place = 0
        for stream in self._groups().each(push.streams):
            self._check(place + len(stream.entries))
            try:
                labels = parse_labels(stream.labels.decode(errors="replace"))
            except BadLabelsError as error:
                for _ in stream.entries:
                    errors.append(ItemError(place, MALFORMED_STREAM, str(error)))
                    place += 1
                continue
            line = PushedStream(labels, self._dropped).line
            for entry in stream.entries:
                at, pairs = entry.timestamp, entry.metadata
                if len(pairs) > MOST_RECORD_ATTRIBUTES:
                    self._dropped(ATTRIBUTE_CUT, len(pairs) - MOST_RECORD_ATTRIBUTES)
                    pairs = pairs[:MOST_RECORD_ATTRIBUTES]
                metadata = {_text(pair.name): _text(pair.value) for pair in pairs} if pairs else None
                items.append(line(at.seconds * NANOSECONDS + at.nanos, _text(entry.line), metadata))
                places.append(place)
                place += 1
                if not place % PAUSE_EVERY:
                    self._pause()
        return DecodedBatch(items, places, errors)

    def _groups(self) -> GroupLimit:
        return GroupLimit(self._pause, "streams")


def _parse(body: bytes) -> JsonPush:
    check_request(body, BYTES_OF_VALUE)
    try:
        return decoded(_json.decode, body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        repaired = without_unpaired(body)
        if repaired == body:
            raise MalformedBody(f"The body is not a push of Loki in JSON: {error}") from None
    return _parse(repaired)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


@cache
def _push() -> Any:
    return message_classes("analytics.loki", _MESSAGES)["Push"]

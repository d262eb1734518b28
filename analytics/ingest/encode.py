"""The one encoding of each record: these bytes serve the ring, the live edge and every read."""

from datetime import datetime
from typing import Any

import msgspec

from analytics.ingest.refusal import Refused

DATA_LIMIT = 32 * 1024
DEPTH_LIMIT = 64
HARMLESS = 2 * DEPTH_LIMIT + 100
"""An event's JSON of up to this many bytes, 100 of them around its data, can neither be too deep nor too large."""

_encode = msgspec.json.Encoder().encode


class EventJson(msgspec.Struct, gc=False, omit_defaults=True):
    """An event as it is shown: in the order of SPEC.md, then what was added."""

    type: str
    service: str
    user_id: str | None
    timestamp: str | datetime
    data: dict[str, Any]
    id: str
    received_at: str | None = None


class MetricJson(msgspec.Struct, gc=False, omit_defaults=True):
    """A metric as it is shown."""

    name: str
    value: float
    unit: str | None
    tags: dict[str, str]
    timestamp: str | datetime
    id: str
    received_at: str | None = None


def to_json(record: EventJson | MetricJson) -> bytes:
    """The JSON of a record.

    Raises:
        Refused: its data is nested too deeply to be written.
    """
    try:
        return _encode(record)
    except RecursionError:
        raise _too_deep("data") from None


def check_data(json: bytes, data: dict[str, Any] | None) -> None:
    """Hold the data of an event, of which `json` is the encoding, to its limits.

    Raises:
        Refused: it is too large or nested too deeply.
    """
    if json.count(b"{") + json.count(b"[") > DEPTH_LIMIT or len(json) > DATA_LIMIT:
        check_object(data, "data")


def check_object(value: dict[str, Any] | None, field: str) -> None:
    """Hold an object to the limits of size and depth.

    Raises:
        Refused: it is too large or nested too deeply.
    """
    if value:
        if depth(value) > DEPTH_LIMIT:
            raise _too_deep(field)
        if len(_encode(value)) > DATA_LIMIT:
            raise Refused("data_too_large", f"{field} is larger than {DATA_LIMIT} bytes of JSON.", field)


def depth(value: Any) -> int:
    """How many objects and arrays deep `value` is, counted no further than one beyond the limit."""
    level, deepest = [value], 0
    while deepest <= DEPTH_LIMIT:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not any(isinstance(item, dict | list) for item in level):
            return deepest
        deepest, level = deepest + 1, inner
    return deepest


def _too_deep(field: str) -> Refused:
    return Refused("nested_too_deeply", f"{field} is nested deeper than {DEPTH_LIMIT} levels.", field)

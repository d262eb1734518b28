"""Values of OpenTelemetry's attributes and bodies as JSON can have them.

Source: opentelemetry.io/docs/specs/otel/common/#mapping-arbitrary-data-to-otlp-anyvalue
"""

import math
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

DEEPEST = 20
"""Levels of lists and maps; what is deeper is null."""
MOST_NUMBER = 2**63
MOST_VALUES = 32_768
"""Values in a list or map, at all levels; more do not fit into the longest text of a line, and are left out."""


def within(values: Sequence[Any], room: list[int]) -> Sequence[Any]:
    """The first values for which there is room; they take it."""
    some = values[: room[0]]
    room[0] -= len(some)
    return some


def plain_value(value: Any, room: list[int] | None = None, depth: int = 0) -> Any:
    """An AnyValue, of protobuf or of `json_messages`: bytes as base64, numbers that are not finite as text.

    Args:
        room: how many values in lists and maps are left; by default `MOST_VALUES`.
    """
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind is None or depth > DEEPEST:
        return None
    given = getattr(value, kind)
    room = [MOST_VALUES] if room is None else room
    match kind:
        case "double_value":
            return given if math.isfinite(given) else "NaN" if given != given else f"{'-' * (given < 0)}Infinity"
        case "int_value":
            return given if abs(given) <= MOST_NUMBER else str(given)
        case "bytes_value":
            return b64encode(given).decode() if isinstance(given, bytes) else given
        case "array_value":
            return [plain_value(item, room, depth + 1) for item in within(given.values, room)]
        case "kvlist_value":
            return {pair.key: plain_value(pair.value, room, depth + 1) for pair in within(given.values, room)}
    return given

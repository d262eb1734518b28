"""Values of OpenTelemetry's attributes and bodies as JSON can have them.

Source: opentelemetry.io/docs/specs/otel/common/#mapping-arbitrary-data-to-otlp-anyvalue
"""

import math
from base64 import b64encode
from typing import Any

DEEPEST = 20
"""Levels of lists and maps; what is deeper is null."""
MOST_NUMBER = 2**63


def plain_value(value: Any, depth: int = 0) -> Any:
    """An AnyValue, of protobuf or of `json_messages`: bytes as base64, numbers that are not finite as text."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind is None or depth > DEEPEST:
        return None
    given = getattr(value, kind)
    match kind:
        case "double_value":
            return given if math.isfinite(given) else "NaN" if given != given else f"{'-' * (given < 0)}Infinity"
        case "int_value":
            return given if abs(given) <= MOST_NUMBER else str(given)
        case "bytes_value":
            return b64encode(given).decode() if isinstance(given, bytes) else given
        case "array_value":
            return [plain_value(item, depth + 1) for item in given.values]
        case "kvlist_value":
            return {pair.key: plain_value(pair.value, depth + 1) for pair in given.values}
    return given

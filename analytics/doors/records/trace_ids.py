"""Ids of traces and spans, also where they stand in the text or the attributes of a log line only."""

import re
from collections.abc import Callable, Iterable

TRACE_DIGITS, SPAN_DIGITS = 32, 16
NO_IDS = ("", "")
TRACE_NAMES = ("trace_id", "traceId", "traceID", "trace.id", "traceid", "TraceId", "otelTraceID")
"""Names under which attributes have the id of a trace."""
SPAN_NAMES = ("span_id", "spanId", "spanID", "span.id", "spanid", "SpanId", "otelSpanID")
TRACE_PARENT = "traceparent"
NO_TRACE, NO_SPAN = "0" * TRACE_DIGITS, "0" * SPAN_DIGITS
_NOTHING = frozenset({NO_TRACE, NO_SPAN})
_IS_HEX = re.compile(r"[0-9a-f]+").fullmatch
_IN_TEXT = re.compile(
    r"""trace(?:[-_. ]?id|parent)["'\\]*\s*[=:]\s*["'\\]*"""
    r"""(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-([0-9a-f]{16}))?(?![0-9a-f])""",
    re.IGNORECASE,
).search
_SPAN_IN_TEXT = re.compile(r"""span[-_. ]?id["'\\]*\s*[=:]\s*["'\\]*([0-9a-f]{16})(?![0-9a-f])""", re.IGNORECASE).search
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})(?:-.*)?", re.IGNORECASE).fullmatch


def sound_id(text: str, digits: int) -> str:
    """An id of so many hexadecimal digits; empty if there are more or fewer, or only zeros."""
    return text if len(text) == digits and text not in _NOTHING else ""


def is_id(text: str, digits: int) -> bool:
    """Whether a text is an id: so many hexadecimal digits in lower case, not all of them zeros."""
    return len(text) == digits and text not in _NOTHING and _IS_HEX(text) is not None


def hex_digits(text: str) -> str:
    """A text in lower case if it is hexadecimal digits alone; else empty."""
    try:
        digits = bytes.fromhex(text).hex()
    except ValueError:
        return ""
    return digits if len(digits) == len(text) else ""  # spaces are skipped


def ids_in_text(text: str) -> tuple[str, str]:
    """The ids of the trace and span that a text names, as in `trace_id=…`, `"traceID":"…"` or `traceparent: …`."""
    if "race" not in text and "RACE" not in text:
        return NO_IDS
    found = _IN_TEXT(text)
    if found is None:
        return NO_IDS
    trace, span = found[1].lower(), (found[2] or "").lower()
    if not span:
        other = _SPAN_IN_TEXT(text)
        span = other[1].lower() if other else ""
    return _sound(trace, span)


def ids_in_attributes(names: Iterable[str], value: Callable[[str], str]) -> tuple[str, str]:
    """The ids of the trace and span in attributes.

    Args:
        names: the names of the attributes, which `in` finds.
        value: returns the text of the attribute with a name.
    """
    for name in TRACE_NAMES:
        if name in names:
            span = next((value(each) for each in SPAN_NAMES if each in names), "")
            return _sound(value(name).lower(), span.lower())
    if TRACE_PARENT in names:
        found = _PARENT(value(TRACE_PARENT))
        if found:
            return _sound(found[1].lower(), found[2].lower())
    return NO_IDS


def _sound(trace: str, span: str) -> tuple[str, str]:
    if not is_id(trace, TRACE_DIGITS):
        return NO_IDS
    return trace, span if is_id(span, SPAN_DIGITS) else ""

"""The trace that the running code belongs to (W3C Trace Context), of this client or of OpenTelemetry.

Source: w3.org/TR/trace-context
"""

import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

_traceparent = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?").fullmatch
_FORBIDDEN_VERSION = "ff"


class Trace(NamedTuple):
    """A trace and the span in it that is the parent of what happens now; ids in lower-case hexadecimal digits."""

    trace_id: str
    span_id: str
    flags: str = "01"

    def child(self) -> "Trace":
        """A new span of the same trace."""
        return self._replace(span_id=secrets.token_hex(8))


_current: ContextVar[Trace | None] = ContextVar("analytics_trace", default=None)


def new_trace() -> Trace:
    """A new trace with its first span."""
    return Trace(secrets.token_hex(16), secrets.token_hex(8))


def parse(traceparent: str | None) -> Trace | None:
    """The trace of a header `traceparent`; None if it is missing or invalid."""
    found = _traceparent(traceparent.strip()) if traceparent else None
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    is_valid = version != _FORBIDDEN_VERSION and trace_id.strip("0") and span_id.strip("0")
    return Trace(trace_id, span_id, flags) if is_valid and not (version == "00" and rest) else None


def current() -> Trace | None:
    """The trace of the running code; None outside one. A span of OpenTelemetry comes first."""
    api = sys.modules.get("opentelemetry.trace")
    if api is not None:
        try:
            context = api.get_current_span().get_span_context()
            if context.is_valid:
                return Trace(f"{context.trace_id:032x}", f"{context.span_id:016x}", f"{context.trace_flags:02x}")
        except Exception:  # noqa: BLE001 - the trace of a record is not worth an error of the program
            return _current.get()
    return _current.get()


def traceparent() -> str | None:
    """The header `traceparent` for requests to other services; None outside a trace.

    requests.get(url, headers={"traceparent": traceparent()})
    """
    trace = current()
    return None if trace is None else f"00-{trace.trace_id}-{trace.span_id}-{trace.flags}"


@contextmanager
def within(trace: Trace | None) -> Iterator[None]:
    """Run code in a trace; None changes nothing."""
    if trace is None:
        yield
        return
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)

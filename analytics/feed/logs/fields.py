"""The meanings of fields in a line, and the record that is built from them."""

from collections.abc import Mapping
from urllib.parse import unquote_plus

from analytics.feed.logs import moment
from analytics.feed.logs.clients import client
from analytics.feed.logs.record import DamagedLineError, Record, clf_time, iso_time, optional, request_line

CLIENT, FORWARDED, PEER = "client", "forwarded", "peer"
CLF, ISO, EPOCH, EPOCH_MS, EPOCH_US = "clf", "iso", moment.EPOCH, "epoch_ms", "epoch_us"
REQUEST, METHOD, TARGET = "request", "method", "target"
STATUS, SIZE, REFERRER, AGENT = "status", "size", "referrer", "agent"
SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS = "seconds", "milliseconds", "microseconds", "nanoseconds"
_LATENCIES = {NANOSECONDS: 1e-6, MICROSECONDS: 0.001, MILLISECONDS: 1.0, SECONDS: 1000.0}
"""Milliseconds per unit, the finest unit first."""
_YEAR_10000 = 253_402_300_800
_EPOCHS = {EPOCH: 1, EPOCH_MS: 1_000, EPOCH_US: 1_000_000}


def record(found: Mapping[str, str]) -> Record:
    """Build a record from fields, by their meanings above.

    Raises:
        DamagedLineError: the client or the time is missing, or a field is malformed.
    """
    address = next((name for each in (CLIENT, FORWARDED, PEER) if (name := client(found.get(each, "")))), None)
    if address is None or any(blank in address for blank in (" ", "\t")):
        raise DamagedLineError("the line has no client address")
    if REQUEST in found:
        method, path = request_line(found[REQUEST])
    else:
        method, path = optional(found.get(METHOD)), optional(found.get(TARGET, "").partition("?")[0])
    status = found.get(STATUS, "-")
    if status not in ("-", "", "0", "000") and not (status.isascii() and status.isdigit() and len(status) == 3):
        raise DamagedLineError(f"status {status[:40]!r} is not three digits")
    size = found.get(SIZE, "-")
    return Record(
        address,
        _time(found),
        method,
        path,
        int(status) if status.isdigit() and int(status) else None,
        int(size) if size.isascii() and size.isdigit() and len(size) <= 18 else 0,
        optional(found.get(REFERRER)),
        optional(found.get(AGENT)),
        _latency(found),
    )


def verbatim(text: str) -> str:
    """Escape a text that has no escapes, for `record`."""
    return text.replace("\\", "\\\\")


def decoded(text: str) -> str:
    """Decode a text with `+` or %20 for blanks, as in W3C logs, for `record`."""
    return verbatim(unquote_plus(text) if "+" in text or "%" in text else text)


def _time(found: Mapping[str, str]) -> int:
    if CLF in found:
        return clf_time(found[CLF])
    if ISO in found:
        return iso_time(found[ISO])
    if moment.DAY in found:
        return moment.seconds(found)
    for name, units in _EPOCHS.items():
        if name in found:
            try:
                at = int(float(found[name]) // units)
            except (ValueError, OverflowError):
                at = -1
            if not 0 <= at < _YEAR_10000:
                raise DamagedLineError(f"time {found[name][:40]!r} is not a number of seconds since 1970")
            return at
    raise DamagedLineError("the line has no time")


def _latency(found: Mapping[str, str]) -> float | None:
    for name, factor in _LATENCIES.items():
        try:
            latency = round(float(found[name]) * factor, 3)
        except (KeyError, ValueError):
            continue
        if 0 <= latency < 1e12:
            return latency
    return None

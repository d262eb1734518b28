"""Fields of a line by what they mean, and the record that they make."""

from collections.abc import Mapping
from urllib.parse import unquote_plus

from analytics.feed.logs.clients import client
from analytics.feed.logs.record import DamagedLineError, Record, clf_time, iso_time, optional, request_line

CLIENT, FORWARDED = "client", "forwarded"
CLF, ISO, EPOCH = "clf", "iso", "epoch"
REQUEST, METHOD, TARGET = "request", "method", "target"
STATUS, SIZE, REFERRER, AGENT = "status", "size", "referrer", "agent"
SECONDS, MILLISECONDS, MICROSECONDS = "seconds", "milliseconds", "microseconds"
_LATENCIES = {SECONDS: 1000.0, MILLISECONDS: 1.0, MICROSECONDS: 0.001}


def record(found: Mapping[str, str]) -> Record:
    """The record that fields make, by the names above.

    Raises:
        DamagedLineError: the client or the time is missing, or a field is not what it must be.
    """
    address = client(found.get(CLIENT, "")) or client(found.get(FORWARDED, ""))
    if address is None or any(blank in address for blank in (" ", "\t")):
        raise DamagedLineError("the line does not tell the client's address")
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
        int(size) if size.isascii() and size.isdigit() else 0,
        optional(found.get(REFERRER)),
        optional(found.get(AGENT)),
        _latency(found),
    )


def decoded(agent: str) -> str:
    """A text with `+` or %20 in place of blanks, as W3C logs have it."""
    return unquote_plus(agent) if "+" in agent or "%" in agent else agent


def _time(found: Mapping[str, str]) -> int:
    if CLF in found:
        return clf_time(found[CLF])
    if ISO in found:
        return iso_time(found[ISO])
    try:
        return int(float(found[EPOCH]))
    except (KeyError, ValueError, OverflowError):
        raise DamagedLineError("the line does not tell the time") from None


def _latency(found: Mapping[str, str]) -> float | None:
    for name, factor in _LATENCIES.items():
        try:
            latency = round(float(found[name]) * factor, 3)
        except (KeyError, ValueError):
            continue
        if 0 <= latency < 1e12:
            return latency
    return None

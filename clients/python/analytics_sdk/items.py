"""Items: encoded when they are tracked, so that invalid ones are known at once."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from .outcome import Pending, pending
from .plain import plain

Kind = Literal["events", "metrics", "heartbeat", "logs", "spans"]
KINDS: tuple[Kind, ...] = ("heartbeat", "events", "metrics", "logs", "spans")

MetricKind = Literal["gauge", "counter", "histogram"]

MOST_BYTES = 64 * 1024
"""Maximum size of an item; more than the service accepts, which limits `data` to 32 KiB."""
LATE = 1.0
"""After this many seconds in the queue an item is sent with a timestamp, so that it counts at its own time."""
MISDATED = frozenset({"timestamp_in_future", "timestamp_too_old"})
"""Error codes for timestamps that the service rejects."""

Timestamp = datetime | float | str
UserId = str | int | None
"""Numbers are sent as text."""

FLOAT_DIGITS = 308
"""Integers with more digits may exceed the range of a float, which the service rejects."""
_too_long = re.compile(rb"[0-9]{%d}" % (FLOAT_DIGITS + 1)).search
_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class UnfitError(Exception):
    """The item cannot be sent; the message says why."""


@dataclass(slots=True, eq=False)
class Item:
    """One item; `tracked` is the monotonic time of the call.

    `timed` means that no timestamp is to be added: the caller gave one, or the service rejected the one that was added.
    """

    kind: Kind
    json: bytes
    service: str
    tracked: float
    timed: bool
    future: Pending = field(default_factory=pending)
    number: int = 0
    claimed: bool = False


def encode(fields: Mapping[str, Any]) -> bytes:
    """Encode as compact JSON without fields that are None; other types are converted by `plain`.

    Raises:
        UnfitError: the JSON is too large.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        text = _to_json(given).encode()
    except Exception:  # noqa: BLE001 - objects of the host program may raise anything
        text = _to_json(plain(given)).encode()
    if len(text) > FLOAT_DIGITS and _too_long(text):
        text = _to_json(plain(given)).encode()
    if len(text) > MOST_BYTES:
        raise UnfitError(f"It has {len(text)} bytes of JSON, more than {MOST_BYTES}.")
    return text


def rfc3339(when: Timestamp) -> str:
    """Convert a datetime (naive: local time) or seconds since the epoch to RFC 3339; text is returned as it is."""
    if isinstance(when, str):
        return when
    moment = when.astimezone(UTC) if isinstance(when, datetime) else datetime.fromtimestamp(when, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body(items: Sequence[Item], now: float, wall: float) -> bytes:
    """Request body for items of one kind; `now` is monotonic, `wall` in seconds since the epoch."""
    if items[0].kind == "heartbeat":
        return items[0].json
    return b"[%b]" % b",".join(_dated(item, now, wall) for item in items)


def _dated(item: Item, now: float, wall: float) -> bytes:
    age = now - item.tracked
    if item.timed or age < LATE:
        return item.json
    return b'%b,"timestamp":"%b"}' % (item.json[:-1], rfc3339(wall - age).encode())

"""Items as they wait to be sent: encoded when they are tracked, so that what is faulty is known at once."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from .outcome import Pending, pending
from .plain import plain

Kind = Literal["events", "metrics", "heartbeat"]
KINDS: tuple[Kind, ...] = ("heartbeat", "events", "metrics")

MOST_BYTES = 64 * 1024
"""More than the service takes of one item, whose data may have 32 KiB."""
LATE = 1.0
"""Seconds after which an item tells when it was tracked, so that it counts at its own time."""
MISDATED = frozenset({"timestamp_in_future", "timestamp_too_old"})
"""What the service says of a time that it cannot believe."""

Timestamp = datetime | float | str
UserId = str | int | None
"""Numbers are sent as text."""

FLOAT_DIGITS = 308
"""Whole numbers of more digits may be greater than any float, and the service refuses those."""
_too_long = re.compile(rb"[0-9]{%d}" % (FLOAT_DIGITS + 1)).search
_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class UnfitError(Exception):
    """An item that can never be sent; the message says why."""


@dataclass(slots=True, eq=False)
class Item:
    """One item; `tracked` is the monotonic time of the call.

    `timed` tells whether no time is to be added: the caller gave one of its own, or the service refused ours.
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
    """Compact JSON without the fields that are None; values that JSON does not have are made plain.

    Raises:
        UnfitError: it is larger than the service takes.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        text = _to_json(given).encode()
    except Exception:  # noqa: BLE001 - whatever foreign objects raise when they are looked at
        text = _to_json(plain(given)).encode()
    if len(text) > FLOAT_DIGITS and _too_long(text):
        text = _to_json(plain(given)).encode()
    if len(text) > MOST_BYTES:
        raise UnfitError(f"It has {len(text)} bytes of JSON, more than {MOST_BYTES}.")
    return text


def rfc3339(when: Timestamp) -> str:
    """A time as the service reads it: a datetime (without a zone: local time), seconds since the epoch, or text."""
    if isinstance(when, str):
        return when
    moment = when.astimezone(UTC) if isinstance(when, datetime) else datetime.fromtimestamp(when, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body(items: Sequence[Item], now: float, wall: float) -> bytes:
    """The request body for items of one kind, at `now` (monotonic) and `wall` (seconds since the epoch)."""
    if items[0].kind == "heartbeat":
        return items[0].json
    return b"[%b]" % b",".join(_dated(item, now, wall) for item in items)


def _dated(item: Item, now: float, wall: float) -> bytes:
    age = now - item.tracked
    if item.timed or age < LATE:
        return item.json
    return b'%b,"timestamp":"%b"}' % (item.json[:-1], rfc3339(wall - age).encode())

"""Bodies of resources: from what users send to what the catalog holds, and back."""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

from marshmallow import Schema

from analytics.catalog.collections import Collection
from analytics.clock import DAY_SECONDS, rfc3339, utc
from analytics.errors import ValidationFailed
from analytics.resources import FileResource, Resource
from analytics.schemas.catalog import RESOURCE_NAME
from analytics.schemas.compiled import loaded

AHEAD_YEARS = 5
AHEAD_SECONDS = AHEAD_YEARS * 366 * DAY_SECONDS
"""How far ahead times may be: planned ones are welcome, but a mistaken year would stay in the lists for ever."""


def check_name(name: str) -> None:
    """Check the name of a resource.

    Raises:
        ValidationFailed: it is not allowed.
    """
    if not re.fullmatch(RESOURCE_NAME, name):
        problem = "Must be 1 to 128 of A-Z a-z 0-9 . _ ~ -, and not begin with a dot."
        raise ValidationFailed(f"id: {problem}", fields={"id": [problem]})


def item_of(collection: Collection, name: str, given: Any, now: float, found: Resource | None) -> FileResource:
    """The resource that a user describes: defaults are left out, and times are in UTC.

    Args:
        given: the body as JSON.
        now: the time to use if the body has none, in seconds since the epoch.
        found: the existing resource; its time is kept if `given` has none.

    Raises:
        ValidationFailed: the name or the body is not allowed.
    """
    check_name(name)
    fields: dict[str, Any] = loaded(_schema(collection), given)
    start = end = None
    if collection.has_time:
        _check_times(collection, fields, now)
        time = fields[collection.time]
        if time is None:
            time = utc(now if found is None or found.start is None else found.start)
        last = fields[collection.end] or time
        fields[collection.time], start = time, time.timestamp()
        end = None if collection.is_lasting(fields) else last.timestamp()
        if last < time:
            problem = f"Must not be before `{collection.time}`."
            raise ValidationFailed(
                f"{collection.end}: {problem}", code="end_before_time", fields={collection.end: [problem]}
            )
    defaults = _defaults(collection)
    body = {key: value for key, value in fields.items() if key not in defaults or value != defaults[key]}
    return FileResource(collection.name, name, _plain(body), start, end)


def _check_times(collection: Collection, fields: dict[str, Any], now: float) -> None:
    """Refuse times that are too far ahead, or before the year 1 in UTC."""
    for name in (collection.time, collection.end):
        if fields[name] is None:
            continue
        if fields[name].timestamp() > now + AHEAD_SECONDS:
            problem = f"Must be at most {AHEAD_YEARS} years ahead."
            raise ValidationFailed(f"{name}: {problem}", code="timestamp_in_future", fields={name: [problem]})
        try:
            fields[name].astimezone(UTC)
        except OverflowError:
            problem = "Must be in the year 1 or later, in UTC."
            raise ValidationFailed(f"{name}: {problem}", fields={name: [problem]}) from None


def shown(collection: Collection, resource: Resource) -> dict[str, Any]:
    """A resource as routes answer it: its body, with defaults unless its collection hides them, and its version."""
    return {
        "id": resource.name,
        **({} if collection.hides_unset else _defaults(collection)),
        **resource.body,
        "version": resource.version,
        "updated_at": rfc3339(resource.updated_at),
        "updated_by": resource.updated_by,
        "source": resource.source,
    }


@cache
def _schema(collection: Collection) -> Schema:
    return collection.schema()


@cache
def _defaults(collection: Collection) -> dict[str, Any]:
    found = {}
    for name, field in _schema(collection).fields.items():
        if not field.required:
            found[name] = field.load_default() if callable(field.load_default) else field.load_default
    return found


def _plain(value: Any) -> Any:
    """The body as JSON types."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if not isinstance(value, datetime):
        return value
    try:
        at = value.astimezone(UTC)
    except OverflowError:  # at either end of the calendar, where UTC would have another year
        return value.isoformat()
    return at.isoformat(timespec="microseconds" if at.microsecond % 1000 else "milliseconds")[:-6] + "Z"

"""Parts of items in tests: times relative to now, and nested data."""

from datetime import UTC, datetime, timedelta
from typing import Any


def at(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value

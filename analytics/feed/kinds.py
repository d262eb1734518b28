"""The kinds of rows that a file may hold, told by the names of their fields."""

from collections.abc import Collection

FIELDS = {
    "events": ("type", "service", "user_id", "timestamp", "id", "data"),
    "metrics": ("name", "value", "unit", "tags", "timestamp", "id"),
}
"""What rows that can be imported may have."""
SUMS = {
    "services": ("name", "request_count"),
    "hourly": ("hour", "requests"),
    "daily": ("date", "requests"),
}
"""What tells rows that are sums, and cannot be."""
TELLING = {"events": ("type", "service"), "metrics": ("name", "value"), **SUMS}
"""The fields that tell each kind."""
KNOWN = frozenset(name for names in (*FIELDS.values(), *SUMS.values(), ("received_at",)) for name in names)


def kind_of(names: Collection[str]) -> str | None:
    """The kind of rows with fields of these names, None where they do not tell."""
    return next((kind for kind, telling in TELLING.items() if set(telling) <= set(names)), None)

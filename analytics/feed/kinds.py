"""The kinds of rows in files, and the field names that identify them."""

from collections.abc import Collection

FIELDS = {
    "events": ("type", "service", "user_id", "timestamp", "id", "data"),
    "metrics": ("name", "value", "unit", "tags", "timestamp", "id", "kind", "instance"),
}
"""The fields of kinds that can be imported."""
AGGREGATE_FIELDS = {
    "services": ("name", "request_count"),
    "hourly": ("hour", "requests"),
    "daily": ("date", "requests"),
}
"""Fields that identify aggregates, which cannot be imported."""
IDENTIFYING = {"events": ("type", "service"), "metrics": ("name", "value"), **AGGREGATE_FIELDS}
"""Fields that identify each kind."""
KNOWN = frozenset(name for names in (*FIELDS.values(), *AGGREGATE_FIELDS.values(), ("received_at",)) for name in names)


def kind_of(names: Collection[str]) -> str | None:
    """The kind of rows with these field names; None if they identify none."""
    return next((kind for kind, fields in IDENTIFYING.items() if set(fields) <= set(names)), None)

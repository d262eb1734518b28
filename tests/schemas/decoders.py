"""Shared by the schema tests: two derived decoders, and comparable outcomes."""

from collections.abc import Callable
from typing import Any

import msgspec

from analytics.errors import AnalyticsError
from analytics.records import NewEvent, NewMetric
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema

MAX_ITEMS = 1_000

events: SchemaDecoder[NewEvent] = SchemaDecoder(EventSchema(), NewEvent, MAX_ITEMS)
metrics: SchemaDecoder[NewMetric] = SchemaDecoder(MetricSchema(), NewMetric, MAX_ITEMS)


def plain(record: msgspec.Struct) -> dict[str, Any]:
    """The fields of a record that clients can set, with its JSON decoded."""
    fields = msgspec.structs.asdict(record)
    assert fields.pop("sender", None) is None
    return {
        name: msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value for name, value in fields.items()
    }


def outcome(attempt: Callable[[], msgspec.Struct]) -> tuple[Any, ...]:
    """The fields of the record that `attempt` returns, or its error."""
    try:
        return ("taken", plain(attempt()))
    except AnalyticsError as error:
        return ("refused", error.status, error.code, error.message, error.fields)

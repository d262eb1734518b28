"""A filter finds the same events in memory and by SQL."""

from hypothesis import given, settings

from analytics.filters.events import event_selection
from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.records import Kept, NewEvent
from tests.filters.records import batches, filters, found_by_sql


def found_in_memory(text: str, kept: Kept[NewEvent]) -> list[int]:
    return list(event_selection(parse(text, EVENT_FIELDS))(kept, kept.places()))


@given(batches, filters)
@settings(deadline=None)
def test_memory_and_sql_find_the_same(kept: Kept[NewEvent], text: str) -> None:
    assert found_in_memory(text, kept) == found_by_sql(parse(text, EVENT_FIELDS), kept)

"""Query strings: defaults, valid and invalid parameters."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from analytics.records import AGGREGATES
from analytics.schemas.queries import DaysQuery, EventsQuery, HoursQuery, NoQuery, SeriesQueryArgs

HALF_PAST_TEN = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


def test_missing_parameters_have_defaults() -> None:
    assert EventsQuery().load({}) == {
        "type": None,
        "service": None,
        "user_id": None,
        "since": None,
        "until": None,
        "q": None,
        "limit": 100,
        "order": "arrival",
        "cursor": None,
    }
    assert SeriesQueryArgs().load({"name": "cpu"}) == {
        "name": "cpu",
        "service": None,
        "agg": "avg",
        "start": None,
        "end": None,
        "step": None,
    }
    assert HoursQuery().load({}) == {"hours": 24}
    assert DaysQuery().load({}) == {"days": 7}
    assert NoQuery().load({}) == {}


@pytest.mark.parametrize(
    ("schema", "given", "name", "value"),
    [
        (EventsQuery(), {"limit": "1"}, "limit", 1),
        (EventsQuery(), {"limit": "1000"}, "limit", 1_000),
        (EventsQuery(), {"limit": ""}, "limit", 100),
        (EventsQuery(), {"type": ""}, "type", None),
        (EventsQuery(), {"cursor": "9223372036854775807"}, "cursor", (None, 2**63 - 1)),
        (EventsQuery(), {"cursor": "-5-7", "order": "time"}, "cursor", (-5, 7)),
        (EventsQuery(), {"since": "2024-01-15T10:30:00Z"}, "since", HALF_PAST_TEN),
        (EventsQuery(), {"since": "2024-01-15T11:30:00+01:00"}, "since", HALF_PAST_TEN),
        (EventsQuery(), {"since": "2024-01-15T11:30:00 01:00"}, "since", HALF_PAST_TEN),
        (EventsQuery(), {"q": "x" * 1024}, "q", "x" * 1024),
        (SeriesQueryArgs(), {"name": "a", "from": "2024-01-15T10:30:00Z"}, "start", HALF_PAST_TEN),
        (SeriesQueryArgs(), {"name": "a", "to": "2024-01-15T10:30:00Z"}, "end", HALF_PAST_TEN),
        *((SeriesQueryArgs(), {"name": "a", "agg": agg}, "agg", agg) for agg in AGGREGATES),
        (HoursQuery(), {"hours": "2160"}, "hours", 2_160),
        (DaysQuery(), {"days": "1"}, "days", 1),
    ],
)
def test_valid_parameters_are_parsed(schema: Schema, given: dict[str, str], name: str, value: Any) -> None:
    assert schema.load(given)[name] == value


def wrong(
    schema: Schema, argument: str, values: Iterable[str], **beside: str
) -> list[tuple[Schema, dict[str, str], str]]:
    """Cases in which `argument` is wrong in many ways."""
    return [(schema, {**beside, argument: value}, argument) for value in values]


@pytest.mark.parametrize(
    ("schema", "given", "field"),
    [
        *wrong(EventsQuery(), "limit", ("0", "-1", "1001", "ten", "1.5", "1e3", "1" * 5_000)),
        *wrong(EventsQuery(), "cursor", ("0", "-1", "x", "9223372036854775808")),
        *wrong(EventsQuery(), "since", ("yesterday", "2024-01-15", "1705314600", "2024-01-15T10:30:00")),
        (EventsQuery(), {"type": "x" * 129}, "type"),
        (EventsQuery(), {"q": "x" * 1025}, "q"),
        (EventsQuery(), {"service": "a\x00b"}, "service"),
        (EventsQuery(), {"typ": "a"}, "typ"),
        (SeriesQueryArgs(), {}, "name"),
        (SeriesQueryArgs(), {"name": ""}, "name"),
        (SeriesQueryArgs(), {"name": "a", "agg": "median"}, "agg"),
        *wrong(SeriesQueryArgs(), "step", ("0", "-60", "1m", "7776001"), name="a"),
        (SeriesQueryArgs(), {"name": "a", "start": "2024-01-15T10:30:00Z"}, "start"),
        *wrong(HoursQuery(), "hours", ("0", "2161", "x")),
        *wrong(DaysQuery(), "days", ("0", "3651", "x")),
        (NoQuery(), {"anything": "1"}, "anything"),
    ],
)
def test_invalid_parameters_are_refused_and_named(schema: Schema, given: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        schema.load(given)
    assert list(refused.value.messages) == [field]

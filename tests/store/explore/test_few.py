"""Whether groups are probably few is known from the fields, and from how many events the time has."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.store.explore.few import MOST_ROWS, has_few_groups
from analytics.store.explore.questions import FiguresQuestion
from analytics.store.source import Extent
from tests.store.explore.table import Table

START = datetime(2026, 10, 26, tzinfo=UTC)
FIRST, HOUR = round(START.timestamp() * 1e6), 3_600_000_000


class Day(Table):
    """A file of a day with five times as many events as are soon grouped, and three of the tail at its end."""

    def extents(self, span: Any = None) -> list[Extent]:
        end = FIRST + 24 * HOUR
        return [Extent(1, 9, FIRST, end, 5 * MOST_ROWS), Extent(10, 12, end - 1, end, 3)]


@pytest.mark.parametrize(
    ("by", "hours", "is_few"),
    [
        ((), 24, True),
        (("type", "service"), 24, True),
        (("data.c",), 24, False),
        (("service", "data.c"), 6, False),
        (("service", "data.c"), 4, True),
        (("user_id",), 1, False),
        (("data.c", "id"), 1, False),
    ],
)
def test_groups_are_few_by_their_fields_or_in_a_time_of_few_events(by: Any, hours: int, is_few: bool) -> None:
    question = FiguresQuestion(START, START + timedelta(hours=hours), by=by)
    assert has_few_groups(question, Day([])) is is_few

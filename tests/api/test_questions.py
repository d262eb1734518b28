"""The question in the body of POST /explore: its times."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.api.questions import question_of
from analytics.errors import ValidationFailed
from analytics.store.explore.figures import figures_answer
from analytics.store.explore.questions import FiguresQuestion

NOW = datetime(2026, 11, 29, 14, tzinfo=UTC)


def asked(**fields: Any) -> Any:
    return question_of(json.dumps(fields).encode(), NOW)


@pytest.mark.parametrize("interval", [None, "hour", "day", "week", "month"])
@pytest.mark.parametrize(
    ("since", "until"),
    [
        (None, "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00Z"),
        ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
        ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_times_at_the_ends_of_the_calendar_are_answered(since: str | None, until: str, interval: str | None) -> None:
    question = asked(**{"from": since, "to": until, "interval": interval})
    assert isinstance(question, FiguresQuestion)
    assert question.since <= question.until
    times = figures_answer(question, [])["times"]
    assert all(len(time) == len("2026-11-29T00:00:00Z") for time in times)


def test_a_question_from_the_first_year_on_is_about_all_events() -> None:
    question = asked(**{"from": "0001-01-01T00:00:00Z", "interval": "month"})
    assert (question.since, question.until) == (datetime(1900, 1, 1, tzinfo=UTC), NOW)


def test_times_in_the_wrong_order_are_refused_also_before_the_first_time() -> None:
    with pytest.raises(ValidationFailed, match="Must be before the end"):
        asked(**{"from": "0002-01-01T00:00:00Z", "to": "0001-01-01T00:00:00Z"})
    with pytest.raises(ValidationFailed, match="Must be before the end"):
        asked(**{"from": "2026-11-29T14:00:00Z"})

"""Questions of POST /explore, from what the request asks to what the store is asked; loaded with the first one."""

from datetime import UTC, datetime, timedelta

import msgspec

from analytics.errors import ValidationFailed
from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.schemas.compiled import load
from analytics.schemas.explore import ExploreSchema
from analytics.store.explore.periods import starts
from analytics.store.explore.questions import FiguresQuestion, Question

EXPLORE_SCHEMA = ExploreSchema()
USUAL_SPAN = timedelta(days=7)
MOST_PERIODS = 2_000
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Times beyond these are taken as these: no event is that old, and the calendar ends soon after."""


def question_of(body: bytes, now: datetime) -> Question:
    """The question in the body of a request.

    Raises:
        ValidationFailed: a field is not valid, a filter is not, or there would be too many periods.
    """
    given = load(EXPLORE_SCHEMA, body)
    if given["from_"] and given["from_"] >= (given["to"] or now):
        raise _invalid("from", "Must be before the end.")
    until = _within_calendar(given["to"] or now)
    since = _within_calendar(given["from_"]) if given["from_"] else until - USUAL_SPAN
    for name in ("q", "first", "back"):
        _check_filter(name, given[name] or "")
    for place, step in enumerate(given["steps"] or ()):
        _check_filter(f"steps.{place}", step)
    names = {"since": since, "until": until}
    asked = {name: value for name, value in given.items() if value is not None and name not in ("from_", "to")}
    if "field" in asked:
        asked["field"] = asked["field"].removeprefix("data.")
    if given["question"] == "funnel":
        asked["by"] = (given["by"] or [None])[0]
    question: Question = msgspec.convert({**asked, **names}, Question)
    if isinstance(question, FiguresQuestion):
        _check_periods(question)
    return question


def _within_calendar(at: datetime) -> datetime:
    return min(max(at, EARLIEST), LATEST).astimezone(UTC)


def _check_filter(name: str, text: str) -> None:
    try:
        parse(text, EVENT_FIELDS)
    except ValidationFailed as error:
        raise _invalid(name, error.message.removeprefix("q: ")) from None


def _check_periods(question: FiguresQuestion) -> None:
    """Count up to the limit alone: minutes of a thousand years are many."""
    if question.interval is None:
        return
    for place, _ in enumerate(starts(question.since, question.until, question.interval)):
        if place == MOST_PERIODS:
            raise _invalid("interval", f"Would make more than {MOST_PERIODS:,} periods; choose a longer one.")


def _invalid(name: str, problem: str) -> ValidationFailed:
    return ValidationFailed(f"{name}: {problem}", fields={name: [problem]})

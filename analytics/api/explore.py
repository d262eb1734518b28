"""/explore: questions about events, such as figures by field and time, funnels and retention."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.clock import Clock, rfc3339
from analytics.doors.body import BodyReader
from analytics.errors import ValidationFailed
from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.schemas.compiled import load
from analytics.schemas.explore import ExploreSchema
from analytics.schemas.queries import NoQuery
from analytics.store.client.asking import AsksStore
from analytics.store.explore.periods import starts
from analytics.store.explore.questions import FiguresQuestion, Question

NOTHING, EXPLORE_SCHEMA = NoQuery(), ExploreSchema()
USUAL_SPAN = timedelta(days=7)
MOST_PERIODS = 2_000


def explore_blueprint(store: AsksStore, bodies: BodyReader, clock: Clock) -> Blueprint:
    """Blueprint of /explore."""
    blueprint = Blueprint("explore", __name__)

    @blueprint.post("/explore")
    def explore() -> Response:
        arguments(NOTHING)
        given = load(EXPLORE_SCHEMA, bodies.read(request.environ).data)
        question = question_of(given, datetime.fromtimestamp(clock.wall(), UTC))
        found: dict[str, Any] = msgspec.json.decode(b"".join(store.ask("explore", msgspec.to_builtins(question))))
        since, until = question.since.timestamp(), question.until.timestamp()
        return answer({"question": given["question"], "since": rfc3339(since), "until": rfc3339(until), **found})

    return blueprint


def question_of(given: dict[str, Any], now: datetime) -> Question:
    """The question of a request.

    Args:
        given: what `ExploreSchema` loads.

    Raises:
        ValidationFailed: a filter is not valid, or there would be too many periods.
    """
    until = given["to"] or now
    since = given["from_"] or until - USUAL_SPAN
    if since >= until:
        raise _invalid("from", "Must be before the end.")
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

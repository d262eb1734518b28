"""Schemas of answers about service level objectives."""

from marshmallow import fields

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.catalog import OUTCOMES, Recorded
from analytics.schemas.slo import DEFAULT_WINDOW

ID = answers.text("Its name", "checkout-availability")


class RecordedSlo(Recorded):
    """A service level objective."""

    id = ID
    objective = answers.number("Share of good requests, in percent", 99.9)
    window = answers.text("The days that it is about", DEFAULT_WINDOW)
    service = answers.text("The service; null for all, or where expressions say it", "checkout", allow_none=True)
    endpoint = answers.text("The one endpoint that it is about", None, allow_none=True)
    latency_ms = answers.number("Longest latency of a good request, in milliseconds", 300, allow_none=True)
    good = answers.text("PromQL of the counters of good requests", None, allow_none=True)
    bad = answers.text("PromQL of the counters of bad requests", None, allow_none=True)
    total = answers.text("PromQL of the counters of all requests", None, allow_none=True)
    alerts = fields.Boolean(metadata={"description": "Whether it has alerts", "example": True})
    labels = fields.Dict(values=fields.String(), metadata={"description": "Labels of its alerts", "example": {}})
    annotations = fields.Dict(
        values=fields.String(), metadata={"description": "Annotations of its alerts", "example": {}}
    )
    runbook = answers.text("What to do", None, allow_none=True)
    description = answers.text("What is promised, in words", None, allow_none=True)


class SloPut(RecordedSlo):
    """An objective, and the outcome of the change."""

    outcome = answers.choice("Outcome of the change; a dry run that would make a new version has version 0", OUTCOMES)


class BudgetFigures(AnswerSchema):
    """An error budget."""

    bad = answers.number("Bad requests in the window", 12)
    allowed_bad = answers.number("How many the objective allows", 100)
    spent = answers.number("Share of the budget that is spent; above 1 where more was bad than allowed", 0.12)
    remaining = answers.number("Share that remains; below 0 where more was bad than allowed", 0.88)


class BurnRate(AnswerSchema):
    """How fast a budget burns; 1 uses it up exactly at the end of the window."""

    window = answers.text("Over this time", "1h")
    short_window = answers.text("The alert ends when the rate over this time is below the limit", "5m")
    rate = answers.number("Rate; null without requests", 0.4, allow_none=True)
    limit = answers.number("The alert fires above this rate", 14.4)


class SloState(AnswerSchema):
    """An objective and its error budget; figures are null without requests in the window."""

    id = ID
    description = answers.text("What is promised, in words", None, allow_none=True)
    service = answers.text("The service", "checkout", allow_none=True)
    objective = answers.number("Share of good requests, in percent", 99.9)
    window = answers.text("The days that it is about", DEFAULT_WINDOW)
    good_percent = answers.number("Share of requests in the window that were good", 99.988, allow_none=True)
    total = answers.number("Requests in the window", 100_000, allow_none=True)
    budget = fields.Nested(BudgetFigures, allow_none=True)
    burn = fields.List(fields.Nested(BurnRate))
    alerts = fields.List(fields.String(), metadata={"description": "Its alerts that fire now", "example": []})
    error = answers.text("Why there are no figures", None, allow_none=True)


class SloPage(AnswerSchema):
    """All objectives, by name."""

    slos = fields.List(fields.Nested(SloState))
    count = answers.whole("How many there are", 1)
    updated_at = answers.time("When the figures were computed")

"""Schemas of queries and answers about rules and alerts."""

from marshmallow import fields

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.catalog import OUTCOMES, Recorded
from analytics.schemas.fields import JsonObject, OneOf
from analytics.schemas.queries import Query

ALERT_STATES_SHOWN = ("firing", "pending", "recovering", "no_data", "error", "normal")
RULE_EXAMPLE = {"alert": "HighErrorRate", "expr": "sum by (service) (rate(errors_total[5m])) > 1", "for": "5m"}


class AlertsQuery(Query):
    """Filters of GET /alerts."""

    state = OneOf(ALERT_STATES_SHOWN, load_default=None, metadata={"description": "In this state"})


class RecordedRules(Recorded):
    """A group of rules."""

    id = answers.text("Its name", "checkout")
    title = answers.text("Its name in a rule file of Prometheus, if that differs", None, allow_none=True)
    interval = answers.text("How often it is evaluated", "15s")
    delay = answers.text("How far back it looks", "0s")
    limit = answers.whole("Most series that a rule may return; 0 for any number", 0)
    labels = fields.Dict(values=fields.String(), metadata={"description": "Labels of all its rules", "example": {}})
    rules = fields.List(JsonObject(metadata={"description": "A rule, without defaults", "example": RULE_EXAMPLE}))


class RulesPut(RecordedRules):
    """A group of rules, and the outcome of the change."""

    outcome = answers.choice("Outcome of the change; a dry run that would make a new version has version 0", OUTCOMES)


class ListedRule(AnswerSchema):
    """A rule, and its newest evaluation."""

    rule = answers.text("Identifies it in its group", "HighErrorRate")
    name = answers.text("Name of the alert or metric", "HighErrorRate")
    type = answers.choice("Its kind", ("alert", "record"))
    body = JsonObject(metadata={"description": "As its group has it, without defaults", "example": RULE_EXAMPLE})
    state = answers.choice("The worst state of its alerts; null for recording rules", ALERT_STATES_SHOWN)
    alerts = answers.whole("How many alerts are not normal", 1)
    value = answers.number("The most extreme value of the newest evaluation; null without any", 2.5, allow_none=True)
    health = answers.choice("How the newest evaluation went", ("ok", "unknown", "err"))
    error = answers.text("Why it failed", None, allow_none=True)
    evaluated_at = answers.time("When it was evaluated last; null if it was not", allow_none=True)
    seconds = answers.number("How long that took", 0.002)

    state.allow_none = True


class ListedGroup(AnswerSchema):
    """A group of rules, and its newest evaluation."""

    group = answers.text("Its name", "checkout")
    title = answers.text("Its name in a rule file of Prometheus", "checkout")
    interval = answers.text("How often it is evaluated", "15s")
    delay = answers.text("How far back it looks", "0s")
    source = answers.text("`http`, or the configuration file that it comes from", "http")
    version = answers.whole("Rises with each change of it", 7)
    error = answers.text("Why none of it is evaluated", None, allow_none=True)
    evaluated_at = answers.time("When it was evaluated last; null if it was not", allow_none=True)
    lateness_seconds = answers.number("How late that began", 0.004)
    seconds = answers.number("How long that took", 0.01)
    rules = fields.List(fields.Nested(ListedRule), metadata={"description": "In the order of evaluation"})


class ListedGroups(AnswerSchema):
    """All groups of rules, in the order of their names."""

    groups = fields.List(fields.Nested(ListedGroup))
    count = answers.whole("How many there are", 1)


class ListedAlert(AnswerSchema):
    """An alert."""

    group = answers.text("The group of its rule", "checkout")
    rule = answers.text("Its rule", "HighErrorRate")
    labels = fields.Dict(
        values=fields.String(),
        metadata={"description": "What it is about", "example": {"alertname": "HighErrorRate", "service": "shop"}},
    )
    annotations = fields.Dict(
        values=fields.String(), metadata={"description": "Texts of its rule, filled in", "example": {"summary": "…"}}
    )
    state = answers.choice("Its state", ALERT_STATES_SHOWN)
    value = answers.number("The newest value; null without any", 2.5, allow_none=True)
    since = answers.time("When it entered its state")
    started_at = answers.time("When its expression began to hold")
    fired_at = answers.time("When it began to fire; null if it does not", allow_none=True)
    ended_at = answers.time("When it stopped firing", None, allow_none=True)
    incident = answers.text("The incident that it belongs to", None, allow_none=True)


class ListedAlerts(AnswerSchema):
    """Alerts that are not normal, and those that ended in the last 15 minutes; the firing ones first."""

    alerts = fields.List(fields.Nested(ListedAlert))
    count = answers.whole("How many there are", 1)

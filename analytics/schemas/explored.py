"""Schemas of the answers of POST /explore and POST /sql."""

from typing import Any

from marshmallow import fields

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.explore import QUESTIONS


def _figure(about: str) -> fields.Float:
    return answers.number(about, 42, allow_none=True)


def _optional(field: Any) -> Any:
    field.metadata["optional"] = True
    return field


class ExploredStep(AnswerSchema):
    """One step of a funnel."""

    users = answers.whole("Users who reached it", 42)
    median_seconds = answers.number("Median of the time since the first step", 30, allow_none=True)


class ExploredGroup(AnswerSchema):
    """One group: events with these values of the fields; of a funnel, users whose first step's event has the value."""

    values = fields.List(
        fields.String(allow_none=True), metadata={"description": "Value of each field; null where events have none"}
    )
    value = _optional(_figure("Figure of the whole time"))
    points = _optional(fields.List(_figure("Figure of a period"), metadata={"description": "Figure of each period"}))
    steps = _optional(fields.List(fields.Nested(ExploredStep), metadata={"description": "The steps of a funnel"}))


class ExploredCohort(AnswerSchema):
    """The users whose first event is in one period."""

    time = answers.time("Start of the period")
    users = answers.whole("How many they are", 42)
    back = fields.List(
        fields.Integer(allow_none=True),
        metadata={"description": "How many came back in the same period, and in each after it; null before it begins"},
    )


class Explored(AnswerSchema):
    """The answer to a question. Which fields it has depends on the kind of the question."""

    question = answers.choice("Kind of question", QUESTIONS)
    since = answers.time("First time that it is about")
    until = answers.time("End of the time that it is about")
    times = _optional(fields.List(answers.time("Start of a period"), metadata={"description": "Starts of periods"}))
    value = _optional(_figure("Figure of all events in the whole time"))
    points = _optional(fields.List(_figure("Figure of a period"), metadata={"description": "Figures of all events"}))
    groups = _optional(fields.List(fields.Nested(ExploredGroup), metadata={"description": "Groups, largest first"}))
    group_count = _optional(answers.whole("How many groups there are; `groups` has the largest", 12))
    steps = _optional(fields.List(fields.Nested(ExploredStep)))
    cohorts = _optional(fields.List(fields.Nested(ExploredCohort)))


class SqlColumn(AnswerSchema):
    """A column of the answer."""

    name = answers.text("Name", "service")
    type = answers.text("Type in DuckDB", "VARCHAR")


class SqlRows(AnswerSchema):
    """The answer to a query."""

    columns = fields.List(fields.Nested(SqlColumn))
    rows = fields.List(
        fields.List(fields.Raw(allow_none=True)),
        metadata={
            "description": "Rows of values: times as text in RFC 3339; decimals, and integers beyond 2^53, as text",
            "example": [["shop", 42]],
        },
    )
    truncated = fields.Boolean(metadata={"description": "Whether there were more rows", "example": False})

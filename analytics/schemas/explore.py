"""The schema of POST /explore: a question about events."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from analytics.schemas.fields import Number, OneOf, Text, Timestamp, Whole

QUESTIONS = ("figures", "funnel", "retention")
MEASURES = ("count", "users", "sum", "avg", "min", "max", "p50", "p90", "p95", "p99")
WITHOUT_FIELD = ("count", "users")
"""Measures that are of no field of data."""
INTERVALS = ("minute", "hour", "day", "week", "month")
COHORT_INTERVALS = ("day", "week", "month")
MOST_GROUPS, MOST_STEPS, MOST_PERIODS = 100, 10, 60
MOST_SECONDS = 366 * 86_400
FILTER_LENGTH = 1024
ONLY_FOR = {
    "figures": ("measure", "field", "interval", "by", "limit"),
    "funnel": ("steps", "window", "by", "limit"),
    "retention": ("first", "back", "interval", "periods"),
}
"""The fields that belong to each question, besides those of all."""
OF_ALL = ("question", "from_", "to", "q")
GROUPED_BY = r"^(type|service|user_id|user|id|data\.[^\x00-\x1f]{1,200})$"


def _filter(about: str) -> Text:
    return Text(0, FILTER_LENGTH, load_default=None, metadata={"description": about})


def _whole(least: int, most: int, about: str) -> Whole:
    return Whole(least, most, load_default=None, metadata={"description": about})


class GroupingField(Text):
    """The name of a field of events that makes groups."""

    def __init__(self) -> None:
        super().__init__(1, 210)
        self.validators.append(validate.Regexp(GROUPED_BY, error="Must be type, service, user_id, id or data.<field>."))


class ExploreSchema(Schema):
    """A question about events. `question` says which kind it is; other kinds refuse the fields of one."""

    class Meta:
        unknown = RAISE

    question = OneOf(QUESTIONS, load_default="figures", metadata={"description": "Kind of question"})
    from_ = Timestamp(
        data_key="from",
        load_default=None,
        allow_none=True,
        metadata={"description": "Events at or after this time; by default the 7 days before `to`"},
    )
    to = Timestamp(
        load_default=None, allow_none=True, metadata={"description": "Events before this time; by default now"}
    )
    q = _filter("Only events that match this filter")
    measure = OneOf(
        MEASURES, load_default=None, metadata={"description": "Figures: what is measured, by default count"}
    )
    field = Text(
        1,
        200,
        load_default=None,
        metadata={"description": "Figures: the measured field of data, such as total or data.total"},
    )
    by = fields.List(
        GroupingField(),
        load_default=None,
        validate=validate.Length(max=2, error="Must have at most 2 fields."),
        metadata={"description": "Groups by these fields: type, service, user_id, id, data.<field>; a funnel by one"},
    )
    interval = OneOf(
        INTERVALS, load_default=None, metadata={"description": "Length of the periods; weeks start on Monday"}
    )
    limit = _whole(1, MOST_GROUPS, "At most so many groups, the largest ones; by default 10")
    steps = fields.List(
        Text(1, FILTER_LENGTH),
        load_default=None,
        validate=validate.Length(1, MOST_STEPS, error=f"Must have 1 to {MOST_STEPS} steps."),
        metadata={"description": "Funnel: a filter for each step, in order"},
    )
    window = Number(
        1,
        MOST_SECONDS,
        load_default=None,
        metadata={"description": "Funnel: seconds from the first step to the last, at most; by default a day"},
    )
    first = _filter("Retention: the filter of the event that puts a user into a cohort; by default any event")
    back = _filter("Retention: the filter of events by which a user comes back; by default any event")
    periods = _whole(1, MOST_PERIODS, "Retention: how many periods after the first one; by default 8")

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        question = given["question"]
        allowed = {*OF_ALL, *ONLY_FOR[question]}
        problems = {
            name: [f"Is not part of a question of the kind {question}."]
            for name, value in given.items()
            if value is not None and name not in allowed
        }
        problems.update(_missing(question, given))
        if problems:
            raise ValidationError(problems)


def _missing(question: str, given: dict[str, Any]) -> dict[str, list[str]]:
    """Errors by field, where the fields are not those of the question."""
    if question == "funnel":
        if given.get("steps") is None:
            return {"steps": ["Missing data for required field."]}
        if len(given.get("by") or ()) > 1:
            return {"by": ["A funnel has groups by one field."]}
    if question == "retention" and given.get("interval") not in (None, *COHORT_INTERVALS):
        return {"interval": ["Must be one of day, week, month for retention."]}
    if question == "figures":
        needs_field = (given.get("measure") or "count") not in WITHOUT_FIELD
        if needs_field and given.get("field") is None:
            return {"field": [f"Is needed for the measure {given['measure']}."]}
        if not needs_field and given.get("field") is not None:
            return {"field": ["Is not part of this measure."]}
    return {}

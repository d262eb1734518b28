"""Schema of the status page, and of its answer."""

from marshmallow import RAISE, Schema, fields, validate

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.catalog import OUTCOMES, Recorded
from analytics.schemas.fields import Text, Whole

MOST_COMPONENTS, MOST_SERVICES = 100, 50
LEVELS = ("operational", "degraded", "outage", "maintenance", "unknown")


class StatusComponent(Schema):
    """A component that the status page shows: one or more services."""

    class Meta:
        unknown = RAISE

    name = Text(1, 128, required=True, metadata={"description": "What people call it", "example": "Checkout"})
    services = fields.List(
        Text(1, 128),
        required=True,
        validate=validate.Length(1, MOST_SERVICES, error=f"Must have 1 to {MOST_SERVICES} services."),
        metadata={"description": "The services that it consists of", "example": ["checkout", "payment"]},
    )


class StatusPageSchema(Schema):
    """The status page, which there is as long as this resource is."""

    class Meta:
        unknown = RAISE

    title = Text(1, 200, load_default="Status", metadata={"description": "Its heading", "example": "Shop status"})
    public = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Whether everybody sees it; otherwise who may read"},
    )
    components = fields.List(
        fields.Nested(StatusComponent),
        load_default=list,
        validate=validate.Length(max=MOST_COMPONENTS, error=f"Must have at most {MOST_COMPONENTS} components."),
        metadata={"description": "What it shows; without any, each service"},
    )
    days = Whole(1, 90, load_default=90, metadata={"description": "How many days it shows"})


class RecordedStatusPage(Recorded):
    """The status page as it is configured."""

    id = answers.text("Its name", "main")
    title = answers.text("Its heading", "Shop status")
    public = fields.Boolean(metadata={"description": "Whether everybody sees it", "example": True})
    components = fields.List(
        fields.Dict(), metadata={"description": "What it shows", "example": [{"name": "Shop", "services": ["shop"]}]}
    )
    days = answers.whole("How many days it shows", 90)


class StatusPagePut(RecordedStatusPage):
    """The status page as it is configured, and the outcome of the change."""

    outcome = answers.choice("Outcome of the change; a dry run that would make a new version has version 0", OUTCOMES)


class StatusDay(AnswerSchema):
    """A day (UTC) of a component."""

    day = answers.text("The day", "2024-01-15")
    level = answers.choice("The worst that lasted for a minute", LEVELS)
    down_seconds = answers.number("How long it was down", 0.0)


class StatusRow(AnswerSchema):
    """A component."""

    name = answers.text("What people call it", "Checkout")
    level = answers.choice("How it is now", LEVELS)
    uptime_percent = answers.number("Share of the known time in which it was not down", 99.98, allow_none=True)
    days = fields.List(fields.Nested(StatusDay))


class StatusIncident(AnswerSchema):
    """An incident."""

    id = answers.text("Its id", "0c3f1c8a9b2d")
    title = answers.text("What people call it", "HighLatency (checkout)")
    state = answers.choice("Its state", ("open", "acknowledged", "snoozed", "resolved"))
    components = fields.List(fields.String(), metadata={"description": "What it affects", "example": ["Checkout"]})
    started_at = answers.time("When it began")
    resolved_at = answers.time("When it was resolved", None, allow_none=True)


class StatusAnswer(AnswerSchema):
    """All that the status page shows."""

    title = answers.text("Its heading", "Shop status")
    level = answers.choice("The worst level of all components", LEVELS)
    timestamp = answers.time("As of when")
    components = fields.List(fields.Nested(StatusRow))
    incidents = fields.List(fields.Nested(StatusIncident))

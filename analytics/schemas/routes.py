"""Schema of the tree of routes, as Alertmanager has it: which receivers get messages about which alerts."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, pre_load, validate

from analytics.schemas.catalog import RESOURCE_NAME
from analytics.schemas.fields import Text, depth
from analytics.schemas.rule_fields import DurationText

LABEL = r"^([a-zA-Z_][a-zA-Z0-9_]*|\.\.\.)$"
MOST_ROUTES, MOST_NAMES, MOST_LEVELS, MOST_STEPS = 200, 50, 16, 10


def _duration(least: float, about: str) -> DurationText:
    return DurationText(least, load_default=None, allow_none=True, metadata={"description": about, "example": "30s"})


class RouteMatcher(Text):
    """Condition on a label as Alertmanager writes it: `severity="critical"`."""

    def __init__(self) -> None:
        super().__init__(1, 1_000)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        from analytics.promql.errors import BadQuery
        from analytics.promql.label_conditions import condition_of

        text: str = super()._deserialize(value, *args, **kwargs)
        try:
            condition_of(text).predicate()
        except (ValueError, BadQuery) as error:
            raise ValidationError(f"{text!r} is wrong: {error}.") from None
        return text


def _names(about: str, pattern: str, error: str) -> "fields.List[str]":
    field = Text(1, 128)
    field.validators.append(validate.Regexp(pattern, error=error))
    return fields.List(
        field,
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=MOST_NAMES, error=f"Must have at most {MOST_NAMES} elements."),
        metadata={"description": about},
    )


class EscalationSchema(Schema):
    """Receivers that have to know of an incident that nobody has acknowledged for a while."""

    class Meta:
        unknown = RAISE

    after = DurationText(1, required=True, metadata={"description": "How long nobody has", "example": "15m"})
    receivers = fields.List(
        Text(1, 128),
        required=True,
        validate=validate.Length(1, MOST_NAMES, error=f"Must have 1 to {MOST_NAMES} elements."),
        metadata={"description": "Names of receivers", "example": ["second-line"]},
    )


class RouteSettings(Schema):
    """What every route may set; what it leaves out is as in the route that it is in."""

    class Meta:
        unknown = RAISE

    receivers = _names(
        "Names of receivers; every one where no route says so", f"^{RESOURCE_NAME}$", "Must be the name of a receiver."
    )
    group_by = _names(
        "Labels whose alerts share one message; `alertname` if left out, `...` for one message per alert",
        LABEL,
        "Must be the name of a label, or `...` for all.",
    )
    group_wait = _duration(0, "How long the first message of a group waits for further alerts; 5s")
    group_interval = _duration(1, "The least time between two messages of a group; 10s")
    repeat_interval = _duration(60, "How often the message is repeated while an alert fires; 4h")
    refire_wait = _duration(
        0, "How long an alert must fire before a message, if it resolved less than 10 minutes ago; 2m"
    )
    escalation = fields.List(
        fields.Nested(EscalationSchema),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=MOST_STEPS, error=f"Must have at most {MOST_STEPS} steps."),
        metadata={"description": "Who else has to know of an incident that nobody acknowledges; nobody"},
    )


class RouteSchema(RouteSettings):
    """A route: alerts that fulfil its matchers go there."""

    matchers = fields.List(
        RouteMatcher(),
        load_default=list,
        validate=validate.Length(max=MOST_NAMES, error=f"Must have at most {MOST_NAMES} elements."),
        metadata={"description": "Conditions on labels, which all have to hold", "example": ['severity="critical"']},
    )
    goes_on = fields.Boolean(
        data_key="continue",
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Whether alerts that it takes go to the next routes, too"},
    )
    routes = fields.List(
        fields.Nested(lambda: RouteSchema()),
        load_default=list,
        validate=validate.Length(max=MOST_ROUTES, error=f"Must have at most {MOST_ROUTES} routes."),
        metadata={"description": "Routes below this one"},
    )

    @post_load
    def without_defaults(self, route: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What is set, by the names of the fields in JSON."""
        given = {("continue" if name == "goes_on" else name): value for name, value in route.items()}
        return {name: value for name, value in given.items() if value not in (None, False) and value != []} | {
            name: value
            for name, value in given.items()
            if name in ("receivers", "group_by", "escalation") and value == []
        }


class RoutesSchema(RouteSettings):
    """The route at the top, which every alert enters, and those below."""

    @pre_load
    def check_depth(self, routes: Any, **_: Any) -> Any:
        """Refuse trees that are too deep."""
        if depth(routes) > 2 * MOST_LEVELS:
            raise ValidationError(f"Must have at most {MOST_LEVELS} levels.", "routes")
        return routes

    routes = fields.List(
        fields.Nested(RouteSchema),
        load_default=list,
        validate=validate.Length(max=MOST_ROUTES, error=f"Must have at most {MOST_ROUTES} routes."),
        metadata={"description": "An alert goes into the first of these whose matchers it fulfils"},
    )

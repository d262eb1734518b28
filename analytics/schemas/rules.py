"""Schemas of groups of rules: Prometheus' fields, and ours."""

from collections.abc import Mapping
from typing import Any, NoReturn

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, pre_load, validate, validates_schema

from analytics.schemas.annotation import Link
from analytics.schemas.fields import OneOf, Text, Whole
from analytics.schemas.rule_fields import DurationText, Expression, MetricName, Templates
from analytics.schemas.rule_texts import check_clear, check_expression, check_no_data, check_samples, check_templates
from analytics.schemas.time_windows import TimeWindowSchema

MOST_RULES = 1_000
RECORDING_FIELDS = {"record", "expr", "language", "labels"}


class RuleSchema(Schema):
    """An alert rule (`alert`) or a recording rule (`record`)."""

    class Meta:
        unknown = RAISE

    alert = Text(1, 128, load_default=None, metadata={"description": "Name of the alert", "example": "HighErrorRate"})
    record = MetricName(load_default=None, metadata={"description": "Name of the metric to record"})
    expr = Expression(
        required=True,
        metadata={
            "description": "PromQL, or a metric query of LogQL; an alert is active for each series that it returns",
            "example": "up == 0",
        },
    )
    language = OneOf(
        ("promql", "logql"),
        allow_none=True,
        load_default=None,
        metadata={
            "description": "The language of `expr` and `clear`. Where left out, `expr` is LogQL if it is no PromQL, or "
            'if it has a range of a selector that names no metric, such as `rate({service_name="shop"}[5m])`'
        },
    )
    hold = DurationText(
        0.0,
        data_key="for",
        load_default="0s",
        metadata={"description": "How long the expression must hold before the alert fires", "example": "5m"},
    )
    keep_firing_for = DurationText(
        0.0, load_default="0s", metadata={"description": "How long the alert goes on firing after that"}
    )
    labels = Templates(load_default=dict, metadata={"description": "Labels to add; values may be templates"})
    annotations = Templates(load_default=dict, metadata={"description": "Texts for people; values may be templates"})
    clear = Expression(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "When an alert that fires is over, if not as soon as `expr` returns nothing for it: a "
            "comparison for the left side of `expr`, or an expression that returns a series with the same labels",
            "example": "< 80",
        },
    )
    no_data = OneOf(
        ("ok", "keep", "alert"),
        load_default="ok",
        metadata={
            "description": "What follows for a series when the left side of `expr` has no value for it any more: it "
            "counts as `ok`, its state is kept, or there is an alert"
        },
    )
    no_data_after = DurationText(
        0.0, load_default="5m", metadata={"description": "After how long missing data are an alert"}
    )
    on_error = OneOf(
        ("keep", "ok", "alert"),
        load_default="keep",
        metadata={"description": "What follows where the expression cannot be evaluated"},
    )
    min_samples = Whole(
        0,
        1_000_000_000,
        load_default=0,
        metadata={"description": "How many observations the ranges of the expression must hold for an alert"},
    )
    active = fields.List(
        fields.Nested(TimeWindowSchema),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "When the rule is evaluated; always where left out"},
    )
    depends_on = fields.List(
        Text(1, 128),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={
            "description": "Names of alerts: while one of them fires with the same values of common labels, this one "
            "does not begin to"
        },
    )
    runbook = Link(allow_none=True, load_default=None, metadata={"description": "A page that says what to do"})

    @pre_load
    def without_nulls(self, rule: Any, **_: Any) -> Any:
        """A field without a value, such as `labels:` in YAML, is left out; as in Prometheus."""
        return _without_nulls(rule)

    @validates_schema(skip_on_field_errors=True)
    def check(self, rule: Mapping[str, Any], **_: Any) -> None:
        """Refuse combinations that mean nothing, and expressions that cannot be evaluated."""
        if (rule["alert"] is None) == (rule["record"] is None):
            _refuse("record" if rule["record"] else "alert", "Must have either `alert` or `record`.")
        if rule["record"] is not None:
            for name, field in self.fields.items():
                if name not in RECORDING_FIELDS and rule[name] != default_of(field):
                    _refuse(field.data_key or name, "Is for alerts; this is a recording rule.")
        check_templates(rule["labels"], "labels")
        check_templates(rule["annotations"], "annotations")
        found = check_expression(rule["expr"], rule["language"])
        if rule["clear"] is not None:
            check_clear(rule["clear"], found)
        if rule["no_data"] != "ok":
            check_no_data(found)
        if rule["min_samples"]:
            check_samples(found)

    @post_load
    def without_defaults(self, rule: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What differs from the defaults, by the names of the fields in JSON."""
        return {
            field.data_key or name: rule[name]
            for name, field in self.fields.items()
            if field.required or rule[name] != default_of(field)
        }


class RuleGroupSchema(Schema):
    """Rules that are evaluated together, one after the other, at a fixed interval."""

    class Meta:
        unknown = RAISE

    title = Text(
        1,
        256,
        allow_none=True,
        load_default=None,
        metadata={"description": "Its name in a rule file of Prometheus, where that is not allowed as an id"},
    )
    interval = DurationText(
        1.0, is_whole=True, load_default="15s", metadata={"description": "How often it is evaluated", "example": "30s"}
    )
    delay = DurationText(
        0.0,
        load_default="0s",
        metadata={"description": "How far back it looks, so that late data are in time; `query_offset` in Prometheus"},
    )
    limit = Whole(
        0, 100_000, load_default=0, metadata={"description": "Most series that a rule may return; 0 for any number"}
    )
    labels = Templates(load_default=dict, metadata={"description": "Labels to add to those of all its rules"})
    rules = fields.List(
        fields.Nested(RuleSchema),
        required=True,
        validate=validate.Length(0, MOST_RULES, error=f"Must have at most {MOST_RULES:,} rules."),
        metadata={"description": "In the order in which they are evaluated"},
    )

    @validates_schema(skip_on_field_errors=True)
    def check(self, group: Mapping[str, Any], **_: Any) -> None:
        """Refuse labels that are no templates."""
        check_templates(group["labels"], "labels")

    @pre_load
    def take_prometheus_names(self, group: Any, **_: Any) -> Any:
        """`query_offset` is `delay`; a field without a value is left out."""
        group = _without_nulls(group)
        if not isinstance(group, dict) or "query_offset" not in group:
            return group
        if "delay" in group:
            raise ValidationError("Is the same as `delay`: leave one of them out.", "query_offset")
        return {("delay" if name == "query_offset" else name): value for name, value in group.items()}


def default_of(field: fields.Field[Any]) -> Any:
    """The value of a field that is left out."""
    return field.load_default() if callable(field.load_default) else field.load_default


def _without_nulls(given: Any) -> Any:
    """An object without the fields that are null; `expr` and `rules` are needed."""
    if not isinstance(given, dict):
        return given
    return {name: value for name, value in given.items() if value is not None or name in ("expr", "rules")}


def _refuse(field: str, problem: str) -> NoReturn:
    raise ValidationError(problem, field)

"""Contract of service level objectives, of tests of rules, and of the page of alerts."""

from analytics.api.codes import BODY_CODES, DOCUMENT_CODES, READ_CODES
from analytics.api.contract_resource import resource_operations
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import rule_tests, slos
from analytics.schemas.slo import SloSchema

SLO = {"objective": 99.9, "window": "30d", "service": "checkout", "latency_ms": 300}

TEST = {"rule": {"alert": "Slow", "expr": "memory > 500", "for": "5m"}, "interval": "30s"}

SLO_OPERATIONS = (
    Operation(
        "get",
        "/alerting",
        "Alerts",
        "The page Alerts",
        "The page with what fires now, the rules and their editor, incidents, objectives and silences.",
        {200: ("text/html",)},
        DOCUMENT_CODES,
    ),
    Operation(
        "post",
        "/rules/test",
        "Alerts",
        "Test a rule",
        "Evaluates a rule over what is kept, or over `input_series` in promtool's notation and `input_lines`, and "
        "answers when its alerts would have fired. Nothing is recorded.",
        {200: (rule_tests.RuleTrial,)},
        BODY_CODES,
        body=RequestBody(rule_tests.RuleTestSchema, TEST),
    ),
    Operation(
        "get",
        "/slos",
        "Alerts",
        "Read objectives and their error budgets",
        "All service level objectives, what is left of their error budgets, and how fast these burn. The figures are "
        "computed at most every 10 seconds.",
        {200: (slos.SloPage,)},
        READ_CODES,
    ),
    *resource_operations(
        "/slos",
        "Alerts",
        "an",
        "objective",
        put=(
            "Creates or replaces a service level objective: on the errors of a service, on its latency "
            "(`latency_ms`), or on counters of your own (`good` or `bad`, and `total`). It has alerts that fire while "
            "its error budget burns too fast: 14.4 times over 1 hour, 6 times over 6 hours, 3 times over a day, or "
            "once over 3 days.",
            RequestBody(SloSchema, SLO),
            slos.SloPut,
            {**BODY_CODES, 422: ("validation_failed", "collection_full")},
        ),
        get=("Its version is its ETag.", slos.RecordedSlo),
    ),
)

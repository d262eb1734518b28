"""Contract of rules and alerts."""

from analytics.api.codes import BODY_CODES, READ_CODES
from analytics.api.contract_resource import resource_operations
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import alerts
from analytics.schemas.rules import RuleGroupSchema

GROUP = {
    "interval": "30s",
    "rules": [
        {
            "alert": "HighErrorRate",
            "expr": "sum by (service) (rate(errors_total[5m])) / sum by (service) (rate(requests_total[5m])) > 0.05",
            "for": "5m",
            "labels": {"severity": "page"},
            "annotations": {
                "summary": "{{ $value | humanizePercentage }} of the requests of {{ $labels.service }} fail"
            },
        }
    ],
}

ALERTS_OPERATIONS = (
    Operation(
        "get",
        "/rules",
        "Alerts",
        "Read all rules",
        "All groups, each rule with its state and its newest value.",
        {200: (alerts.ListedGroups,)},
        READ_CODES,
    ),
    *resource_operations(
        "/rules",
        "Alerts",
        "a",
        "group of rules",
        put=(
            "Creates or replaces a group: as JSON or, with `Content-Type: application/yaml`, as YAML; a rule file of "
            "Prometheus with one group is taken, too. Its rules are evaluated in their order.",
            RequestBody(RuleGroupSchema, GROUP),
            alerts.RulesPut,
            {
                **BODY_CODES,
                400: (*BODY_CODES[400], "malformed_yaml"),
                422: ("validation_failed", "collection_full"),
            },
        ),
        get=("Its version is its ETag.", alerts.RecordedRules),
    ),
    Operation(
        "get",
        "/alerts",
        "Alerts",
        "Read alerts",
        "Alerts that are pending, firing or recovering, that lack data or failed, and those that ended in the last "
        "15 minutes.",
        {200: (alerts.ListedAlerts,)},
        READ_CODES,
        query=alerts.AlertsQuery,
        asked={"state": "firing"},
    ),
)
"""Operations on rules and alerts."""

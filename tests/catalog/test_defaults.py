"""The resources that are there from the start."""

import pytest

from analytics.alerts.rules.rule import AlertRule, prepared
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import COLLECTIONS
from analytics.catalog.defaults import BUILT_IN_RULES, DEFAULTS
from analytics.resources import FileResource


@pytest.mark.parametrize("default", DEFAULTS, ids=lambda default: f"{default.collection}/{default.name}")
def test_defaults_are_valid_and_as_the_catalog_would_keep_them(default: FileResource) -> None:
    assert item_of(COLLECTIONS[default.collection], default.name, default.body, 0.0, None).body == default.body


def test_the_built_in_rules_can_be_evaluated() -> None:
    group = prepared(BUILT_IN_RULES.name, BUILT_IN_RULES.body)
    assert all(isinstance(rule, AlertRule) for rule in group.rules)
    assert {rule.name for rule in group.rules} == {
        "ServiceDown",
        "ServiceStale",
        "HeartbeatNeverCameBack",
        "ServiceFlapping",
        "UnusualErrors",
        "UnusualLatency",
        "IngestRefused",
        "DiskNearlyFull",
    }

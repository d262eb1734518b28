"""Own metrics that follow from the state, and those that alert rules have from the start."""

import re
from pathlib import Path

from analytics.catalog.defaults import BUILT_IN_RULES
from analytics.query.own_series.families import CHANGES_SECONDS, state_families
from tests.own_metrics.reading import figures
from tests.state.rig import Rig

METRICS = Path(__file__).parents[3] / "docs" / "howto" / "prometheus.md"
"""Its tables have each metric that the service exposes; see edge/test_prometheus.py."""


def test_changes_of_a_service_count_for_fifteen_minutes() -> None:
    rig = Rig()
    rig.beat("calm")
    for status in ("healthy", "unhealthy") * 4:
        rig.beat("shop", status)
        rig.clock.advance(10)
    count = ("service_status_changes", "shop")
    found = figures(rig.reader.ask(state_families, 0))
    assert found[count] >= 6
    assert ("service_status_changes", "calm") not in found
    for _ in range(CHANGES_SECONDS // 60):
        rig.clock.advance(60)
        rig.beat("shop", "unhealthy")
    assert count not in figures(rig.reader.ask(state_families, 0))


def test_rules_from_the_start_name_metrics_that_the_service_has() -> None:
    rules = [rule["expr"] for rule in BUILT_IN_RULES.body["rules"]]
    named = {name for expr in rules for name in re.findall(r"analytics_\w+", expr)}
    assert len(named) >= 5
    documented = re.findall(r"^\| `(\w+)", METRICS.read_text(), re.MULTILINE)
    assert named - {*documented} == set()

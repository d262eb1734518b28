"""OpenSLO documents as objectives."""

import json
from typing import Any

import pytest

from analytics.catalog.bad_document import BadDocument
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import SLOS
from analytics.catalog.documents import read

FILE = b"""\
apiVersion: openslo/v1
kind: Service
metadata:
  name: web
spec: {}
---
apiVersion: openslo/v1
kind: SLI
metadata:
  name: web-successful
spec:
  ratioMetric:
    counter: true
    good:
      metricSource:
        type: Prometheus
        spec:
          query: sum(http_requests_total{code=~"2..|3.."})
    total:
      metricSource:
        metricSourceRef: main
        spec:
          query: sum(http_requests_total)
---
apiVersion: openslo/v1
kind: SLO
metadata:
  name: web-availability
  displayName: Availability
spec:
  description: Pages are shown
  service: web
  indicatorRef: web-successful
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - target: 0.98
    - displayName: Wished for
      targetPercent: 99.9
---
"""
GOOD, TOTAL = 'sum(http_requests_total{code=~"2..|3.."})', "sum(http_requests_total)"


def slo(**changes: Any) -> dict[str, Any]:
    """An objective as one document, with changes of its spec."""
    spec = {
        "service": "web",
        "indicator": {
            "spec": {
                "ratioMetric": {
                    "bad": {"metricSource": {"type": "prometheus", "spec": {"query": "rate(bad[{{.window}}])"}}},
                    "total": {"metricSource": {"type": "prometheus", "spec": {"query": "sum(all)"}}},
                }
            }
        },
        "timeWindow": [{"duration": "30d", "isRolling": True}],
        "objectives": [{"target": 0.99}],
    }
    return {"apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "a"}, "spec": {**spec, **changes}}


def test_objectives_and_indicators_of_a_file_are_read() -> None:
    common = {"service": "web", "description": "Pages are shown", "window": "4w", "good": GOOD, "total": TOTAL}
    found = read(FILE, "slo.yaml").collections
    assert found == {
        "slos": {
            "web-availability": {**common, "objective": 98.0},
            "web-availability-2": {**common, "objective": 99.9},
        }
    }
    for name, body in found["slos"].items():
        item_of(SLOS, name, body, 0.0, None)


def test_an_objective_may_have_its_indicator_inside_and_be_json() -> None:
    found = read(json.dumps(slo()).encode(), "slo.json").collections
    assert found == {
        "slos": {
            "a": {"service": "web", "window": "30d", "bad": "rate(bad[$window])", "total": "sum(all)", "objective": 99}
        }
    }


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"budgetingMethod": "Timeslices"}, "counts Timeslices", "spec.budgetingMethod"),
        ({"indicatorRef": "x"}, "'x', which is no SLI", "spec.indicatorRef"),
        ({"indicatorRef": ["x"]}, "['x'], which is no SLI", "spec.indicatorRef"),
        ({"indicator": {}}, "needs a mapping `spec`", "spec.indicator.spec"),
        ({"indicator": {"spec": {"thresholdMetric": {}}}}, "no ratioMetric", "spec"),
        ({"timeWindow": [{"duration": "1M", "isRolling": False}]}, "rolling", "spec.timeWindow"),
        ({"timeWindow": []}, "rolling", "spec.timeWindow"),
        ({"objectives": []}, "no objectives", "spec.objectives"),
        ({"objectives": [{"value": 1}]}, "without target", "spec.objectives"),
        ({"objectives": "x"}, "no objectives", "spec.objectives"),
        (
            {"indicator": {"spec": {"ratioMetric": {"total": {"metricSource": {"type": "Datadog", "spec": {}}}}}}},
            "asks Datadog",
            "ratioMetric.total.metricSource.type",
        ),
        ({"indicator": {"spec": {"ratioMetric": {"total": 1}}}}, "`metricSource`", "ratioMetric.total.metricSource"),
    ],
)
def test_what_is_not_read_is_named(changes: dict[str, Any], reason: str, field: str) -> None:
    with pytest.raises(BadDocument) as error:
        read(json.dumps(slo(**changes)).encode(), "slo.json")
    assert reason in error.value.reason
    assert error.value.field == field


def test_other_versions_and_mixed_files_are_refused() -> None:
    with pytest.raises(BadDocument, match="only openslo/v1 is read"):
        read(json.dumps({**slo(), "apiVersion": "openslo/v1alpha"}).encode(), "slo.json")
    with pytest.raises(BadDocument, match="only openslo/v1 is read"):
        read(FILE + b"annotations: {}\n", "slo.yaml")
    with pytest.raises(BadDocument, match="`spec`"):
        read(b'{"apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "x"}}', "slo.json")

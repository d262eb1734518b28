"""Groups of rules: what is taken, and which message refuses what."""

from typing import Any

import pytest

from analytics.catalog.bodies import item_of
from analytics.catalog.collections import RULES
from analytics.errors import ValidationFailed

RATE = "sum by (service) (rate(errors_total[5m])) / sum by (service) (rate(requests_total[5m])) > 0.05"


def taken(group: dict[str, Any]) -> dict[str, Any]:
    return item_of(RULES, "checkout", group, 0.0, None).body


def refused(group: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(ValidationFailed) as error:
        taken(group)
    return {name: list(reasons) for name, reasons in error.value.fields.items()}


def rule(**fields: Any) -> dict[str, Any]:
    return {"rules": [{"alert": "Slow", "expr": RATE, **fields}]}


def test_a_group_keeps_what_differs_from_the_defaults() -> None:
    group = {
        "interval": "30s",
        "query_offset": "10s",
        "labels": {"team": "web"},
        "rules": [
            {
                "alert": "Slow",
                "expr": RATE,
                "for": 300,
                "keep_firing_for": "0",
                "labels": {"severity": 2, "page": True},
            },
            {"record": "job:errors:rate5m", "expr": "sum(rate(errors_total[5m]))"},
        ],
    }
    assert taken(group) == {
        "interval": "30s",
        "delay": "10s",
        "labels": {"team": "web"},
        "rules": [
            {"alert": "Slow", "expr": RATE, "for": "300s", "labels": {"severity": "2", "page": "true"}},
            {"record": "job:errors:rate5m", "expr": "sum(rate(errors_total[5m]))"},
        ],
    }


def test_fields_without_a_value_are_left_out_as_in_prometheus() -> None:
    blank = dict.fromkeys(("for", "keep_firing_for", "labels", "annotations", "clear", "no_data", "active"))
    group = {"interval": None, "limit": None, "labels": None, "query_offset": None, **rule(**blank)}
    assert taken(group) == rule()
    recorded = {"record": "a:b", "expr": "up", "labels": {"a": None}}
    assert taken({"rules": [recorded]}) == {"rules": [{**recorded, "labels": {"a": ""}}]}
    assert refused({"rules": [{"alert": "A", "expr": None}]}) == {"rules.0.expr": ["Field may not be null."]}
    assert "rules" in refused({"rules": None})


def test_all_of_our_own_fields_are_taken() -> None:
    own = {
        "clear": "< 0.01",
        "no_data": "alert",
        "no_data_after": "10m",
        "on_error": "alert",
        "min_samples": 20,
        "active": [{"weekdays": ["monday"], "start": "08:00", "end": "18:00", "time_zone": "Europe/Berlin"}],
        "depends_on": ["DatabaseDown"],
        "runbook": "https://wiki.example/slow",
    }
    assert taken(rule(**own)) == rule(**own)


@pytest.mark.parametrize(
    ("group", "field", "problem"),
    [
        ({"rules": [{"alert": "A", "expr": "up"}] * 1_001}, "rules", "at most 1,000"),
        ({"rules": [{"alert": "A", "expr": "up == 0", "fro": "5m"}]}, "rules.0.fro", "Unknown field"),
        ({"interval": "0.5s", **rule()}, "interval", "from 1s"),
        ({"interval": "1500ms", **rule()}, "interval", "whole number of seconds"),
        ({"interval": "5 minutes", **rule()}, "interval", "such as 30s"),
        ({"delay": "1s", "query_offset": "1s", **rule()}, "query_offset", "same as `delay`"),
        (rule(record="a"), "rules.0.record", "either"),
        ({"rules": [{"expr": "up"}]}, "rules.0.alert", "either"),
        ({"rules": [{"record": "a:b", "expr": "up", "for": "5m"}]}, "rules.0.for", "recording rule"),
        ({"rules": [{"record": "a-b", "expr": "up"}]}, "rules.0.record", "Must be of"),
        (rule(expr="up =="), "rules.0.expr", ""),
        (rule(expr=""), "rules.0.expr", "1 to"),
        (rule(expr="up[5m]"), "rules.0.expr", "instant vector"),
        (rule(expr='"text"'), "rules.0.expr", "instant vector"),
        (rule(expr="sum by (service) (errors_total", clear="< 1"), "rules.0.expr", ""),
        (rule(expr="absent(up)", clear="< 1"), "rules.0.clear", "compares a vector with a number"),
        (rule(clear="<< 1"), "rules.0.clear", ""),
        (rule(expr="absent(up)", no_data="alert"), "rules.0.no_data", "compares a vector with a number"),
        (rule(expr="up == 0", min_samples=5), "rules.0.min_samples", "with a range"),
        (rule(no_data="maybe"), "rules.0.no_data", "one of"),
        (rule(labels={"a-b": "x"}), "rules.0.labels.a-b", "name must be"),
        (rule(labels={"a": ["x"]}), "rules.0.labels.a", "Not a text"),
        (rule(labels={"__name__": "x"}), "rules.0.labels.__name__", "__name__"),
        (rule(annotations={"summary": "{{ js `up` }}"}), "rules.0.annotations.summary", "js is not supported"),
        ({"labels": {"x": "{{ if }}"}, **rule()}, "labels.x", "Not a template"),
        (rule(annotations="text"), "rules.0.annotations", "object of texts"),
        (rule(active=[{"time_zone": "Europe/Bonn"}]), "rules.0.active.0.time_zone", "time zone"),
        (rule(active=[{"start": "25:00"}]), "rules.0.active.0.start", "08:30"),
        (rule(active=[{"weekdays": ["sun"]}]), "rules.0.active.0.weekdays.0", "one of"),
        (rule(runbook="javascript:alert(1)"), "rules.0.runbook", "http"),
    ],
)
def test_what_is_wrong_is_named(group: dict[str, Any], field: str, problem: str) -> None:
    found = refused(group)
    assert list(found) == [field]
    assert problem in found[field][0]

"""Rule files of Prometheus among the configuration files."""

from typing import Any

import pytest

from analytics.catalog.bad_document import BadDocument
from analytics.catalog.documents import read
from analytics.catalog.rule_files import one_group
from analytics.catalog.yaml_text import parse

FILE = """\
annotations: {a: {text: x}}
groups:
  - name: node.rules
    rules:
      - record: a:b
        expr: up
  - name: Kubernetes / Apps
    interval: 1m
    rules:
      - alert: Down
        expr: up == 0
"""


def test_groups_are_resources_with_their_lines() -> None:
    document = read(FILE.encode(), "a.yml")
    assert document.collections == {
        "annotations": {"a": {"text": "x"}},
        "rules": {
            "node.rules": {"rules": [{"record": "a:b", "expr": "up"}]},
            "Kubernetes-Apps": {
                "title": "Kubernetes / Apps",
                "interval": "1m",
                "rules": [{"alert": "Down", "expr": "up == 0"}],
            },
        },
    }
    assert document.line("rules", "Kubernetes-Apps", "rules", "0", "expr") == 11
    assert document.line("rules", "node.rules") == 3


def test_a_group_may_have_no_rules_yet() -> None:
    assert read(b"groups: [{name: a, rules: }]", "a.yml").collections == {"rules": {"a": {"rules": []}}}


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("groups: [{rules: []}]", "has no name", 1),
        ("groups:\n- 5", "must be a mapping", 2),
        ("groups: [{name: a}, {name: a}]", "has the group 'a' twice", 1),
        ("groups: [{name: a/b}, {name: a b}]", "has the group 'a-b' twice", 1),
        ("groups: []\nrules: 5", "must be a mapping of names", 2),
        ("groups: []\nrules: ab", "must be a mapping of names", 2),
        ("groups: [{name: a}]\nrules: {a: {}}", "has the group 'a' twice", 1),
    ],
)
def test_what_is_wrong_has_a_line(text: str, reason: str, line: int) -> None:
    with pytest.raises(BadDocument) as error:
        read(text.encode(), "a.yaml")
    assert reason in error.value.reason
    assert error.value.line == line


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"rules": []}, {"rules": []}),
        ({"name": "x", "rules": []}, {"rules": []}),
        ({"groups": [{"name": "x", "rules": []}]}, {"rules": []}),
        ([], []),
    ],
)
def test_one_group_is_a_body(value: Any, body: Any) -> None:
    assert one_group(value) == body


@pytest.mark.parametrize("value", [{"groups": []}, {"groups": [{}, {}]}, {"groups": [{}], "annotations": {}}])
def test_several_groups_are_no_body(value: Any) -> None:
    with pytest.raises(BadDocument, match="exactly one group"):
        one_group(value)


TEXTS = """\
groups:
  - name: 2026
    limit: 5
    labels: {zone: 1.0}
    rules:
      - {alert: 404, expr: 1.50, labels: {version: 1.10, on: true, none: , quoted: "7"}, annotations: {e: 1e3}}
      - {record: up, expr: 5, keep: 1.0}
"""


def test_labels_and_names_are_text_as_they_are_written() -> None:
    (group,) = read(TEXTS.encode(), "a.yml").collections["rules"].values()
    labels = {"version": "1.10", "on": "true", "none": None, "quoted": "7"}
    assert group == {
        "limit": 5,
        "labels": {"zone": "1.0"},
        "rules": [
            {"alert": "404", "expr": "1.50", "labels": labels, "annotations": {"e": "1e3"}},
            {"record": "up", "expr": "5", "keep": 1.0},
        ],
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"labels: {a: 1.10}\nrules: [{alert: 5, labels: {b: 2.0}, for: 5}]", None),
        (b"rules: {labels: {limit: 5, labels: {a: 1.10}, rules: [{alert: 5, labels: {b: 2.0}, for: 5}]}}", "labels"),
    ],
)
def test_they_are_text_in_every_form_of_a_group(text: bytes, value: str | None) -> None:
    found = parse(text.decode(), {}, lambda: None)
    group = found if value is None else found["rules"][value]
    assert (group["labels"], group["rules"]) == ({"a": "1.10"}, [{"alert": "5", "labels": {"b": "2.0"}, "for": 5}])
    assert group.get("limit", 5) == 5
    assert read(b"annotations: {labels: {text: 1.10}}", "a.yml").collections["annotations"]["labels"]["text"] == 1.1


ALIASES = """\
groups:
  - name: queues
    interval: &every 15s
    rules:
      - &slow
        alert: Slow
        expr: queue > 100
        for: *every
        labels: &labels {severity: page, "<<": text}
      - <<: *slow
        alert: Slower
        labels: *labels
      - alert: Other
        expr: up
        labels:
          <<: [*labels, {team: shop, severity: low}]
          tier: one
"""


def test_aliases_are_what_they_stand_for_as_in_prometheus() -> None:
    labels = {"severity": "page", "<<": "text"}
    slow = {"alert": "Slow", "expr": "queue > 100", "for": "15s", "labels": labels}
    document = read(ALIASES.encode(), "a.yml")
    assert document.collections["rules"]["queues"]["rules"] == [
        slow,
        {**slow, "alert": "Slower"},
        {"alert": "Other", "expr": "up", "labels": {**labels, "team": "shop", "tier": "one"}},
    ]
    assert document.line("rules", "queues", "rules", "1", "labels", "severity") == 12
    first, second, _ = document.collections["rules"]["queues"]["rules"]
    assert first["labels"] is not second["labels"]


def test_an_alias_is_text_where_its_own_place_says_so() -> None:
    text = "groups: [{name: a, limit: &n 5, labels: {limit: *n, v: &v 1.10}, rules: [{record: b, expr: *n, keep: *v}]}]"
    group = read(text.encode(), "a.yml").collections["rules"]["a"]
    assert group == {
        "limit": 5,
        "labels": {"limit": "5", "v": "1.10"},
        "rules": [{"record": "b", "expr": "5", "keep": 1.1}],
    }

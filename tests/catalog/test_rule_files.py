"""Rule files of Prometheus among the configuration files."""

from typing import Any

import pytest

from analytics.catalog.bad_document import BadDocument
from analytics.catalog.documents import read
from analytics.catalog.rule_files import one_group

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

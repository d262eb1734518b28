"""Rules, prepared from the bodies of the catalog: parsed expressions and templates, durations in seconds."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from analytics.alerts.rules.machine import OK, Policy
from analytics.alerts.rules.naming import named_rules
from analytics.logql.rules import (
    LOGQL,
    PROMQL,
    compared_with_number,
    has_logql,
    longest_look_back,
    may_hold_on_little,
    parse_rule,
)
from analytics.promql.compared import range_selectors
from analytics.promql.nodes import Binary, Call, Node, NumberNode
from analytics.promql.text import milliseconds
from analytics.templating.template import TextTemplate, compiled

ALERT_NAME = "alertname"
RUNBOOK = "runbook_url"
SETTLE_SECONDS = 60.0
"""How long senders may take to be heard again after the service was off: rules wait so long, or as long as it was."""
_THRESHOLD = re.compile(r"\s*(==|!=|>=|<=|>|<)\s*(\S+)\s*")


class Clear(NamedTuple):
    """When an alert is over: where the expression has a value; the left side of the rule's is `None` in it."""

    node: Node
    query: str
    threshold: tuple[str, float] | None = None


class AlertRule(NamedTuple):
    """A rule of alerts.

    Attributes:
        id: identifies it in its group.
        query: its expression as text.
        compared: the expression, where it is a comparison of a vector with a number.
        settle: seconds for which it is not evaluated after an outage of the service of that length or longer.
        counted: expressions that count the observations in its ranges.
        active: recurring times in which it is evaluated, as in the catalog; none for always.
        body: as the catalog has it.
    """

    id: str
    name: str
    query: str
    node: Node
    settle: float
    labels: tuple[tuple[str, TextTemplate], ...]
    body: Mapping[str, Any]
    compared: Binary | None
    policy: Policy
    annotations: tuple[tuple[str, TextTemplate], ...]
    clear: Clear | None
    on_error: str
    min_samples: int
    counted: tuple[Node, ...]
    active: tuple[Mapping[str, Any], ...]
    depends_on: tuple[str, ...]


class RecordingRule(NamedTuple):
    """A rule whose result is recorded as a metric; attributes as of `AlertRule`."""

    id: str
    name: str
    query: str
    node: Node
    settle: float
    labels: tuple[tuple[str, TextTemplate], ...]
    body: Mapping[str, Any]


Rule = AlertRule | RecordingRule


class RuleGroup(NamedTuple):
    """Rules that are evaluated one after the other.

    Attributes:
        interval: seconds, whole ones.
        delay: seconds by which it looks back.
        limit: most series that a rule may return; 0 for any number.
    """

    name: str
    title: str
    interval: int
    delay: float
    limit: int
    rules: tuple[Rule, ...]


def prepared(name: str, body: Mapping[str, Any]) -> RuleGroup:
    """The group of a resource.

    Raises:
        BadQuery: an expression is not valid.
        BadTemplate: a template is not.
    """
    rules: list[Rule] = []
    for id_, _, each in named_rules(body["rules"]):
        labels = _templates({**body.get("labels", {}), **each.get("labels", {})})
        rules.append(_alert_rule(id_, each, labels) if "alert" in each else _recording_rule(id_, each, labels))
    title = body.get("title") or name
    interval = max(1, round(seconds(body.get("interval", "15s"))))
    return RuleGroup(name, title, interval, seconds(body.get("delay", "0s")), body.get("limit", 0), tuple(rules))


def seconds(duration: str) -> float:
    """A duration in seconds. Raises `BadQuery`."""
    return milliseconds(duration.removesuffix("s") if re.fullmatch(r"[0-9.]+s", duration) else duration) / 1000


def _recording_rule(id_: str, body: Mapping[str, Any], labels: tuple[tuple[str, TextTemplate], ...]) -> RecordingRule:
    node = parse_rule(body["expr"], body.get("language"))
    return RecordingRule(id_, body["record"], body["expr"], node, _settle(node), labels, body)


def _alert_rule(id_: str, body: Mapping[str, Any], labels: tuple[tuple[str, TextTemplate], ...]) -> AlertRule:
    node = parse_rule(body["expr"], body.get("language"))
    annotations = dict(body.get("annotations", {}))
    if body.get("runbook"):
        annotations.setdefault(RUNBOOK, body["runbook"])
    counted = [Call(each.at, "count_over_time", [each]) for each in range_selectors(node)]
    return AlertRule(
        id=id_,
        name=body["alert"],
        query=body["expr"],
        node=node,
        settle=_settle(node),
        labels=labels,
        body=body,
        compared=compared_with_number(node),
        policy=Policy(
            seconds(body.get("for", "0s")),
            seconds(body.get("keep_firing_for", "0s")),
            body.get("no_data", OK),
            seconds(body.get("no_data_after", "5m")),
        ),
        annotations=_templates(annotations),
        clear=_clear(body.get("clear"), node),
        on_error=body.get("on_error", "keep"),
        min_samples=body.get("min_samples", 0),
        counted=tuple(counted) if body.get("min_samples") else (),
        active=tuple(body.get("active", ())),
        depends_on=tuple(body.get("depends_on", ())),
    )


def _settle(node: Node) -> float:
    return max(SETTLE_SECONDS, longest_look_back(node) if may_hold_on_little(node) else 0.0)


def _clear(text: str | None, expr: Node) -> Clear | None:
    if text is None:
        return None
    found = _THRESHOLD.fullmatch(text)
    compared = compared_with_number(expr)
    if found is None or compared is None:
        return Clear(parse_rule(text, LOGQL if has_logql(expr) else PROMQL), text)
    threshold = float(found[2])
    return Clear(Binary(0, found[1], compared.left, NumberNode(0, threshold)), text, (found[1], threshold))


def _templates(texts: Mapping[str, str]) -> tuple[tuple[str, TextTemplate], ...]:
    return tuple((name, compiled(text)) for name, text in texts.items())

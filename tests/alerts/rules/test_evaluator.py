"""Evaluations of rules: our own fields, recording rules, changes of rules, errors, and times."""

from typing import Any

import pytest

from analytics.alerts.rules import template_queries
from analytics.alerts.rules.evaluator import RuleEvaluator
from analytics.alerts.rules.listing import Known, alert_list, rule_list
from analytics.alerts.rules.running import next_time
from analytics.kinds import LOGS, SPANS
from analytics.log_lines import NewLogLine
from analytics.points import GAUGE, NewPoint, labels_of
from analytics.query.catalog import resource
from analytics.spans import SERVER, NewSpan
from tests.alerts.rules.rig import RuleRig
from tests.state.rig import NOON, batch


@pytest.fixture
def rig() -> RuleRig:
    return RuleRig()


def rule(expr: str, **fields: Any) -> dict[str, Any]:
    return {"interval": "1s", "rules": [{"alert": "A", "expr": expr, **fields}]}


def test_an_alert_is_over_only_when_clear_says_so(rig: RuleRig) -> None:
    rig.put("g", rule("queue > 100", clear="< 80"))
    found = []
    for value in (90, 101, 95, 85, 79, 95):
        rig.gauge("queue", value)
        rig.advance(1)
        found.append(rig.states())
    firing = {"A": "firing"}
    assert found == [{}, firing, firing, firing, {}, {}]


def test_clear_may_be_an_expression_of_its_own(rig: RuleRig) -> None:
    rig.put("g", rule("queue > 100", clear="restarted == 1"))
    rig.gauge("queue", 101, host="a")
    rig.gauge("restarted", 0, host="a")
    rig.advance(1)
    rig.gauge("queue", 1, host="a")
    rig.advance(1)
    assert rig.states() == {"A/a": "firing"}
    rig.gauge("restarted", 1, host="a")
    rig.advance(1)
    assert rig.states() == {}


@pytest.mark.parametrize(
    ("policy", "states"),
    [
        ({}, {}),
        ({"no_data": "keep"}, {"A/a": "firing"}),
        ({"no_data": "alert", "no_data_after": "2s"}, {"A/a": "no_data", "A/b": "no_data"}),
    ],
)
def test_missing_data_are_what_the_rule_says(rig: RuleRig, policy: dict[str, str], states: dict[str, str]) -> None:
    rig.put("g", rule("queue > 100", **policy))
    for host, value in (("a", 101), ("b", 1)):
        rig.gauge("queue", value, host=host)
    rig.advance(1)
    assert rig.states() == {"A/a": "firing"}
    for host in "ab":
        rig.gauge("queue", None, host=host)
    rig.advance(1)
    if "no_data_after" in policy:
        assert rig.states() == {"A/a": "firing"}, "not yet"
    rig.advance(2)
    assert rig.states() == states
    rig.gauge("queue", 102, host="a")
    rig.gauge("queue", 2, host="b")
    rig.advance(1)
    assert rig.states() == {"A/a": "firing"}


def test_a_restart_knows_which_series_had_data(rig: RuleRig) -> None:
    rig.put("g", rule("queue > 100", no_data="alert", no_data_after="1m"))
    rig.gauge("queue", 1, host="a")
    rig.advance(30)
    rig.restart()
    rig.gauge("queue", None, host="a")
    rig.advance(20)
    assert rig.states() == {}
    rig.advance(60)
    assert rig.states() == {"A/a": "no_data"}


def test_templates_ask_for_samples_of_the_evaluation(rig: RuleRig) -> None:
    texts = {
        "owner": '{{ with printf "owner{host=%q}" $labels.host | query }}{{ . | first | label "team" }}{{ end }}',
        "all": '{{ query "sum(queue)" | first | value }}',
        "wrong": '{{ query "sum(" }}',
        "host": "{{ $labels.host }}",
    }
    rig.put("g", rule("queue > 100", labels={"host": "{{ $labels.host }}", "many": texts["all"]}, annotations=texts))
    rig.gauge("owner", 1, host="a", team="shop")
    rig.gauge("queue", 101, host="a")
    rig.gauge("queue", 7, host="b")
    rig.advance(1)
    (alert,) = [each for each in rig.alerts if each.state == "firing"]
    assert dict(alert.key.labels) == {"alertname": "A", "host": "a", "many": "108"}
    wrong = alert.annotations.pop("wrong")
    assert alert.annotations == {"owner": "shop", "all": "108", "host": "a"}
    assert wrong.startswith("<error expanding template: error calling query: ")


def test_many_different_queries_of_templates_are_cut_off(rig: RuleRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_queries, "MOST_QUERIES", 2)
    rig.put("g", rule("queue > 0", annotations={"n": '{{ query (printf "queue{host=%q}" $labels.host) | len }}'}))
    for host in "abc":
        rig.gauge("queue", 1, host=host)
    rig.advance(1)
    found = sorted(alert.annotations["n"] for alert in rig.alerts)
    assert found[:2] == ["1", "1"]
    assert "an evaluation has more than 2 of them" in found[2]


def test_answers_of_queries_in_templates_are_kept_up_to_a_number_of_samples(
    rig: RuleRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_queries, "MOST_KEPT", 4)
    rig.put("g", rule("queue > 0", annotations={"n": '{{ query (printf "queue != %v" $value) | len }}'}))
    for number, host in enumerate("abc", 1):
        rig.gauge("queue", number, host=host)
    rig.advance(1)
    found = sorted(alert.annotations["n"] for alert in rig.alerts)
    assert found[:2] == ["2", "2"]
    assert "the answers have more than 4 samples in all" in found[2]


def test_few_samples_are_no_alert(rig: RuleRig) -> None:
    ratio = "sum by (host) (rate(errors[1m])) / sum by (host) (rate(requests[1m])) > 0.5"
    rig.put("g", rule(ratio, min_samples=5))
    for number in range(1, 9):
        for host, often in (("a", 1), ("b", 4)):
            if number % often == 0:
                rig.counter("requests", 10 * number, host=host)
                rig.counter("errors", 9 * number, host=host)
        rig.advance(1)
    assert rig.states() == {"A/a": "firing"}, "b has two samples"


@pytest.mark.parametrize(("policy", "states"), [("keep", {}), ("ok", {}), ("alert", {"A": "error"})])
def test_an_error_is_what_the_rule_says(rig: RuleRig, policy: str, states: dict[str, str]) -> None:
    rig.put("g", rule("queue * on (host) limits > 1", on_error=policy))
    rig.gauge("queue", 2, host="a")
    for number in "12":
        rig.gauge("limits", 1, host="a", number=number)
    rig.advance(1)
    assert rig.states() == states
    (row,) = listed(rig)["groups"][0]["rules"]
    assert row["health"] == "err"
    assert "many-to-many" in str(row["error"])
    rig.gauge("limits", None, host="a", number="2")
    rig.advance(1)
    assert rig.states() == {"A/a": "firing"}


def listed(rig: RuleRig) -> Any:
    return rule_list(known(rig))


def known(rig: RuleRig) -> Known:
    found = rig.rig.reader.ask(resource, "rules", "g")
    return Known([found] if found else [], rig.alerts, rig.evaluator.groups, rig.evaluator.problems)


def test_an_alert_is_quiet_while_another_fires(rig: RuleRig) -> None:
    rig.put(
        "g",
        {
            "interval": "1s",
            "rules": [
                {"alert": "HostDown", "expr": "up == 0", "labels": {"team": "infra"}},
                {"alert": "Slow", "expr": "latency > 1", "depends_on": ["HostDown"], "labels": {"team": "web"}},
            ],
        },
    )
    for host in "ab":
        rig.gauge("up", 0 if host == "a" else 1, host=host)
        rig.gauge("latency", 0, host=host)
    rig.advance(1)
    for host in "ab":
        rig.gauge("latency", 2, host=host)
    rig.advance(1)
    firing = {dict(each.key.labels)["host"] for each in rig.alerts if each.key.rule == "Slow" and each.is_firing}
    assert firing == {"b"}
    rig.gauge("up", 1, host="a")
    rig.advance(2)
    firing = {dict(each.key.labels)["host"] for each in rig.alerts if each.key.rule == "Slow" and each.is_firing}
    assert firing == {"a", "b"}, "it holds still, and nothing else explains it"


def test_a_rule_rests_outside_of_its_times(rig: RuleRig) -> None:
    rig.put("g", rule("vector(1)", active=[{"start": "14:00", "end": "14:01", "time_zone": "Europe/Berlin"}]))
    rig.advance(1)
    assert rig.states() == {}
    rig.set(NOON + 3_600 + 30)  # 14:00:30 in Berlin in winter
    assert rig.states() == {"A": "firing"}
    rig.set(NOON + 3_600 + 60)
    assert rig.states() == {}


def test_recorded_series_have_values_labels_and_an_end(rig: RuleRig) -> None:
    rules = [
        {"record": "host:queue:max", "expr": "max by (host) (queue)", "labels": {"kind": "{{ $labels.host }}!"}},
        {"alert": "A", "expr": "host:queue:max > 1"},
    ]
    rig.put("g", {"interval": "1s", "rules": rules})
    rig.gauge("queue", 2, host="a")
    rig.advance(1)
    assert rig.states() == {"A/a/a!": "firing"}, "in the same evaluation"
    rig.gauge("queue", None, host="a")
    rig.advance(1)
    assert rig.states() == {}


def test_a_name_of_the_services_own_is_not_recorded(rig: RuleRig) -> None:
    rig.put("g", {"interval": "1s", "rules": [{"record": "endpoint_requests_total", "expr": "vector(1)"}]})
    rig.advance(1)
    (row,) = listed(rig)["groups"][0]["rules"]
    assert (row["health"], row["state"]) == ("err", None)
    assert "endpoint_requests_total" in row["error"]


@pytest.mark.parametrize("change", [None, {"rules": [{"alert": "B", "expr": "vector(1) > 2"}]}])
def test_alerts_end_with_their_rule(rig: RuleRig, change: dict[str, Any] | None) -> None:
    rig.put("g", rule("vector(1)"))
    rig.advance(1)
    assert rig.states() == {"A": "firing"}
    rig.put("g", change)
    rig.advance(1)
    assert rig.states() == {}


def fed(rig: RuleRig, late: float) -> set[str]:
    """The alerts that are active at any second of a counter that rises by one a second, and arrives so late."""
    found: set[str] = set()
    for second in range(1, 130):
        rig.set(NOON + second)
        if second > 70:
            found |= set(rig.states())
        rig.rig.clock.set(NOON + second + 0.5)
        rig.counter("requests", second, NOON + second + 0.4 - late)
    return found


def test_an_open_second_is_not_taken_for_a_whole_one(rig: RuleRig) -> None:
    rig.put("g", rule("increase(requests[10s]) != 10"))
    assert fed(rig, 0.0) == set()


@pytest.mark.parametrize(("delay", "active"), [("0s", {"A"}), ("2s", set())])
def test_a_delay_waits_for_late_data(rig: RuleRig, delay: str, active: set[str]) -> None:
    rig.put("g", {"delay": delay, **rule("increase(requests[10s]) != 10")})
    assert fed(rig, 1.5) == active


def test_missed_evaluations_are_not_made_up(rig: RuleRig) -> None:
    rig.put("g", {"interval": "10s", "rules": [{"alert": "A", "expr": "vector(1)", "for": "25s"}]})
    rig.advance(20)
    assert rig.states() == {"A": "pending"}
    before = rig.alerts[0].since
    rig.set(rig.rig.clock.wall() + 35)
    (alert,) = rig.alerts
    assert (alert.state, alert.since % 10) == ("firing", before % 10), "at its phase, once"
    assert rig.evaluator.groups["g"].lateness < 10


def test_a_clock_that_is_set_back_stops_no_rule(rig: RuleRig) -> None:
    rig.put("g", rule("queue > 1"))
    rig.advance(5)
    rig.rig.clock.set(rig.rig.clock.wall() - 3_600)
    rig.advance(3)
    assert rig.evaluator.groups["g"].evaluated == rig.rig.clock.wall()


def test_groups_have_phases_by_their_names() -> None:
    phases = {next_time(f"group {number}", 15, NOON) - NOON for number in range(200)}
    assert phases == set(range(15))
    assert next_time("g", 15, NOON) == next_time("g", 15, next_time("g", 15, NOON)), "a whole number of intervals"


def test_an_outage_is_not_taken_for_silence_of_others(rig: RuleRig) -> None:
    rig.put("g", rule("absent(queue)"))
    rig.gauge("queue", 1)
    rig.advance(1)
    rig.rig.clock.set(NOON + 3_600)
    rig.rig.recorder.start()
    rig.restart()
    rig.advance(59)
    assert rig.states() == {}, "it may take a minute until all are heard again"
    rig.gauge("queue", 1)
    rig.advance(5)
    assert rig.states() == {}
    rig.gauge("queue", None)
    rig.advance(1)
    assert rig.states() == {"A": "firing"}


def test_low_traffic_is_no_alert_while_the_window_reaches_back_into_an_outage(rig: RuleRig) -> None:
    rig.put("g", rule("rate(requests[5m]) < 0.5"))
    for second in range(300):
        rig.counter("requests", second)
        rig.rig.clock.advance(1)
    rig.rig.clock.advance(600)
    rig.rig.recorder.start()
    rig.restart()
    for second in range(300, 610):
        rig.counter("requests", second)
        rig.advance(1)
        assert rig.states() == {}, second


def test_a_pending_alert_goes_on_where_it_was_after_an_outage(rig: RuleRig) -> None:
    rig.put("g", rule("vector(1)", **{"for": "10s"}))
    rig.advance(6)
    began = rig.alerts[0].since
    rig.rig.recorder.advance()
    rig.rig.clock.advance(3_000)
    rig.rig.recorder.start()
    rig.restart()
    rig.advance(60)
    rig.advance(4)
    (alert,) = rig.alerts
    assert (alert.state, alert.started) == ("firing", began)


def test_more_alerts_than_the_limit_are_an_error(rig: RuleRig) -> None:
    rig.put("g", {"limit": 1, **rule("queue > 0")})
    for host in "ab":
        rig.gauge("queue", 1, host=host)
    rig.advance(1)
    assert rig.states() == {}
    assert listed(rig)["groups"][0]["rules"][0]["error"] == "exceeded limit of 1 with 2 alerts"


def test_ten_thousand_alerts_at_once_let_others_run(rig: RuleRig) -> None:
    rig.put("g", rule("queue > 0"))
    rig.points([NewPoint(labels_of([("__name__", "queue"), ("n", str(n))]), GAUGE, 1.0) for n in range(9_000)])
    pauses = []
    rig.evaluator = RuleEvaluator(
        rig.rig.reader,
        rig.questions,
        rig.rig.recorder.change_alerts,
        lambda points: None,
        rig.rig.clock,
        lambda: pauses.append(1),
    )
    rig.advance(1)
    assert len(rig.alerts) == 9_000
    assert len(pauses) > 80


def test_a_value_that_is_no_number_is_recorded_without_it(rig: RuleRig) -> None:
    rig.put("g", rule("vector(1) / 0 > 1", annotations={"summary": "{{ $value }}"}))
    rig.advance(1)
    (alert,) = rig.alerts
    assert (alert.state, alert.value, alert.annotations) == ("firing", None, {"summary": "+Inf"})


def test_rules_see_alerts_as_a_metric(rig: RuleRig) -> None:
    rules = [
        {"alert": "A", "expr": "queue > 1", "for": "2s"},
        {"alert": "Many", "expr": 'count by (alertstate) (ALERTS{alertname="A"}) > 1'},
    ]
    rig.put("g", {"interval": "1s", "rules": rules})
    for host in "ab":
        rig.gauge("queue", 2, host=host)
    rig.advance(2)
    assert rig.states() == {"A/a": "pending", "A/b": "pending", "Many/pending": "firing"}
    rig.advance(2)
    assert rig.states() == {"A/a": "firing", "A/b": "firing", "Many/firing": "firing"}


def test_two_rules_of_a_name_have_alerts_of_their_own(rig: RuleRig) -> None:
    levels = [{"alert": "A", "expr": f"queue > {level}", "labels": {"above": level}} for level in (1, 10)]
    rig.put("g", {"interval": "1s", "rules": levels})
    rig.gauge("queue", 5)
    rig.advance(1)
    assert rig.states() == {"1/A": "firing"}
    assert [row["rule"] for row in listed(rig)["groups"][0]["rules"]] == ["A", "A/2"]


def test_the_list_of_alerts_has_the_newest_value(rig: RuleRig) -> None:
    rig.put("g", rule("queue > 1", annotations={"summary": "{{ $value }}"}))
    for value in (2, 3):
        rig.gauge("queue", value)
        rig.advance(1)
    (row,) = alert_list(known(rig))["alerts"]
    assert (row["value"], row["annotations"], row["state"]) == (3.0, {"summary": "2"}, "firing")
    assert alert_list(known(rig), "pending")["count"] == 0


def test_rules_see_spans_and_log_lines_as_they_come(rig: RuleRig) -> None:
    lines = 'sum by (service) (increase(log_lines_total{level="error"}[1m])) > 2'
    slow = 'histogram_quantile(0.9, sum by (service) (rate(span_milliseconds{kind="server"}[1m]))) > 500'
    rules = [{"alert": "Lines", "expr": lines}, {"alert": "Slow", "expr": slow}]
    rig.put("g", {"interval": "1s", "rules": rules})
    for number in range(5):
        rig.advance(2)
        now = round(rig.rig.clock.wall() * 1e9)
        rig.rig.recorder.record_batch(LOGS, batch(NewLogLine("shop", "no", severity=17), NewLogLine("cart", "ok")))
        took = 900_000_000 if number else 1_000_000
        span = NewSpan(f"{number + 1:032x}", f"{number + 1:016x}", "pay", "GET /", now - took, now, kind=SERVER)
        rig.rig.recorder.record_batch(SPANS, batch(span))
    rig.advance(2)
    assert rig.states() == {"Lines/shop": "firing", "Slow/pay": "firing"}
    rig.advance(70)
    assert rig.states() == {}

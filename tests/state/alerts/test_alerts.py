"""Alerts from their beginning to their end, and what is kept of them."""

import pytest

from analytics.alerting import AlertChange, AlertKey, AlertState, NewAlertStates
from analytics.state.alerts.alerts import ENDED_SECONDS, MOST_OUTAGES, Alerts

LABELS = (("alertname", "Slow"), ("service", "shop"))
KEY = AlertKey("latency", "Slow", LABELS)


def put(alerts: Alerts, at: float, state: AlertState, *, is_firing: bool = False, value: float | None = 1.0) -> None:
    alerts.put(NewAlertStates("latency", at, [AlertChange("Slow", LABELS, state, is_firing, value)]), at)


def times(alerts: Alerts) -> tuple[str, float, float, float | None, float | None] | None:
    found = alerts.get(KEY)
    return None if found is None else (found.state, found.since, found.started, found.fired, found.ended)


def test_an_alert_is_pending_fires_and_ends() -> None:
    alerts = Alerts()
    put(alerts, 10, "pending")
    assert times(alerts) == ("pending", 10, 10, None, None)
    put(alerts, 20, "firing", is_firing=True)
    assert times(alerts) == ("firing", 20, 10, 20, None)
    put(alerts, 30, "recovering", is_firing=True)
    assert times(alerts) == ("recovering", 30, 10, 20, None)
    put(alerts, 40, "normal")
    assert times(alerts) == ("normal", 40, 10, 20, 40)
    put(alerts, 50, "pending")
    assert times(alerts) == ("pending", 50, 50, None, None), "a new run"
    put(alerts, 60, "firing", is_firing=True)
    found = alerts.get(KEY)
    assert found is not None
    assert (found.fired, found.ended_before) == (60, 40)


def test_an_alert_that_never_fired_leaves_nothing() -> None:
    alerts = Alerts()
    put(alerts, 5, "normal")
    put(alerts, 10, "pending")
    put(alerts, 20, "normal")
    assert len(alerts) == 0
    assert alerts.number == 2


def test_missing_data_ends_an_alert_unless_the_rule_says_otherwise() -> None:
    alerts = Alerts()
    put(alerts, 10, "firing", is_firing=True)
    put(alerts, 20, "no_data", value=None)
    assert times(alerts) == ("no_data", 20, 10, 10, 20)
    put(alerts, 30, "firing", is_firing=True)
    assert times(alerts) == ("firing", 30, 10, 30, None)
    put(alerts, 40, "no_data", is_firing=True)
    assert times(alerts) == ("no_data", 40, 10, 30, None)


@pytest.mark.parametrize(("later", "is_kept"), [(ENDED_SECONDS, True), (ENDED_SECONDS + 1, False)])
def test_ended_alerts_are_kept_for_a_while(later: int, is_kept: bool) -> None:
    alerts = Alerts()
    put(alerts, 10, "firing", is_firing=True)
    put(alerts, 20, "normal")
    alerts.put(NewAlertStates("other", 20 + later, []), 20 + later)
    assert (alerts.get(KEY) is not None) == is_kept


def test_a_dump_restores_all_alerts() -> None:
    alerts, copy = Alerts(), Alerts()
    put(alerts, 10, "firing", is_firing=True)
    copy.restore(alerts.dump())
    assert (list(copy), copy.number) == (list(alerts), alerts.number)
    assert copy.of_group("latency") == list(alerts)


def test_outages_of_the_service_are_kept() -> None:
    alerts = Alerts()
    alerts.note_outage(0.0, 5.0)
    assert alerts.outages == [], "before the first record"
    for start in range(10, 1_010, 5):
        alerts.note_outage(start, start + 1)
    restored = Alerts()
    restored.restore(alerts.dump())
    assert (len(restored.outages), restored.outages[-1]) == (MOST_OUTAGES, (1_005, 1_006))
    assert alerts.take_change()

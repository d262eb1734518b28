"""Which labels silence all of an incident."""

from analytics.alerts.incidents.silencing import shared_labels, silence_of
from analytics.incidents import Incident
from analytics.points import Labels
from analytics.resources import NewChange
from tests.alerts.incidents.changes import fire
from tests.state.rig import Rig


def only_incident(rig: Rig) -> Incident:
    (incident,) = rig.state.incidents
    return incident


def test_the_labels_of_the_group_silence_alerts_that_join_later_too() -> None:
    rig = Rig()
    fire(rig, service="shop", host="a")
    assert shared_labels(only_incident(rig)) == (("alertname", "Slow"), ("service", "shop"))
    body = silence_of(only_incident(rig), rig.clock.wall(), 60, "ann", "why")
    assert body is not None
    assert body["matchers"] == [{"name": "alertname", "value": "Slow"}, {"name": "service", "value": "shop"}]


def test_alerts_that_depend_on_each_other_are_silenced_by_what_they_have_in_common() -> None:
    rig = Rig()
    rules = [{"alert": "Slow", "expr": "up", "depends_on": ["Down"]}, {"alert": "Down", "expr": "up"}]
    rig.recorder.change(NewChange("rules", "g", {"rules": rules}))
    fire(rig, "Down", service="shop")
    fire(rig, "Slow", service="shop")
    expected: Labels = (("service", "shop"),)
    assert shared_labels(only_incident(rig)) == expected


def test_alerts_without_a_common_label_have_no_silence() -> None:
    rig = Rig()
    rig.recorder.change(NewChange("routes", "main", {"group_by": []}))
    fire(rig, "A", host="a")
    fire(rig, "B", host="b")
    assert silence_of(only_incident(rig), rig.clock.wall(), 60, "ann", "why") is None

"""Escalation: who has to know of an incident that nobody acknowledges."""

import pytest

from analytics.alerts.incidents.escalation import Escalations
from analytics.alerts.incidents.knowledge import IncidentKnowledge
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import ROUTES
from analytics.incidents import Action, Incident, NewIncidentAction
from analytics.resources import NewChange
from tests.alerts.incidents.changes import end, fire, key, silence
from tests.state.rig import Rig

STEPS = [{"after": "15m", "receivers": ["second"]}, {"after": "30m", "receivers": ["third", "boss"]}]


class Escalating(Rig):
    """Alerts of the shop escalate, those of others do not; the job runs every minute."""

    def __init__(self) -> None:
        super().__init__()
        route = {"matchers": ['service="shop"'], "receivers": ["first"], "escalation": STEPS}
        body = item_of(ROUTES, "routes", {"routes": [route]}, self.clock.wall(), None).body
        self.recorder.change(NewChange(ROUTES.name, "routes", body))
        self._job = Escalations(self.reader.ask, self.recorder.act)
        fire(self, service="shop")

    @property
    def incident(self) -> Incident:
        found = self.state.incidents.of_alert(key(service="shop"))
        assert found is not None
        return found

    def minutes(self, count: int) -> list[tuple[str, float]]:
        """Let minutes pass; returns the receivers of all escalations so far, and the minutes of the incident."""
        for _ in range(count):
            self.clock.advance(60)
            self._job.run()
        return [(receiver, (at - self.incident.started) / 60) for receiver, at in self.incident.escalated]

    def act(self, action: Action, minutes: float | None = None) -> None:
        until = None if minutes is None else self.clock.wall() + 60 * minutes
        self.recorder.act(NewIncidentAction(self.incident.id, action, "ann", until=until))


@pytest.fixture
def rig() -> Escalating:
    return Escalating()


def test_an_incident_that_nobody_acknowledges_escalates_step_by_step(rig: Escalating) -> None:
    fire(rig, service="cart")
    assert rig.minutes(14) == []
    assert rig.minutes(1) == [("second", 15)]
    assert rig.minutes(60) == [("second", 15), ("third", 30), ("boss", 30)]
    (entry, *_) = [entry for entry in rig.incident.timeline if entry.step == "escalated"]
    assert (entry.who, entry.text) == ("analytics-service", "second")
    (_, cart) = rig.state.incidents
    assert cart.escalated == []
    alert = rig.state.alerts.get(key(service="shop"))
    assert alert is not None
    assert IncidentKnowledge(rig.state).escalated(alert, rig.clock.wall()) == ["second", "third", "boss"]


def test_an_acknowledged_incident_escalates_no_further(rig: Escalating) -> None:
    rig.minutes(20)
    rig.act("acknowledged")
    assert rig.minutes(60) == [("second", 15)]


def test_a_snoozed_incident_escalates_after_that(rig: Escalating) -> None:
    rig.act("acknowledged")
    rig.act("snoozed", minutes=60)
    assert rig.minutes(74) == []
    assert rig.minutes(1) == [("second", 75)]


def test_a_silenced_incident_does_not_escalate(rig: Escalating) -> None:
    silence(rig, last=3_600)
    assert rig.minutes(59) == []
    assert rig.minutes(2)[0] == ("second", 60)


def test_a_resolved_incident_does_not_escalate(rig: Escalating) -> None:
    end(rig, service="shop")
    assert rig.minutes(60) == []

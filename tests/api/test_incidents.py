"""Incidents over HTTP: lists, details, what people do about them, and a document for a report."""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from analytics.alerting import AlertChange, NewAlertStates
from analytics.clock import rfc3339, rfc3339_second
from tests.access.rig import Rig, check_refused
from tests.alerts.incidents.changes import labels


class Service(Rig):
    """A service in which alerts fire."""

    def __init__(self, **settings: str) -> None:
        super().__init__(**{"admin_key": "", **settings})
        self.began = self.clock.wall()

    def change(self, name: str = "Slow", service: str = "shop", *, fires: bool = True, **more: str) -> None:
        """Let an alert fire, or end."""
        named = labels(name, service=service, **more)
        change = AlertChange(name, named, "firing" if fires else "normal", fires, 1.5, {"summary": "It is | slow"})
        recorder: Any = self.app.extensions["analytics"]._recorder
        recorder.change_alerts(NewAlertStates("latency", self.clock.wall(), [change]))

    def at(self, seconds: float) -> str:
        return rfc3339(self.began + seconds)

    def list(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.get(f"/incidents?{query}")
        assert answer.status_code == 200, answer.text
        return list((answer.json or {})["incidents"])

    @property
    def id(self) -> str:
        return str(self.list()[0]["id"])

    def act(self, action: str, **body: Any) -> dict[str, Any]:
        answer = self.post(f"/incidents/{self.id}/{action}", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})


@pytest.fixture
def service() -> Service:
    return Service()


def steps(incident: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["at"], each["step"]) for each in incident["timeline"]]


def test_an_incident_has_its_alerts_its_timeline_and_links(service: Service) -> None:
    service.change(severity="warning")
    service.clock.advance(65)
    service.change(fires=False, severity="warning")
    found = (service.get(f"/incidents/{service.id}").json or {}).copy()
    assert found.pop("members") == [
        {
            "group": "latency",
            "rule": "Slow",
            "labels": {"alertname": "Slow", "service": "shop", "severity": "warning"},
            "annotations": {"summary": "It is | slow"},
            "value": 1.5,
            "fired_at": service.at(0),
            "ended_at": service.at(65),
            "runs": 1,
        }
    ]
    assert steps(found) == [(service.at(0), "fired"), (service.at(65), "recovered"), (service.at(65), "resolved")]
    del found["timeline"]
    assert found.pop("links")["charts"].startswith("/?service=shop&from=")
    assert found == {
        "id": service.id,
        "title": "Slow (shop)",
        "state": "resolved",
        "group": {"alertname": "Slow", "service": "shop"},
        "services": ["shop"],
        "severity": "warning",
        "started_at": service.at(0),
        "resolved_at": service.at(65),
        "duration_seconds": 65,
        "firing": 0,
        "alerts": 1,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "snoozed_until": None,
        "silenced_by": None,
        "escalated_to": [],
        "more_alerts": 0,
        "more_entries": 0,
    }


def test_links_show_the_traces_and_lines_of_its_time_and_services(service: Service) -> None:
    service.change()
    service.clock.advance(65)
    service.change(fires=False)
    links = (service.get(f"/incidents/{service.id}").json or {})["links"]
    times = f"from={rfc3339_second(service.began - 600)}&to={rfc3339_second(service.began + 665)}"
    assert links["failed_traces"] == f"/tracing?service=shop&{times}&status=error"
    assert links["error_lines"] == f"/logging?service=shop&{times}&severity=error"
    assert links["error_groups"] == f"/failing?service=shop&{times}&state=", "resolved ones too"


def test_the_lines_of_an_incident_are_those_of_all_its_services(service: Service) -> None:
    assert service.ask("PUT", "/routes", json={"group_by": ["alertname"]}).status_code in (200, 201)
    service.change(service='ca"rt')
    service.change()
    links = (service.get(f"/incidents/{service.id}").json or {})["links"]
    assert dict(parse_qsl(links["lines"].partition("?")[2]))["q"] == r'service:"ca\"rt" OR service:"shop"'
    assert "service" not in links["traces"]


def test_links_lead_to_routes_that_answer(service: Service) -> None:
    service.change()
    for name, path in (service.get(f"/incidents/{service.id}").json or {})["links"].items():
        assert service.get(path).status_code == 200, name


def test_incidents_are_listed_by_state_and_service(service: Service) -> None:
    for name in ("Old", "Open", "Mine", "Later"):
        service.change(name, "cart" if name == "Open" else "shop")
        if name == "Old":
            service.change(name, fires=False)
        if name == "Mine":
            service.act("acknowledge")
        if name == "Later":
            service.act("snooze", duration="1h")
        service.clock.advance(1)
    assert [(each["title"], each["state"]) for each in service.list()] == [
        ("Later (shop)", "snoozed"),
        ("Mine (shop)", "acknowledged"),
        ("Open (cart)", "open"),
        ("Old (shop)", "resolved"),
    ]
    assert [each["title"] for each in service.list("state=open")] == ["Open (cart)"]
    assert len(service.list("state=unresolved")) == 3
    assert len(service.list("service=shop&limit=2")) == 2


def test_people_acknowledge_note_and_snooze(service: Service) -> None:
    service.change()
    found = service.act("acknowledge", text="Rolling back")
    assert (found["state"], found["acknowledged_by"], found["acknowledged_at"]) == (
        "acknowledged",
        "anonymous",
        service.at(0),
    )
    assert service.act("note", text="The disk was full")["timeline"][-1] == {
        "at": service.at(0),
        "step": "note",
        "labels": {},
        "who": "anonymous",
        "text": "The disk was full",
        "until": None,
    }
    assert service.act("snooze", until=service.at(60))["snoozed_until"] == service.at(60)
    service.clock.advance(60)
    assert service.list()[0]["snoozed_until"] is None
    bare = service.ask("POST", f"/incidents/{service.id}/acknowledge")
    assert bare.status_code == 200, "curl -X POST is enough"


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("note", {}, "text"),
        ("note", {"text": ""}, "text"),
        ("acknowledge", {"who": "ann"}, "who"),
        ("snooze", {}, "until"),
        ("snooze", {"until": "2023-11-14T22:13:19Z"}, "until"),
        ("snooze", {"duration": "32d"}, "duration"),
        ("snooze", {"duration": "1h", "until": "2023-11-14T23:13:19Z"}, "until"),
    ],
)
def test_what_is_not_valid_is_refused(service: Service, action: str, body: dict[str, Any], field: str) -> None:
    service.change()
    answer = service.post(f"/incidents/{service.id}/{action}", body)
    check_refused(answer, 422, "validation_failed")
    assert list((answer.json or {})["error"]["fields"]) == [field]


def test_an_incident_that_is_not_known_is_not_found(service: Service) -> None:
    check_refused(service.get("/incidents/0123456789ab"), 404, "unknown_resource")
    check_refused(service.post("/incidents/0123456789ab/acknowledge", {}), 404, "unknown_resource")


def test_silences_stand_in_the_timeline(service: Service) -> None:
    service.change()
    service.clock.advance(10)
    given = {"service": "shop", "duration": 60, "comment": "Deploy", "createdBy": "ann"}
    assert service.ask("PUT", "/silences/deploy", json=given).status_code == 201
    assert service.list()[0]["silenced_by"] == "deploy"
    service.clock.advance(90)
    found = service.get(f"/incidents/{service.id}").json or {}
    silenced, ended = found["timeline"][1:]
    assert silenced == {
        "at": service.at(10),
        "step": "silenced",
        "labels": {},
        "who": "ann",
        "text": "deploy: Deploy",
        "until": service.at(70),
    }
    assert (ended["at"], ended["step"]) == (service.at(70), "silence_ended")
    assert found["silenced_by"] is None


def test_an_incident_is_exported_as_markdown(service: Service) -> None:
    service.change(instance="a")
    service.act("note", text="<b>Rolled</b> back to 1.4.1")
    service.clock.advance(3_725)
    service.change(fires=False, instance="a")
    answer = service.get(f"/incidents/{service.id}?format=markdown")
    assert answer.content_type == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# Slow (shop)\n")
    assert f"- Resolved: {service.at(3_725)} (1 h 2 min)" in answer.text
    assert (
        f"| Slow instance=a service=shop | {service.at(0)} | {service.at(3_725)} | 1.5 | It is \\| slow |"
        in answer.text
    )
    assert f"| {service.at(0)} | note \\<b\\>Rolled\\</b\\> back to 1.4.1 | anonymous |" in answer.text

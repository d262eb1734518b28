"""Silences over HTTP: Alertmanager's fields, shorthands for deploys, and the end of a silence."""

import re
from typing import Any

import pytest

from analytics.clock import rfc3339
from tests.access.rig import Rig, check_refused

MATCHER = {"name": "service", "value": "shop", "isRegex": False, "isEqual": True}


@pytest.fixture
def rig() -> Rig:
    return Rig(admin_key="")


def at(rig: Rig, seconds: float) -> str:
    return rfc3339(rig.clock.wall() + seconds)


def put(rig: Rig, name: str, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = rig.ask("PUT", f"/silences/{name}", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json or {})


def states(rig: Rig, query: str = "") -> dict[str, str]:
    found = rig.get(f"/silences?{query}").json
    assert found is not None
    assert found["count"] == len(found["silences"])
    return {each["id"]: each["state"] for each in found["silences"]}


def test_a_silence_has_the_fields_of_alertmanager(rig: Rig) -> None:
    given = {
        "matchers": [
            {"name": "service", "value": "shop"},
            {"name": "alertname", "value": "Slow|Down", "isRegex": True},
        ],
        "startsAt": at(rig, 60),
        "endsAt": at(rig, 120),
        "createdBy": "ann",
        "comment": "Deploy",
    }
    answer = rig.post("/silences", given)
    assert answer.status_code == 201
    made = dict(answer.json or {})
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["id"])
    regex = {"name": "alertname", "value": "Slow|Down", "isRegex": True, "isEqual": True}
    assert made.items() >= {**given, "matchers": [MATCHER, regex], "recurring": [], "outcome": "created"}.items()
    read = rig.get(answer.headers["Location"])
    assert read.json == {name: value for name, value in made.items() if name != "outcome"}
    assert states(rig) == {made["id"]: "pending"}


def test_a_deploy_names_its_service_and_how_long_it_takes(rig: Rig) -> None:
    made = put(rig, "deploy", service="shop", duration="10m", comment="1.4.2")
    assert (made["matchers"], made["startsAt"], made["endsAt"]) == ([MATCHER], at(rig, 0), at(rig, 600))
    rig.clock.advance(60)
    again = put(rig, "deploy", 200, service="shop", duration=90)
    assert (again["startsAt"], again["endsAt"]) == (at(rig, 0), at(rig, 90))
    later = put(rig, "later", matchers=[{**MATCHER, "name": "team"}], service="shop", startsAt=at(rig, 10), duration=5)
    assert ([each["name"] for each in later["matchers"]], later["endsAt"]) == (["team", "service"], at(rig, 15))


def test_silences_are_listed_by_state_and_service(rig: Rig) -> None:
    put(rig, "old", service="shop", startsAt=at(rig, -60), endsAt=at(rig, 0))
    put(rig, "now", service="shop", startsAt=at(rig, -10), endsAt=at(rig, 60))
    put(rig, "cart", matchers=[{"name": "service", "value": "c.*", "isRegex": True}], duration=60)
    put(rig, "soon", matchers=[{"name": "alertname", "value": "Slow"}], startsAt=at(rig, 30), duration=60)
    assert states(rig) == {"soon": "pending", "cart": "active", "now": "active", "old": "expired"}
    assert states(rig, "state=active&service=shop") == {"now": "active"}
    assert list(states(rig, "service=cart")) == ["soon", "cart"]
    assert (rig.get("/silences?limit=1").json or {})["has_more"]


def test_deleting_a_silence_that_holds_ends_it(rig: Rig) -> None:
    put(rig, "deploy", service="shop", duration=600)
    put(rig, "soon", service="shop", startsAt=at(rig, 30), duration=60)
    rig.clock.advance(10)
    for name in ("deploy", "soon"):
        assert rig.ask("DELETE", f"/silences/{name}").status_code == 204
    assert states(rig) == {"deploy": "expired"}
    assert (rig.get("/silences/deploy").json or {})["endsAt"] == at(rig, 0)
    check_refused(rig.ask("DELETE", "/silences/soon"), 404, "unknown_resource")
    assert rig.ask("DELETE", "/silences/deploy").status_code == 204
    assert states(rig) == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "matchers"),
        ({"matchers": []}, "matchers"),
        ({"matchers": [MATCHER]}, "endsAt"),
        ({"service": "", "duration": 5}, "service"),
        ({"service": "shop", "duration": "soon"}, "duration"),
        ({"service": "shop", "duration": True}, "duration"),
        ({"service": "shop", "duration": "1000d"}, "duration"),
        ({"service": "shop", "duration": 5, "endsAt": "2023-11-14T23:00:00Z"}, "duration"),
        ({"service": "shop", "matchers": 5, "duration": 5}, "matchers"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}], "duration": 5}, "matchers.0.value"),
        ({"matchers": [{"name": "a", "value": "b", "isRegex": "yes"}], "duration": 5}, "matchers.0.isRegex"),
        ({"service": "shop", "recurring": [{"start": "25:00"}]}, "recurring.0.start"),
        ({"service": "shop", "recurring": [{"time_zone": "Mars/Base"}]}, "recurring.0.time_zone"),
        ({"service": "shop", "duration": 5, "startAt": "2023-11-14T23:00:00Z"}, "startAt"),
    ],
)
def test_a_silence_that_is_not_valid_is_refused(rig: Rig, body: dict[str, Any], field: str) -> None:
    answer = rig.post("/silences", body)
    check_refused(answer, 422, "validation_failed")
    assert field in (answer.json or {})["error"]["fields"], answer.text


def test_an_end_before_the_start_is_refused(rig: Rig) -> None:
    answer = rig.post("/silences", {"service": "shop", "startsAt": at(rig, 60), "endsAt": at(rig, 0)})
    check_refused(answer, 422, "end_before_time")
    assert list((answer.json or {})["error"]["fields"]) == ["endsAt"]

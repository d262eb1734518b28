"""The status page: off until it is switched on, for everybody or for readers, with days, incidents and a feed."""

from typing import Any
from xml.etree import ElementTree

import pytest

from analytics.alerts.incidents.status import status_page
from tests.access.rig import ADMIN, check_refused
from tests.alerts.incidents.changes import fire
from tests.api.test_incidents import Service
from tests.state.rig import DAY, HOUR, MINUTE, Rig

ATOM = "{http://www.w3.org/2005/Atom}"
PATHS = ("/status", "/status.json", "/status/feed.atom")


def switch_on(service: Service, **body: Any) -> None:
    answer = service.ask("PUT", "/status_page/main", ADMIN, json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("path", PATHS)
def test_there_is_no_page_until_it_is_switched_on(path: str) -> None:
    service = Service()
    check_refused(service.get(path), 404, "no_status_page")
    switch_on(service)
    assert service.get(path).status_code == 200
    assert service.ask("DELETE", "/status_page/main").status_code == 204
    check_refused(service.get(path), 404, "no_status_page")


@pytest.mark.parametrize("path", PATHS)
def test_an_internal_page_needs_a_key_and_a_public_one_none(path: str) -> None:
    service = Service(admin_key=ADMIN)
    switch_on(service)
    check_refused(service.get(path), 401, "unauthorized")
    assert service.get(path, service.key("read")).status_code == 200
    service.ask("PUT", "/status_page/main", ADMIN, json={"public": True})
    assert service.get(path).status_code == 200


def test_the_page_shows_components_and_incidents_without_what_alerts_say() -> None:
    service = Service()
    service.post("/heartbeat", {"service": "shop", "status": "degraded"})
    service.change("Slow", "shop")
    service.change("Slow", "internal")
    switch_on(service, title="Shop <1>", components=[{"name": "Web & shop", "services": ["shop", "cart"]}])
    page = service.get("/status")
    assert page.status_code == 200
    assert "<h1>Shop &lt;1&gt;</h1>" in page.text
    assert "Some systems are degraded" in page.text
    assert "Web &amp; shop" in page.text
    assert "Slow (shop)" in page.text
    assert "internal" not in page.text
    assert "It is | slow" not in page.text
    feed = ElementTree.fromstring(service.get("/status/feed.atom").data)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Slow (shop)"
    assert entry.findtext(f"{ATOM}summary") == f"Web & shop: open since {service.at(0)}."


def test_days_show_the_worst_that_lasted_for_a_minute() -> None:
    rig = Rig()
    rig.beat(interval=10 * DAY)
    rig.clock.advance(DAY)
    rig.beat(status="unhealthy", interval=10 * DAY)
    rig.clock.advance(HOUR)
    rig.beat(interval=10 * DAY)
    rig.clock.advance(DAY)
    rig.beat(status="degraded", interval=10 * DAY)
    rig.clock.advance(MINUTE - 1)
    rig.beat(interval=10 * DAY)
    rig.clock.advance(HOUR)
    page = rig.ask(status_page, {"days": 4})
    (row,) = page["components"]
    assert [(day["level"], day["down_seconds"]) for day in row["days"]] == [
        ("unknown", 0),
        ("operational", 0),
        ("outage", HOUR),
        ("operational", 0),
    ]
    assert (row["name"], row["level"], page["level"]) == ("shop", "operational", "operational")
    known = 2 * DAY + 2 * HOUR + MINUTE - 1
    assert row["uptime_percent"] == round(100 * (1 - HOUR / known), 3)


def test_a_day_of_less_than_a_minute_shows_what_lasted_longest() -> None:
    rig = Rig()
    rig.beat(interval=DAY)
    rig.clock.advance(10)
    rig.beat(status="unhealthy", interval=DAY)
    rig.clock.advance(20)
    (row,) = rig.ask(status_page, {"days": 1})["components"]
    assert [day["level"] for day in row["days"]] == ["outage"]


def test_a_service_without_heartbeats_is_unknown() -> None:
    rig = Rig()
    rig.event(service="shop")
    page = rig.ask(status_page, {"components": [{"name": "Shop", "services": ["shop", "gone"]}], "days": 1})
    (row,) = page["components"]
    assert (row["level"], row["uptime_percent"], [day["level"] for day in row["days"]]) == (
        "unknown",
        None,
        ["unknown"],
    )


def test_incidents_of_no_component_are_not_shown() -> None:
    rig = Rig()
    rig.beat()
    fire(rig, service="shop")
    fire(rig, "Other")
    page = rig.ask(status_page, {})
    assert [each["title"] for each in page["incidents"]] == ["Slow (shop)"]

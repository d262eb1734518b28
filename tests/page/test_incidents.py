"""Incidents in the browser: on the page Alerts, behind the link of a message, and on the status page."""

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from analytics.alerts.incidents.links import LINK_SECONDS, IncidentLink
from analytics.config import Settings
from analytics.factory.incidents import incident_links
from tests.page.conftest import OpenPage, eventually, fit, texts
from tests.page.test_trust import check_accessible, check_accessible_in_both_themes
from tests.server import Server

ATOM = "{http://www.w3.org/2005/Atom}"
KEY = "a-key-of-hashes-for-these-tests"
WIDTHS = (320, 390, 768, 1280, 1920)
RAW_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
DOORS = ("acted", "closed", "linked", "muted", "noted", "pressed", "slept")
"""Services, each with an incident for one of the tests."""
GROUP = {
    "interval": "1s",
    "rules": [
        {
            "alert": "DoorIsOpen",
            "expr": "last_over_time(door_open[1d]) > 0",
            "labels": {"severity": "critical"},
            "annotations": {
                "summary": "The door of {{ $labels.service }} is open",
                "description": "Close the door, and look who is in.",
            },
            "runbook": "https://wiki.example/doors",
        }
    ],
}
STATUS = {
    "title": "State of the doors",
    "public": True,
    "days": 30,
    "components": [
        {"name": "Front & back", "services": ["linked", "closed"]},
        {"name": "Cellar", "services": ["slept"]},
        {"name": "Roof", "services": ["roof"]},
    ],
}
SHOWN = """
window.shown = [];
window.Notification = class {
  static permission = 'granted';
  static requestPermission = async () => 'granted';
  constructor(title, options) { window.shown.push([title, options.body]); }
  addEventListener() {}
};
Object.defineProperty(document, 'hidden', { get: () => window.isHidden === true });
"""
"""Notices that are noted, and a page that may be in the background."""


def set_door(server: Server, service: str, value: int) -> None:
    assert server.post("/metrics", {"name": "door_open", "value": value, "tags": {"service": service}}).ok


def incident_of(server: Server, service: str) -> dict[str, Any]:
    """The newest incident of a door, with its timeline; its service may have incidents of other rules too."""
    rows = server.get(f"/incidents?service={service}")["incidents"]
    newest = next(row for row in rows if row["title"] == f"DoorIsOpen ({service})")
    found: dict[str, Any] = server.get(f"/incidents/{newest['id']}")
    return found


def titles(server: Server) -> set[str]:
    return {row["title"] for row in server.get("/incidents")["incidents"]}


def steps(server: Server, service: str) -> list[tuple[str, str | None]]:
    """What people did about the incident of a door, and who."""
    timeline = incident_of(server, service)["timeline"]
    return [(each["step"], each["who"]) for each in timeline if each["step"] in ("acknowledged", "snoozed", "note")]


def link_to(server: Server, service: str, now: float) -> str:
    """The link that a message of that time has."""
    links = incident_links(Settings(hash_key=KEY))
    return f"{server.url}/act/{links.token(IncidentLink(incident_of(server, service)['id'], 'ops'), now)}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an incident for each door, of which one is over, and with a status page."""
    with Server(tmp_path_factory.mktemp("incidents") / "log", {"ANALYTICS_HASH_KEY": KEY}) as server:
        for service in DOORS:
            set_door(server, service, 1)
        assert server.post("/heartbeat", {"service": "linked", "status": "healthy"}).ok
        assert server.post("/heartbeat", {"service": "slept", "status": "unhealthy"}).ok
        assert requests.put(f"{server.url}/rules/doors", json=GROUP, timeout=10).ok
        assert requests.put(f"{server.url}/status_page/main", json=STATUS, timeout=10).ok
        eventually(lambda: {f"DoorIsOpen ({door})" for door in DOORS} <= titles(server))
        set_door(server, "closed", 0)
        eventually(lambda: incident_of(server, "closed")["state"] == "resolved")
        yield server


def firing_card(page: Page, service: str) -> Locator:
    return page.locator("#firing .card", has_text=f"DoorIsOpen · {service}")


def incident_card(page: Page, service: str) -> Locator:
    return page.locator("#incidents-list .card", has_text=f"DoorIsOpen ({service})")


def test_a_card_says_what_fires_since_when_where_and_what_to_do(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/alerting")
    card = firing_card(page, "muted")
    expect(card).to_contain_text(re.compile(r"since \d\d:\d\d, \d+ (s|min)"))
    expect(card).to_contain_text("The door of muted is open")
    expect(card).to_contain_text("Close the door, and look who is in.")
    expect(card.get_by_role("link", name="Runbook")).to_have_attribute("href", "https://wiki.example/doors")
    expect(card.get_by_role("link", name="Charts")).to_have_attribute("href", "./?service=muted")


def test_an_incident_is_acknowledged_where_it_fires(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/alerting")
    firing_card(page, "acted").get_by_role("button", name="Acknowledge").click()
    expect(firing_card(page, "acted")).to_contain_text("acknowledged by anonymous at")
    expect(firing_card(page, "acted").get_by_role("button", name="Acknowledge")).to_have_count(0)
    assert [step for step, _ in steps(server, "acted")] == ["acknowledged"]


def test_a_timeline_stays_open_and_takes_notes(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/alerting")
    card = incident_card(page, "noted")
    card.get_by_text("Timeline and notes").click()
    expect(card.get_by_role("list", name="Timeline")).to_contain_text("fired DoorIsOpen · noted")
    expect(card.get_by_role("list", name="Alerts")).to_contain_text("The door of noted is open, fires")
    card.get_by_label("Note").fill("It was the cat")
    card.get_by_role("button", name="Add note").click()
    expect(card.get_by_role("list", name="Timeline")).to_contain_text("note by anonymous It was the cat")
    expect(card.get_by_label("Note")).to_have_value("")
    links = {link.inner_text(): link.get_attribute("href") or "" for link in card.locator(".more .buttons a").all()}
    assert re.match(r"\./tracing\?service=noted&from=.*Z&to=.*Z&status=error$", links["Failed traces"])
    assert re.match(r"\./logging\?service=noted&from=.*Z&to=.*Z&severity=error$", links["Error lines"])
    report = card.get_by_role("link", name="Report (Markdown)").get_attribute("href")
    assert "It was the cat" in requests.get(urljoin(page.url, report), timeout=10).text
    card.get_by_label("Snooze").select_option("4 hours")
    expect(card).to_contain_text("snoozed until")
    expect(card.get_by_role("list", name="Timeline")).to_contain_text("snoozed by anonymous")
    assert [step for step, _ in steps(server, "noted")] == ["note", "snoozed"]


def test_an_alert_is_silenced_and_the_silence_ended(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/alerting")
    firing_card(page, "muted").get_by_role("button", name="Silence").click()
    silence = page.locator("#silences-list .card", has_text='service="muted"')
    expect(silence).to_contain_text("active, until")
    expect(firing_card(page, "muted")).to_contain_text("silenced")
    silence.get_by_role("button", name="End").click()
    expect(silence).to_have_count(0)
    expect(firing_card(page, "muted").get_by_role("button", name="Silence")).to_be_visible()


def test_a_silence_is_added_by_its_labels(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/alerting")
    form = page.get_by_role("form", name="Add a silence")
    form.get_by_label("Alerts with the labels").fill("nonsense")
    form.get_by_role("button", name="Silence").click()
    expect(page.locator("#silence-problem")).to_contain_text("name=value")
    form.get_by_label("Alerts with the labels").fill('service="attic" alertname=~"Door.*"')
    form.get_by_label("Why").fill("The painters are in")
    form.get_by_role("button", name="Silence").click()
    card = page.locator("#silences-list .card", has_text='service="attic" alertname=~"Door.*"')
    expect(card).to_contain_text("The painters are in")


def test_a_test_message_says_what_the_receiver_answered(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/alerting", impatient=True)
    expect(page.locator("#receivers-none")).to_be_visible()
    address = f"{server.url}/receivers/pager"
    assert requests.put(address, json={"type": "webhook", "url": "http://127.0.0.1:1/"}, timeout=10).ok
    try:
        card = page.locator("#receivers-list .card", has_text="pager webhook")
        card.get_by_role("button", name="Send a test message").click()
        expect(card.get_by_role("status")).to_contain_text(re.compile("Not taken after .*ANALYTICS_NOTIFY_PRIVATE=1"))
        check_accessible(page)
    finally:
        assert requests.delete(address, timeout=10).ok


def test_the_browser_tells_what_begins_to_fire_also_in_the_background(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/alerting", script=SHOWN, impatient=True)
    expect(page.locator("#firing .card").first).to_be_visible()
    button = page.get_by_role("button", name="Notices in this browser")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.evaluate("window.isHidden = true")
    title = page.title()
    set_door(server, "hatch", 1)
    try:
        eventually(lambda: ["🔔 DoorIsOpen · hatch", "The door of hatch is open"] in page.evaluate("window.shown"))
        assert page.title() != title
    finally:
        set_door(server, "hatch", 0)
    eventually(lambda: ["Over: DoorIsOpen · hatch", ""] in page.evaluate("window.shown"))


def test_opening_a_link_changes_nothing_and_its_button_acts_once(server: Server, open_page: OpenPage) -> None:
    page = open_page(link_to(server, "pressed", time.time()))
    expect(page.get_by_role("heading", name="DoorIsOpen (pressed)")).to_be_visible()
    expect(page.locator("main")).to_contain_text("The door of pressed is open")
    expect(page.locator("main")).to_contain_text(re.compile(r"Open since \d\d:\d\d \(\d+ (s|min) ago\)"))
    expect(page.get_by_role("link", name="Runbook")).to_have_attribute("href", "https://wiki.example/doors")
    assert not RAW_TIME.search(page.inner_text("main"))
    check_accessible(page)
    assert steps(server, "pressed") == []
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("status")).to_have_text("Acknowledged.")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.reload()
    expect(page.locator("main")).to_contain_text("Acknowledged by link to ops.")
    assert steps(server, "pressed") == [("acknowledged", "link to ops")]
    page.get_by_role("link", name="All alerts").click()
    expect(page.locator("#rules-title")).to_be_visible()


def test_a_link_snoozes(server: Server, open_page: OpenPage) -> None:
    page = open_page(link_to(server, "slept", time.time()))
    page.get_by_role("button", name="Snooze for 4 hours").click()
    expect(page.get_by_role("status")).to_have_text("Snoozed for 4 hours.")
    expect(page.locator("main")).to_contain_text("Snoozed until")
    assert steps(server, "slept") == [("snoozed", "link to ops")]


@pytest.mark.parametrize("fault", ["expired", "forged"])
def test_a_link_that_is_not_valid_says_so(server: Server, open_page: OpenPage, fault: str) -> None:
    now = time.time()
    link = link_to(server, "acted", now - LINK_SECONDS if fault == "expired" else now)
    page = open_page(link if fault == "expired" else link.replace(".ops", ".boss"), outages=True)
    expect(page.get_by_role("heading", name="This link is not valid any more")).to_be_visible()
    expect(page.get_by_role("link", name="See what fires now")).to_be_visible()
    assert page.get_by_role("button").count() == 0
    check_accessible(page)


def test_the_status_page_shows_components_days_and_incidents(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/status", timezone_id="Asia/Kolkata")
    known = server.get("/status.json")
    expect(page).to_have_title("State of the doors")
    expect(page.locator("main > .level")).to_have_text("Some systems are down")
    sections = page.locator("section.component")
    assert texts(page, "section.component h3") == ["Front & back", "Cellar", "Roof"]
    assert texts(page, "section.component .level") == ["Operational", "Down", "Unknown"]
    for place, component in enumerate(known["components"]):
        days = sections.nth(place).locator(".days li")
        assert days.count() == len(component["days"])
        assert days.last.get_attribute("class") == component["days"][-1]["level"]
        assert days.last.bounding_box()["height"] > 20
    assert len({tuple(each) for each in page.evaluate(COLOURS)}) == 3, "each level has a colour"
    assert {text for text in texts(page, "article h3") if text.startswith("DoorIsOpen")} == {
        "DoorIsOpen (closed) resolved",
        "DoorIsOpen (linked) open",
        f"DoorIsOpen (slept) {incident_of(server, 'slept')['state']}",
    }
    started = incident_of(server, "linked")["started_at"]
    shown = page.locator("article", has_text="(linked)").locator("time")
    expect(shown).to_have_attribute("datetime", started)
    minute = int(started[11:13]) * 60 + int(started[14:16]) + 330
    expect(shown).to_have_text(re.compile(f"(^|, ){minute // 60 % 24:02}:{minute % 60:02}$"))
    assert not RAW_TIME.search(page.inner_text("main"))


COLOURS = "[...document.querySelectorAll('.days li:last-child')].map(each => [getComputedStyle(each).backgroundColor])"


def test_the_status_page_is_readable_without_scripts(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/status", java_script_enabled=False)
    expect(page.locator("article time").first).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d UTC$"))


def test_the_status_page_brings_itself_up_to_date(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/status")
    page.clock.install()
    page.reload()
    assert server.post("/heartbeat", {"service": "roof", "status": "maintenance"}).ok

    def is_shown() -> bool:
        page.clock.fast_forward(30_000)
        return texts(page, "section.component .level")[-1] == "Maintenance"

    eventually(is_shown)
    assert not RAW_TIME.search(page.inner_text("main"))


def test_the_feed_of_the_status_page_is_valid(server: Server, open_page: OpenPage) -> None:
    page = open_page(f"{server.url}/status")
    named = page.locator('link[type="application/atom+xml"]').get_attribute("href")
    assert named == page.get_by_role("link", name="Feed").get_attribute("href")
    answer = requests.get(urljoin(page.url, named), timeout=10)
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.content)
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == len(server.get("/status.json")["incidents"])
    for each in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(each.findall(f"{ATOM}{name}")) == 1, name
            assert each.findtext(f"{ATOM}{name}")
        assert each.find(f"{ATOM}author") is not None or feed.findtext(f"{ATOM}author/{ATOM}name")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", each.findtext(f"{ATOM}updated") or "")
    assert len({each.findtext(f"{ATOM}id") for each in entries}) == len(entries)
    for each in entries:
        target = each.find(f"{ATOM}link")
        assert target is not None
        assert page.locator(f"article[id='{target.attrib['href'].partition('#')[2]}']").count() == 1


@pytest.mark.parametrize("path", ["/status", "/act", "/alerting"])
def test_the_pages_are_accessible_at_any_width(server: Server, open_page: OpenPage, path: str) -> None:
    page = open_page(link_to(server, "linked", time.time()) if path == "/act" else server.url + path)
    expect(page.locator("time").first).to_be_attached()
    for width in WIDTHS:
        fit(page, width)
    check_accessible_in_both_themes(page)

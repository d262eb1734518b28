"""The page Alerts: what fires, the rules, an editor that tries them, and the bell."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.edge.wire import eventually
from tests.page.conftest import OpenPage
from tests.server import Server

WIDTHS = (320, 390, 768, 1280, 1920)
GROUP = {
    "interval": "1s",
    "rules": [
        {
            "alert": "QueueIsLong",
            "expr": "queue_length > 5",
            "labels": {"severity": "page", "service": "shop"},
            "annotations": {"summary": "{{ $value }} orders wait", "runbook_url": "https://wiki.example/queue"},
        },
        {"alert": "Quiet", "expr": "queue_length < 0"},
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an alert that fires, and an objective."""
    with Server(tmp_path_factory.mktemp("alerts") / "log") as server:
        now = datetime.now(UTC)
        for minutes in range(30, -1, -1):
            at = (now - timedelta(minutes=minutes)).isoformat()
            value = 9 if minutes < 10 or 20 < minutes < 25 else 1
            metric = {"name": "queue_length", "value": value, "timestamp": at}
            assert requests.post(f"{server.url}/metrics", json=metric, timeout=10).ok
        assert requests.put(f"{server.url}/rules/queue", json=GROUP, timeout=10).ok
        slo = {"objective": 99, "service": "shop"}
        assert requests.put(f"{server.url}/slos/shop-errors", json=slo, timeout=10).ok
        eventually(lambda: any(each["state"] == "firing" for each in server.get("/alerts")["alerts"]))
        yield server


def open_alerts(open_page: OpenPage, server: Server, place: str = "", **options: object) -> Page:
    """The page, which asks for routes that the service may not have."""
    return open_page(f"{server.url}/alerting{place}", outages=True, **options)


def test_what_fires_is_on_top_and_the_bell_rings(server: Server, open_page: OpenPage) -> None:
    page = open_alerts(open_page, server)
    expect(page.locator("#verdict")).to_contain_text("1 alert fires now")
    card = page.locator("#firing .card")
    expect(card).to_contain_text("QueueIsLong · shop")
    expect(card).to_contain_text("9 orders wait")
    expect(card.get_by_role("link", name="Runbook")).to_have_attribute("href", "https://wiki.example/queue")
    expect(page).to_have_title("🔔 1 · Alerts – Analytics")
    assert page.locator('link[rel="icon"]').get_attribute("href") == "assets/icon-alert.svg"
    expect(page.locator("#slos-list")).to_contain_text("shop-errors 99% within 30d")


def test_the_dashboard_tells_of_it(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url)
    expect(page.locator("#alerts-now")).to_contain_text("1 alert fires: QueueIsLong · shop since")
    expect(page).to_have_title(re.compile("^🔔 1 · "))
    page.locator("#alerts-now a").click()
    expect(page.locator("#rules-title")).to_be_visible()


def test_the_editor_shows_when_a_rule_would_have_fired(server: Server, open_page: OpenPage) -> None:
    page = open_alerts(open_page, server)
    page.get_by_role("button", name="QueueIsLong").click()
    expect(page.locator("#outcome")).to_contain_text("Would have fired 2 times")
    expect(page.locator("#outcome")).to_contain_text("would fire at the end")
    expect(page.locator("#history li")).to_have_count(2)
    expect(page.locator("#chart .key")).to_have_count(2)
    page.fill('#rule [name="expr"]', "queue_length > 10")
    expect(page.locator("#outcome")).to_have_text("Would not have fired.")
    page.fill('#rule [name="expr"]', "queue_length >")
    expect(page.locator("#outcome")).to_contain_text("rule.expr")


def test_a_rule_is_added_changed_and_deleted(server: Server, open_page: OpenPage) -> None:
    page = open_alerts(open_page, server)
    page.click("#rule-new")
    for name, value in {"alert": "Added", "group": "made", "expr": "queue_length > 100", "severity": "ticket"}.items():
        page.fill(f'#rule [name="{name}"]', value)
    page.click("#save")
    page.get_by_role("button", name="Added").click()
    assert server.get("/rules/made")["rules"] == [
        {"alert": "Added", "expr": "queue_length > 100", "labels": {"severity": "ticket"}}
    ]
    page.fill('#rule [name="for"]', "5m")
    page.click("#save")
    expect(page.locator("#saved")).to_have_text("Saved.")
    assert server.get("/rules/made")["rules"][0]["for"] == "5m"
    page.click("#delete")
    expect(page.locator("#editor")).to_be_hidden()
    assert requests.get(f"{server.url}/rules/made", timeout=10).status_code == 404


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(server: Server, open_page: OpenPage, width: int, tmp_path: Path) -> None:
    page = open_alerts(open_page, server, "#queue/QueueIsLong", viewport={"width": width, "height": 900})
    expect(page.locator("#history li")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

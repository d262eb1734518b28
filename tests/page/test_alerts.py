"""The page Alerts: what fires, the rules, an editor that tries them, and the bell."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.page.conftest import OpenPage, eventually, fit
from tests.page.test_trust import check_accessible
from tests.server import Server

BAD = (189, 42, 55)
"""The colour of what is bad, in the light theme."""
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


COVERED = """() => {
  const parts = [...document.querySelectorAll('.bar :is(h1, .bell, #connection, .updated, fieldset, nav)')];
  const boxes = parts.filter((part) => part.checkVisibility()).map((part) => [part, part.getBoundingClientRect()]);
  const isOver = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.flatMap(([one, a], place) => boxes.slice(place + 1).filter(([, b]) => isOver(a, b))
    .map(([other]) => `${one.outerHTML.slice(0, 40)} and ${other.outerHTML.slice(0, 40)}`));
}"""
"""Parts of the header that lie over each other."""
SHADED = """([red, green, blue, share]) => {
  const canvas = document.querySelector('#chart canvas');
  if (!canvas) return null;
  const box = canvas.width * canvas.height;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    const isPale = data[at + 3] > 20 && data[at + 3] < 40;
    if (isPale && [red, green, blue].every((value, place) => Math.abs(data[at + place] - value) < 8)) count += 1;
  }
  return count / box > share;
}"""
"""Whether so much of the chart is shaded in a colour."""


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
        deploy = {"text": "Deploy 1.4.2", "time": (now - timedelta(minutes=15)).isoformat()}
        assert server.post("/annotations", deploy).ok
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
    now = page.locator("#alerts-now li")
    expect(now).to_have_text(re.compile(r"^QueueIsLong · shop since \d\d:\d\d, \d+ (s|min): 9 orders wait Runbook$"))
    expect(page).to_have_title(re.compile("^🔔 1 · "))
    above = now.bounding_box(), page.locator("#range-bar").bounding_box()
    assert above[0]["y"] < above[1]["y"], "it is on top"
    check_accessible(page)
    now.get_by_role("link", name="QueueIsLong").click()
    expect(page.locator("#rules-title")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/explore", "/alerting"])
def test_the_bell_of_each_page_is_in_sight_and_covers_nothing(server: Server, open_page: OpenPage, path: str) -> None:
    page = open_page(server.url + path, outages=path != "/")
    bell = page.locator("#bell")
    expect(bell).to_have_attribute("title", "1 alert fires")
    expect(bell).to_have_attribute("href", "alerting")
    for width in WIDTHS:
        fit(page, width)
        expect(bell).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("link", name="Alerts 1")).to_have_count(1)
        assert page.evaluate(COVERED) == [], width


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


def test_the_editor_draws_thresholds_and_shades_the_times_of_firing(server: Server, open_page: OpenPage) -> None:
    page = open_alerts(open_page, server, "#queue/QueueIsLong", color_scheme="light")
    expect(page.locator("#chart .key")).to_have_text([re.compile("^service=unknown "), re.compile("^> 5 5$")])
    eventually(lambda: page.evaluate(SHADED, [*BAD, 0.01]))
    expect(page.locator("#chart .mark", has_text="fires: ")).not_to_have_count(0)
    expect(page.locator("#chart .mark", has_text="Deploy 1.4.2")).to_have_count(1)
    page.fill('#rule [name="clear"]', "< 3")
    expect(page.locator("#chart .key").last).to_have_text("over at < 3 3")
    page.fill('#rule [name="expr"]', "queue_length > 100")
    expect(page.locator("#outcome")).to_have_text("Would not have fired.")
    eventually(lambda: page.evaluate(SHADED, [*BAD, 0.001]) is False)


def test_a_slider_chooses_the_time_that_a_rule_is_tried_in(server: Server, open_page: OpenPage) -> None:
    page = open_alerts(open_page, server, "#queue/QueueIsLong")
    expect(page.locator("#outcome")).to_contain_text("Would have fired 2 times")
    page.locator('#rule [name="span"]').select_option("1 hour")
    slider = page.get_by_role("slider", name="until")
    assert slider.get_attribute("min") == "-604800", "7 days"
    slider.press("ArrowLeft")  # 5 minutes before
    expect(page.locator("#until")).to_have_text(re.compile(r"\d\d:\d\d$"))
    slider.evaluate("slider => { slider.value = -1200; slider.dispatchEvent(new Event('input', { bubbles: true })) }")
    expect(page.locator("#outcome")).to_contain_text("Would have fired once, for")
    slider.press("Home")
    expect(page.locator("#outcome")).to_have_text(re.compile("^Would not have fired|^Nothing is kept"))


def test_each_rule_has_its_state_value_and_history(server: Server, open_page: OpenPage) -> None:
    page = open_alerts(open_page, server)
    row = page.locator("#rules-table tr", has_text="QueueIsLong")
    expect(row.locator(".k-state")).to_have_text("firing")
    expect(row.locator("td.n")).to_have_text("9")
    expect(row.locator(".k-trend")).to_contain_text("1 to 9. Would have fired 2 times")
    expect(row.locator(".k-trend .line")).to_have_attribute("d", re.compile("^M"))
    expect(row.locator(".k-trend .marks")).to_have_attribute("d", re.compile("v-4"))
    quiet = page.locator("#rules-table tr", has_text="Quiet")
    expect(quiet.locator(".k-state")).to_have_text("normal")
    quiet.scroll_into_view_if_needed()  # only rows in sight are tried
    expect(quiet.locator(".k-trend")).to_contain_text("Would not have fired")
    page.fill("#rules-filter", "quie")
    expect(page.locator("#rules-table tbody tr")).to_have_count(1)


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


def test_nothing_is_wider_than_the_page(server: Server, open_page: OpenPage) -> None:
    page = open_alerts(open_page, server, "#queue/QueueIsLong")
    expect(page.locator("#history li")).to_have_count(2)
    for width in WIDTHS:
        fit(page, width)

"""Figures on the page equal the answers of the service."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, eventually, near, post_events, texts
from tests.server import Server

COLUMNS = ("name", "health", "requests", "errors", "rate", "avg", "p95")


FIGURES = ("requests", "requests_per_second", "error_rate", "avg_latency_ms", "unique_users")


def summary(server: Server, page: Page, **asked: str) -> dict[str, Any]:
    """The summary of the range that the page shows now."""
    expect(page.locator("#range-note")).to_have_attribute("title", re.compile(" to "))  # not while it loads
    ends = page.get_attribute("#range-note", "title") or ""
    start, end = (text.replace(" UTC", "Z") for text in ends.split(" to "))
    answer: dict[str, Any] = server.get("/summary", params={"from": start, "to": end, **asked})
    return answer


@pytest.mark.parametrize("range_", ["1h", "7d"])
def test_the_five_figures_match_the_summary_of_the_range(shop: Server, open_page: OpenPage, range_: str) -> None:
    page = open_page(f"{shop.url}/?range={range_}", impatient=True)
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#figures .spark .line[d^=M]")).to_have_count(5)

    def agree() -> bool:
        found, figures = texts(page, "#figures strong"), summary(shop, page)["figures"]
        return all(near(text, figures[name]) for text, name in zip(found, FIGURES, strict=True))

    eventually(agree, 60)
    assert set(texts(page, "#figures dt .soft")) == {"last hour" if range_ == "1h" else "last 7 days"}
    if range_ == "1h":
        with_usual = re.compile("peak|usually|up to")
        eventually(lambda: all(with_usual.search(text) for text in texts(page, "#figures .change")), 100)
    total = re.search(r"kept: ([\d.,MB]+) requests, [\d,]+ errors, 10 services", page.inner_text("#totals"))
    assert total
    assert near(total[1], shop.get("/dashboard")["overview"]["total_requests"])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", page.inner_text("#updated"))


def test_the_table_of_services_matches_the_summary_of_the_range(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url, impatient=True)

    def rows_shown() -> list[list[str]]:
        cells = ",".join(f"tr.querySelector('.k-{name}').innerText.trim()" for name in COLUMNS)
        rows: list[list[str]] = page.eval_on_selector_all(
            "#services-table tbody tr", f"rows => rows.map(tr => [{cells}])"
        )
        return rows

    def agree() -> bool:
        rows, services, states = rows_shown(), summary(shop, page)["services"], shop.get("/dashboard")["services"]
        return len(rows) == len(services) and all(
            health.startswith(states[name]["status"])
            and near(requests_, services[name]["requests"])
            and near(errors, services[name]["errors"])
            and near(rate, services[name]["error_rate"])
            and near(avg, services[name]["mean_latency_ms"])
            and near(p95, services[name]["p95_latency_ms"])
            for name, health, requests_, errors, rate, avg, p95 in rows
        )

    eventually(agree, 60)
    row = row_of(page, "frontend")
    expect(row.locator(".k-beat")).to_have_text(re.compile(r"^(now|\d+ s ago|\d min ago)$"))
    assert row.locator(".spark .line").get_attribute("d")


def test_figures_that_were_never_sent_are_not_shown_as_0(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, [{"type": "page_view", "service": "web"}])
    page = open_page(server.url, impatient=True)
    figures = page.locator("#figures .figure")
    expect(page.locator("#endpoints-none")).to_be_visible()
    summaries = page.locator("#charts .summary")
    expect(summaries.nth(0)).to_contain_text("No requests were sent so far")
    expect(summaries.nth(1)).to_contain_text("No latency was sent so far")
    for index in range(4):
        expect(figures.nth(index).locator("strong")).to_have_text("–")
        expect(figures.nth(index).locator(".change")).to_have_text("none sent")
    for column in ("requests", "rate", "avg", "p95"):
        expect(row_of(page, "web").locator(f".k-{column}")).to_have_text("–")
    request = {"type": "request", "service": "web", "data": {"endpoint": "/", "status": 200}}
    post_events(server, [request])
    expect(figures.nth(2).locator("strong")).to_have_text("0%")
    expect(figures.nth(3).locator("strong")).to_have_text("–")
    expect(figures.nth(3).locator(".change")).to_have_text("none sent")
    expect(page.locator("#endpoints-none")).to_be_hidden()
    expect(page.locator("#endpoints-table td").last).to_have_text("–")
    post_events(server, [{**request, "data": {**request["data"], "latency": 0}}])
    expect(figures.nth(3).locator("strong")).to_have_text("0 ms")
    expect(page.locator("#endpoints-table td").last).to_have_text("0 ms")
    expect(row_of(page, "web").locator(".k-avg")).to_have_text("0 ms")
    expect(figures.nth(0).locator("strong")).to_have_text("2")


def test_without_requests_there_is_no_error_rate(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, [{"type": "error", "service": "job"}])
    page = open_page(server.url)
    expect(row_of(page, "job").locator(".k-errors")).to_have_text("1")
    expect(row_of(page, "job").locator(".k-rate")).to_have_text("–")
    expect(page.locator("#figures .figure").nth(2).locator("strong")).to_have_text("–")
    page.goto(f"{server.url}/?service=job")
    figures = page.locator("#scope .figure strong")
    expect(figures.nth(1)).to_have_text("1")
    expect(figures.nth(2)).to_have_text("–")


def row_of(page: Page, service: str) -> Locator:
    """A service's row in the table."""
    return page.locator("#services-table tr", has=page.get_by_role("link", name=service, exact=True))


@pytest.mark.parametrize(("range_", "about"), [("1m", "last minute"), ("24h", "last 24 hours")])
def test_the_busiest_endpoints_match_the_summary(shop: Server, open_page: OpenPage, range_: str, about: str) -> None:
    page = open_page(f"{shop.url}/?range={range_}", impatient=True)
    expect(page.locator("#endpoints-about")).to_contain_text(about)

    def agree() -> bool:
        top = summary(shop, page)["endpoints"]["rows"]
        found = [text.split("\n")[0] for text in texts(page, "#endpoints-table tbody tr:not([hidden]) .path")]
        counts = texts(page, "#endpoints-table tbody tr:not([hidden]) td:nth-child(2)")
        return found == [each["endpoint"] for each in top] and all(
            map(near, counts, (each["requests"] for each in top))
        )

    eventually(agree, 60)


def table(page: Page, chart: int) -> dict[str, list[str]]:
    """The data of a chart from its table, by time in UTC."""
    page.locator("#charts details").nth(chart).evaluate("details => { details.open = true }")
    rows: list[list[str]] = page.eval_on_selector_all(
        f"#charts > figure:nth-child({chart + 1}) tbody tr",
        "rows => rows.map(tr => [tr.cells[0].title, ...[...tr.cells].slice(1).map(td => td.innerText)])",
    )
    return {at: values for at, *values in rows}


def points(server: Server, name: str, agg: str, step: int, **asked: str) -> dict[str, Any]:
    """Points of a series from the service, by time in UTC; without open buckets."""
    answer = server.get("/series", params={"name": name, "agg": agg, "step": step, **asked})
    times = [datetime.fromisoformat(point["timestamp"]).astimezone(UTC) for point in answer["points"]]
    values = [point["value"] for point in answer["points"]]
    return dict(zip([f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in times][:-2], values, strict=False))


def agree_on(page: Page, server: Server, step: int, users: int, **asked: str) -> None:
    for chart, series in enumerate(
        (
            [("requests", "rate"), ("errors", "rate")],
            [("latency", "p50"), ("latency", "p95"), ("latency", "p99")],
            [("events", "unique")],
        )
    ):
        found = table(page, chart)
        for column, (name, agg) in enumerate(series):
            known = points(server, name, agg, users if agg == "unique" else step, **asked)
            first = min(found)
            known = {at: value for at, value in known.items() if at >= first}
            assert len(known) > 5
            wrong = {at: (value, found.get(at)) for at, value in known.items() if not near(found[at][column], value)}
            assert not wrong, (name, agg)


def test_traffic_of_an_hour_matches_the_series(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    expect(page.locator("#charts .summary").first).to_contain_text("Last hour")
    agree_on(page, shop, 60, 60)


def test_a_service_and_a_range_in_the_address_are_shown(shop: Server, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/?service=frontend&range=7d")
    expect(page.locator("#charts .summary").first).to_contain_text("Last 7 days")
    start = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 7 * 86_400 + 3600, UTC)
    agree_on(page, shop, 3600, 3600, service="frontend", **{"from": start.isoformat()})
    expect(page.locator("#scope-title")).to_have_text("frontend")
    assert page.locator("#ranges input[value='7d']").is_checked()


def test_live_seconds_continue_the_loaded_ones(shop: Server, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/?range=1m")
    expect(page.locator("#charts .summary").first).to_contain_text("Last minute")
    before = max(table(page, 0))
    eventually(lambda: max(table(page, 0)) > before)
    times = [datetime.fromisoformat(at.replace(" UTC", "Z")).timestamp() for at in table(page, 0)]
    assert {abs(b - a) for a, b in pairwise(times)} == {5}, "no bucket is missing or duplicated"
    asked = {"name": "requests", "agg": "rate", "step": 5, "from": before.replace(" UTC", "Z")}
    value = shop.get("/series", params=asked)["points"][0]["value"]
    eventually(lambda: near(table(page, 0)[before][0], value))


def test_a_range_has_the_resolution_that_is_kept(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server({"ANALYTICS_HOURLY_DAYS": "2"})
    post_events(server, [{"type": "request", "service": "web", "data": {"status": 200, "latency": 5}}])
    page = open_page(f"{server.url}/?range=7d", outages=True)
    expect(page.locator("#charts .summary").first).to_contain_text("Last 7 days")
    assert len(table(page, 0)) >= 7, "one day each"


@pytest.mark.parametrize(("range_", "minutes"), [("1h", 30), ("15m", 4)])
def test_late_events_are_shown_at_their_time(
    start_server: StartServer, open_page: OpenPage, range_: str, minutes: int
) -> None:
    server = start_server()
    event = {"type": "request", "service": "web", "user_id": "u", "data": {"status": 200, "latency": 5}}
    post_events(server, [event])
    page = open_page(f"{server.url}/?range={range_}", impatient=True)
    expect(page.locator("#charts .summary").nth(2)).to_contain_text("0 to 1")
    late = datetime.now(UTC) - timedelta(minutes=minutes)
    post_events(server, [{**event, "timestamp": late.isoformat()}] * 60)
    eventually(lambda: table(page, 0)[f"{late:%Y-%m-%d %H:%M}:00 UTC"][0] == "1/s")


def test_answers_slower_than_the_reload_interval_are_shown(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    event = {"type": "request", "service": "web", "data": {"status": 200, "latency": 5}}
    post_events(server, [event])
    slow = """const ask = fetch;
        window.fetch = async (url, ...more) => {
            if (String(url).includes('summary')) await new Promise((done) => setTimeout(done, 1100));
            return ask(url, ...more);
        };"""
    page = open_page(server.url, impatient=True, script=slow)
    expect(page.locator("#charts .summary").nth(1)).to_contain_text("Last hour: p50 5 ms, p95 5 ms, p99 5 ms")
    late = datetime.now(UTC) - timedelta(minutes=30)
    post_events(server, [{**event, "timestamp": late.isoformat()}] * 60)
    eventually(lambda: table(page, 0)[f"{late:%Y-%m-%d %H:%M}:00 UTC"][0] == "1/s")


def test_an_opened_service_shows_only_its_own_data(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    event = {"type": "request", "service": "web", "data": {"status": 200}}
    post_events(server, [event] * 7)
    post_events(server, [{**event, "service": "cart"}])
    asked = list[Route]()
    page = open_page(server.url)
    expect(page.locator("#figures strong").first).to_have_text("8")
    page.route("**/summary?*service=cart*", lambda route: asked.append(route))
    with page.expect_request("**/summary?*service=cart*"):
        row_of(page, "cart").get_by_role("link").click()
    expect(page.locator("#charts .summary").first).to_have_text("Loading…")
    expect(page.locator("#scope .figure strong").first).to_have_text("–")
    assert table(page, 0) == {}, "those of all services are not those of this one"
    asked[0].continue_()
    page.unroute("**/summary?*service=cart*")
    expect(page.locator("#scope .figure strong").first).to_have_text("1")


def test_the_verdict_names_unhealthy_services(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)

    def agree() -> bool:
        services = shop.get("/dashboard")["services"]
        verdict, bad = (
            page.inner_text("#verdict"),
            [row for row in services.values() if row["status"] not in ("healthy", "unknown")],
        )
        silent = sum(row["status"] == "unknown" for row in services.values())
        well = f"{10 - silent} services healthy, {silent} without heartbeats" if silent else "All 10 services healthy."
        if not bad:
            return well in verdict or "errors" in verdict
        return all(f"{row['name']} is {row['status']} since" in verdict for row in bad)

    eventually(agree)


def test_unusual_errors_of_a_service_without_heartbeats_are_in_the_verdict(
    start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server()
    event = {"type": "request", "service": "web", "data": {"status": 200}}
    before = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()
    failed = {**event, "data": {"status": 500}}
    post_events(server, [{**event, "timestamp": before}] * 30 + [{**failed, "timestamp": before}] * 10 + [failed] * 10)
    page = open_page(server.url)
    expect(row_of(page, "web").locator(".k-health")).to_have_text("unknown, 100% errors")
    expect(page.locator("#verdict")).to_contain_text(re.compile(r"^web has 100% errors since \d\d:\d\d, usually 25%"))


def test_times_are_local_with_utc_in_the_tooltip(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, [{"type": "request", "service": "web", "data": {"status": 200, "latency": 5}}])
    server.post("/heartbeat", {"service": "cart", "status": "degraded"})
    page = open_page(server.url, timezone_id="Asia/Kolkata")
    expect(page.locator("#verdict a")).to_have_text("cart")
    rows = server.get("/dashboard")["services"]
    for name, found in (("cart", page.locator("#verdict a + span")), ("web", row_of(page, "web").locator(".state"))):
        at = datetime.fromisoformat(rows[name]["status_since"])
        expect(found).to_contain_text(f"{rows[name]['status']} since {at.astimezone(ZoneInfo('Asia/Kolkata')):%H:%M}")
        assert f"{at:%Y-%m-%d %H:%M:%S} UTC" in (found.get_attribute("title") or "")
    for place in ("#updated", "#charts .summary", "#heat-summary", "#feed time", "#charts h3 time"):
        expect(page.locator(place).first).to_have_attribute("title", re.compile(r"\d\d:\d\d:\d\d UTC"))


def test_the_repeated_hour_at_the_end_of_summer_time_is_counted_twice(shop: Server, open_page: OpenPage) -> None:
    hour = {"requests": 0, "errors": 0, "error_rate": 0, "unique_users": 1}
    hours = [("04", 2), ("05", 30), ("06", 12), ("07", 5)]
    buckets = [{**hour, "hour": f"2026-11-01T{at}:00:00Z", "requests": number} for at, number in hours]
    page = open_page(shop.url)
    page.route("**/stats/hourly*", lambda route: route.fulfill(json={"hours": 4, "buckets": buckets}))
    page.reload()
    cells = page.locator("#heat td.cell:not(.none)")
    expect(cells).to_have_count(3)
    assert cells.all_inner_texts() == ["2", "42", "5"]
    expect(page.locator("#heat-summary")).to_contain_text("49 requests")


def test_history_matches_the_statistics(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    expect(page.locator("#heat tbody tr").first).to_be_attached()
    cells = page.eval_on_selector_all("#heat td.cell:not(.none)", "cells => cells.map(td => [td.title, td.innerText])")
    found = {re.findall(r"\(([-\d: ]+) UTC\)", title)[0]: text for title, text in cells}
    for bucket in shop.get("/stats/hourly", params={"hours": 167})["buckets"][:-1]:
        at = bucket["hour"].replace("T", " ").removesuffix("Z")
        assert near(found[at], bucket["requests"]), bucket
    page.locator("#days details").evaluate("details => { details.open = true }")
    rows = texts(page, "#days tbody tr")
    for day in shop.get("/stats/daily", params={"days": 90})["buckets"][:-1]:
        assert any(day["date"] in row and f"{day['unique_users']:,} user" in row for row in rows)
    over = page.locator("#days .u-over")

    def summary_of_today() -> bool:
        width = (over.bounding_box() or {"width": 0})["width"]
        over.hover(position={"x": width / 2, "y": 60})
        over.hover(position={"x": width * 89.5 / 90, "y": 60})
        text = page.locator("#days h3 time").inner_text()
        return bool(re.search(r"\(UTC\), peak hour \d\d:00 with [\d,]+, [\d,]+ users", text))

    eventually(summary_of_today)  # the layout may still change below the pointer
    for kind in ("hourly", "daily", "services", "events"):
        for form in ("csv", "json"):
            href = page.locator(f"[data-export={kind}] a", has_text=form.upper()).get_attribute("href")
            answer = requests.get(f"{shop.url}/{href}", timeout=10, stream=True)
            assert answer.status_code == 200
            assert f"{kind}-" in answer.headers["Content-Disposition"]
            answer.close()

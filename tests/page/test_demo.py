"""The demo against a real server, started as users do: the dashboard has data at once."""

import re
import time

from playwright.sync_api import expect

from analytics.feed.shop import rfc3339
from tests.edge.test_shapes import DASHBOARD
from tests.edge.wire import check_shape
from tests.page.conftest import OpenPage, eventually
from tests.server import Server

SERVICES = {"frontend", "productcatalog", "cart", "checkout", "search", "visualsearch", "gamification", "inventory"}


def test_the_demo_fills_the_dashboard(shop: Server) -> None:
    eventually(lambda: all(row["last_heartbeat"] for row in shop.get("/services")["services"].values()))
    dashboard = shop.get("/dashboard")
    check_shape(dashboard, DASHBOARD)
    assert set(dashboard["services"]) >= SERVICES
    assert {row["status"] for row in dashboard["services"].values()} <= {"healthy", "degraded", "unhealthy"}
    assert all(row["last_heartbeat"] and row["request_count"] > 0 for row in dashboard["services"].values())
    overview = dashboard["overview"]
    assert overview["total_requests"] > 10_000
    assert overview["requests_per_second"] > 0
    assert overview["average_latency_ms"] > 0
    assert overview["active_users"] > 0
    assert len(dashboard["realtime_stats"]["top_endpoints"]) >= 5
    assert all(row["avg_time_ms"] > 0 for row in dashboard["realtime_stats"]["top_endpoints"])

    stats = shop.get("/stats")
    assert len(stats["events_by_type"]) >= 8
    assert {"request", "purchase", "product_view", "search", "cart_add"} <= set(stats["events_by_type"])
    assert all(outcome["rejected"] == 0 for outcome in stats["ingest"].values())
    assert stats["drops"].keys() <= {"snapshot_skipped"}, "a busy machine may skip a tick"
    assert stats["ingest"]["heartbeats"]["accepted"] >= len(SERVICES)
    hours = shop.get("/stats/hourly?hours=24")["buckets"]
    assert sum(bucket["requests"] > 0 for bucket in hours) >= 23
    assert shop.get("/services/checkout/metrics")["latency"]["p95"] > 0


def test_the_demo_has_traces_lines_and_a_bad_deploy(shop: Server) -> None:
    since = f"from={rfc3339(time.time() - 3 * 3_600)}"
    failed = shop.get(f"/traces?service=payment&status=error&limit=5&{since}")["traces"]
    assert failed
    trace = shop.get(f"/traces/{failed[-1]['trace_id']}")
    assert trace["services"].keys() >= {"frontend", "checkout", "payment", "cart", "productcatalog"}
    lines = shop.get(f"/logs?service=payment&severity=error&limit=100&{since}")["lines"]
    assert any("currency is null" in line["body"] for line in lines)
    assert all(line["trace_id"] for line in lines)
    assert "Deploy 1.4.2" in [each["text"] for each in shop.get("/annotations")["annotations"]]
    graph = shop.get(f"/services/graph?{since}")
    assert {(call["from"], call["to"]) for call in graph["calls"]} >= {
        ("frontend", "checkout"),
        ("checkout", "payment"),
    }


def test_the_bad_deploy_is_found_by_clicking(shop: Server, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/tracing")
    page.locator("#tabs").get_by_role("link", name="Map").click()
    page.get_by_role("link", name="payment ").click()
    page.select_option("[name=status]", "error")
    expect(page.locator("#scatter circle.failed").nth(3)).to_be_attached()
    page.goto(f"{shop.url}/failing?service=payment")
    kind = page.locator("strong", has_text=re.compile("^CurrencyError$"))
    group = page.locator("#groups > li", has=kind)
    expect(group.locator(".where")).to_contain_text("payment 1.4.2")
    group.locator("summary").click()
    group.get_by_role("link", name="Its trace").first.click()
    page.locator(".row[title='payment POST /charges']").click()
    expect(page.locator("#details")).to_contain_text("currency is null")
    page.locator("#details").get_by_role("link", name="Its lines").click()
    expect(page.locator(".line .body", has_text="currency is null").first).to_be_attached()

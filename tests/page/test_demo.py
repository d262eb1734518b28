"""The demo against a real server, started as users do: the dashboard has data at once."""

from tests.edge.test_shapes import DASHBOARD
from tests.edge.wire import check_shape
from tests.server import Server

SERVICES = {"frontend", "productcatalog", "cart", "checkout", "search", "visualsearch", "gamification", "inventory"}


def test_the_demo_fills_the_dashboard(shop: Server) -> None:
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

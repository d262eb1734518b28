"""The demo as a user starts it, against a real server: after seconds the dashboard is alive."""

import subprocess
import sys

from tests.conftest import StartServer
from tests.edge.test_shapes import DASHBOARD
from tests.edge.wire import check_shape
from tests.server import ROOT

SERVICES = {"frontend", "productcatalog", "cart", "checkout", "search", "visualsearch", "gamification", "inventory"}
SECONDS = 6


def test_the_demo_fills_the_dashboard(start_server: StartServer) -> None:
    server = start_server()
    done = subprocess.run(
        [sys.executable, "-m", "analytics", "demo", "--rate", "50", "--duration", str(SECONDS), "--url", server.url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "sent" in done.stdout

    dashboard = server.get("/dashboard")
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

    stats = server.get("/stats")
    assert len(stats["events_by_type"]) >= 8
    assert {"request", "purchase", "product_view", "search", "cart_add"} <= set(stats["events_by_type"])
    assert all(outcome["rejected"] == 0 for outcome in stats["ingest"].values())
    assert stats["drops"].keys() <= {"snapshot_skipped"}, "a busy machine may skip a tick"
    assert stats["ingest"]["heartbeats"]["accepted"] >= len(SERVICES)
    hours = server.get("/stats/hourly?hours=24")["buckets"]
    assert sum(bucket["requests"] > 0 for bucket in hours) >= 23
    assert server.get("/services/checkout/metrics")["latency"]["p95"] > 0

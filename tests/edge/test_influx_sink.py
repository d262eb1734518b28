"""The sink beside real servers: influxd and victoria-metrics, which are killed in the middle, as the service is."""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.kills import kill
from tests.edge.wire import eventually, tool
from tests.server import Server
from tests.sinks.influx.servers import Database, Influxd, VictoriaMetrics

HASTY = ("-m", "gunicorn", "-k", "gevent", "-c", "gunicorn.conf.py", "tests.edge.hasty_sink:app")
MINUTE = 60
DATABASES = [
    pytest.param(Influxd, "influxd", id="influxd"),
    pytest.param(VictoriaMetrics, "victoria-metrics", id="victoria-metrics"),
]


def settings(database: Database, folder: Path, **more: str) -> dict[str, str]:
    settle = {"SETTLE_SECONDS": str(1.4 * database.loses_seconds)}
    return {"ANALYTICS_INFLUX_URL": database.sink_url, "ANALYTICS_DATA_DIR": str(folder / "data"), **settle, **more}


def rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def send(server: Server, path: str, items: list[dict[str, Any]]) -> None:
    """Send a batch until it is acknowledged; the ids make that safe."""

    def once() -> bool:
        try:
            return server.post(path, items).status_code == 200
        except requests.RequestException:
            return False

    eventually(once, 40)


def is_done(server: Server) -> bool:
    """Whether the database has everything of closed buckets."""
    try:
        (report,) = server.get("/stats")["sinks"]
    except (requests.RequestException, AssertionError):
        return False
    return report["state"] == "current" and not report["late_buckets"]


def increases(database: Database, metric: str, measurement: str = "analytics_minutes") -> dict[tuple[str, int], float]:
    """Increase by service and time."""
    return {
        (dict(tags)["service"], at): fields["increase"]
        for (name, tags, at), fields in database.figures().items()
        if name == measurement and ("metric", metric) in tags
    }


@pytest.mark.parametrize(("make", "command"), DATABASES)
def test_each_closed_minute_is_there_once_and_right_through_kills_of_both(
    make: Callable[[Path], Database], command: str, tmp_path: Path, start_server: StartServer, dice: random.Random
) -> None:
    tool(command)
    with make(tmp_path / "database") as database:
        server = start_server(settings(database, tmp_path), HASTY)
        newest = int(time.time()) // MINUTE * MINUTE - 2 * MINUTE
        oldest = newest - 100 * MINUTE
        counted: Counter[tuple[str, int]] = Counter()
        number = 0
        for round_ in range(8):
            for _ in range(8):
                items = []
                for _ in range(dice.randrange(1, 20)):
                    number += 1
                    at, service = dice.randrange(oldest, newest), dice.choice(["shop", "mail"])
                    counted[service, at // MINUTE * MINUTE] += 1
                    items.append({"type": "request", "service": service, "id": f"e{number}", "timestamp": rfc3339(at)})
                send(server, "/events", items)
            if round_ in (2, 5):
                database.kill()
            elif round_ in (3, 6):
                database.start()
            if round_ in (1, 5):
                kill(server)
                server.__enter__()
        if not database.loses_seconds:
            eventually(lambda: is_done(server), 60)
        for metric in ("requests_total", "events_total"):
            wrong = eventually_none(lambda metric=metric: different(increases(database, metric), counted))
            assert not wrong
        if isinstance(database, VictoriaMetrics):
            query = 'sum_over_time(max_over_time(analytics_minutes_increase{metric="requests_total"}[1m])[3h:1m])'
            asked = {"query": query, "time": str(newest + MINUTE)}
            found = requests.get(f"{database.url}/api/v1/query", params=asked, timeout=10).json()["data"]["result"]
            totals: Counter[str] = Counter()
            for (service, _), count in counted.items():
                totals[service] += count
            assert {each["metric"]["service"]: float(each["value"][1]) for each in found} == totals
        hours: Counter[tuple[str, int]] = Counter()
        for (service, at), count in counted.items():
            hours[service, at // 3_600 * 3_600] += count
        ended = {key: count for key, count in hours.items() if key[1] + 3_600 + 15 < time.time()}
        assert {key: increases(database, "requests_total", "analytics_hours")[key] for key in ended} == ended


def different(
    found: dict[tuple[str, int], float], wanted: Counter[tuple[str, int]]
) -> dict[tuple[str, int], tuple[float | None, int]]:
    """What was found and what is right, where they differ."""
    return {key: (found.get(key), wanted[key]) for key in wanted | found if found.get(key) != wanted[key]}


def eventually_none(ask: Callable[[], Any], seconds: float = 20) -> Any:
    """What `ask` returns at last, at the latest after so many seconds."""
    deadline = time.monotonic() + seconds
    while (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


@pytest.mark.parametrize(("make", "command"), DATABASES)
def test_older_figures_are_read_back(
    make: Callable[[Path], Database], command: str, tmp_path: Path, start_server: StartServer
) -> None:
    """Minutes of five hours ago are not kept: those that the database has are read from it."""
    tool(command)
    with make(tmp_path / "database") as database:
        now = int(time.time()) // MINUTE * MINUTE
        at = now - 5 * 3_600
        lines = [
            f"analytics_minutes,metric=requests_total,service=s\\ 1 count={n}.0,increase={n}.0 {at + (n - 1) * MINUTE}"
            for n in (1, 2, 3)
        ]
        lines += [
            f"analytics_minutes,metric=depth,queue=q,service=s\\ 1 count=1.0,sum=7.0,min=7.0,max=7.0,last=7.0 {at}"
        ]
        requests.post(
            f"{database.url}/write", params={"db": "analytics", "precision": "s"}, data="\n".join(lines), timeout=10
        ).raise_for_status()
        if isinstance(database, VictoriaMetrics):
            eventually(database.figures)
        server = start_server(settings(database, tmp_path), HASTY)
        send(server, "/events", [{"type": "request", "service": "s 1", "id": "1"}])
        query = {"query": 'increase(requests_total{service="s 1"}[2m])', "time": str(at + 3 * MINUTE)}
        answer = server.get("/api/v1/query", params=query)
        assert [each["value"][1] for each in answer["data"]["result"]] == ["5"]
        assert any(f"comes from {database.url}" in each for each in answer["infos"])
        gauge = server.get("/api/v1/query", params={"query": "depth", "time": str(at + 2 * MINUTE)})
        assert gauge["data"]["result"][0]["value"][1] == "7"
        assert gauge["data"]["result"][0]["metric"] == {"__name__": "depth", "queue": "q", "service": "s 1"}
        ask = {
            "name": "requests",
            "service": "s 1",
            "agg": "sum",
            "step": "60",
            "from": rfc3339(at),
            "to": rfc3339(now),
        }
        series = server.get("/series", params=ask)
        assert [point["value"] for point in series["points"][:4]] == [1, 2, 3, 0]
        assert len(series["points"]) == 300
        assert database.url in series["annotations"][0]
        database.kill()
        degraded = server.get("/api/v1/query", params=query)
        assert any("could not be read" in each for each in degraded["warnings"])
        assert server.get("/series", params={**ask, "step": "3600"})["points"]


def test_a_wrong_password_shows_in_health_and_nothing_is_lost(tmp_path: Path, start_server: StartServer) -> None:
    tool("influxd")
    with Influxd(tmp_path / "database") as database:
        database.ask("CREATE USER \"analytics\" WITH PASSWORD 'right pass' WITH ALL PRIVILEGES")
        database.kill()
        database._more = "auth-enabled = true"
        secret = tmp_path / "token"
        secret.write_text("analytics:wrong\n")
        database.user = ("analytics", "right pass")
        database.start()
        server = start_server(settings(database, tmp_path, ANALYTICS_INFLUX_TOKEN=f"file:{secret}"), HASTY)
        at = int(time.time()) // MINUTE * MINUTE - 5 * MINUTE
        send(server, "/events", [{"type": "request", "service": "shop", "id": "1", "timestamp": rfc3339(at)}])
        reasons = eventually(lambda: server.get("/health")["reasons"])
        metrics = requests.get(f"{server.url}/metrics", timeout=10).text
        assert 'analytics_sink_behind_seconds{sink="influx"}' in metrics
        assert "401" in reasons[0]
        assert server.get("/health")["status"] == "degraded"
        assert "wrong" not in server.log()
        secret.write_text("analytics:right pass\n")
        eventually(lambda: increases(database, "requests_total") == {("shop", at): 1}, 50)
        eventually(lambda: server.get("/health")["status"] == "healthy")

"""The other reads: series, hourly and daily statistics, and services of any name."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.edge.wire import check_problem, unique
from tests.server import Server

NAMES = (
    "plain",
    "with/slash",
    "/leading",
    "trailing/",
    "a//b",
    "with space",
    " padded ",
    "dots.and-dashes_",
    "..",
    ".",
    "../etc",
    "naïve/日本語 🚀",
    "100%",
    "a%2Fb",
    "a+b",
    "a?b=c",
    "a#b",
    "a;b",
    "metrics",
    "a/metrics",
    "\\",
    "<b>",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_service_of_any_name_can_be_read(shared_server: Server, name: str) -> None:
    assert shared_server.post("/events", {"type": "named", "service": name}).status_code == 201
    # requests would resolve dots, so the path is set unchanged
    request = requests.Request("GET", shared_server.url).prepare()
    request.url = f"{shared_server.url}/services/{quote(name, safe='').replace('.', '%2E')}/metrics"
    with requests.Session() as session:
        answer = session.send(request, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == name
    assert shared_server.get("/events", params={"service": name})["count"] >= 1
    assert shared_server.get("/services")["services"][name]["name"] == name


@pytest.mark.parametrize("name", ["never-seen", "%3Cb%3E-never", "%E6%97%A5", "%FF%FE", "%00", "a" * 2000])
def test_an_unknown_service_is_a_404(shared_server: Server, name: str) -> None:
    answer = requests.get(f"{shared_server.url}/services/{name}/metrics", timeout=10)
    check_problem(answer, 404, "unknown_service")


def test_reading_a_service_does_not_create_it(shared_server: Server) -> None:
    before = shared_server.get("/stats")["totals"]["services"]
    requests.get(f"{shared_server.url}/services/curious/metrics", timeout=10)
    shared_server.get("/events?service=curious")
    assert shared_server.get("/stats")["totals"]["services"] == before


# Series


@pytest.fixture(scope="module")
def service(shared_server: Server) -> str:
    """A service with a gauge of five values two minutes ago, two of them with a region, and four requests."""
    name = unique("series")
    then = (datetime.now(UTC) - timedelta(minutes=2)).replace(second=10, microsecond=0).isoformat()
    gauge = [
        {"name": "queue depth", "value": value, "unit": "items", "timestamp": then, "tags": tags}
        for value, tags in (
            (1, {"service": name}),
            (2, {"service": name}),
            (6, {"service": name}),
            (10, {"service": name, "region": "eu"}),
            (20, {"service": name, "region": "us"}),
        )
    ]
    assert shared_server.post("/metrics", gauge).json()["accepted"] == 5
    requests_ = [
        {"type": "request", "service": name, "user_id": f"u{n % 3}", "timestamp": then, "data": {"latency": 10 * n}}
        for n in range(1, 5)
    ]
    assert shared_server.post("/events", requests_).json()["accepted"] == 4
    return name


def values(answer: Any) -> list[float]:
    return [point["value"] for point in answer["points"] if point["value"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "queue depth", "agg": "count"}, 5),
        ({"name": "queue depth", "agg": "sum"}, 39),
        ({"name": "queue depth"}, 7.8),
        ({"name": "queue depth", "agg": "min"}, 1),
        ({"name": "queue depth", "agg": "max"}, 20),
        ({"name": "queue depth", "agg": "last"}, 20),
        ({"name": "queue depth", "agg": "sum", "tag.region": "eu"}, 10),
        ({"name": "queue depth", "agg": "p50"}, 6),
        ({"name": "requests", "agg": "sum"}, 4),
        ({"name": "latency", "agg": "avg"}, 25),
        ({"name": "latency", "agg": "p50"}, 20),
        ({"name": "events", "agg": "count"}, 4),
        ({"name": "events", "agg": "sum", "tag.type": "request"}, 4),
        ({"name": "events", "agg": "unique"}, 3),
        ({"name": "requests", "agg": "rate", "step": 60}, 4 / 60),
        ({"name": "requests", "agg": "sum", "step": 300}, 4),
    ],
)
def test_points_of_a_series(shared_server: Server, service: str, query: dict[str, Any], expected: float) -> None:
    answer = shared_server.get("/series", params={"service": service, **query})
    assert sum(values(answer)) == pytest.approx(expected, rel=0.01)
    assert answer["name"] == query["name"]
    assert answer["agg"] == query.get("agg", "avg")
    times = [datetime.fromisoformat(point["timestamp"]) for point in answer["points"]]
    steps = {later - earlier for earlier, later in pairwise(times)}
    assert steps == {timedelta(seconds=answer["step"])}


def test_a_series_without_a_service_is_the_sum_of_all(shared_server: Server, service: str) -> None:
    shared_server.post("/metrics", {"name": unique("own"), "value": 1})
    alone = shared_server.get("/series", params={"name": "queue depth", "service": service, "agg": "sum"})
    everywhere = shared_server.get("/series", params={"name": "queue depth", "agg": "sum"})
    assert sum(values(everywhere)) >= sum(values(alone))


def test_a_series_has_the_requested_range(shared_server: Server, service: str) -> None:
    start = (datetime.now(UTC) - timedelta(minutes=10)).replace(second=0, microsecond=0)
    query = {"name": "requests", "service": service, "agg": "sum", "step": 60}
    asked = {"from": start.isoformat(), "to": (start + timedelta(minutes=5)).isoformat()}
    answer = shared_server.get("/series", params={**query, **asked})
    assert [point["timestamp"] for point in answer["points"]] == [
        (start + timedelta(minutes=n)).isoformat().replace("+00:00", "Z") for n in range(5)
    ]


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 422, "name"),
        ("name=", 422, "name"),
        ("name=requests&agg=median", 422, "agg"),
        ("name=requests&agg=unique", 422, "agg"),
        ("name=requests&step=0", 422, "step"),
        ("name=requests&step=-60", 422, "step"),
        ("name=requests&step=7&from=2020-01-01T00:00:00Z", 422, "step"),
        ("name=requests&step=1&from=2020-01-01T00:00:00Z", 422, "step"),
        ("name=requests&from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z", 422, "from"),
        ("name=requests&from=yesterday", 422, "from"),
        ("name=requests&until=2024-01-01T00:00:00Z", 422, "until"),
        ("name=requests&name=errors", 422, "name"),
        ("name=requests&tag=region", 422, "tag"),
        ("name=never-sent", 404, None),
        ("name=queue%20depth&service=nobody", 404, None),
        ("name=queue%20depth&tag.region=mars", 404, None),
    ],
)
def test_a_wrong_series_query_is_refused_and_its_parameter_named(
    shared_server: Server, service: str, query: str, status: int, field: str | None
) -> None:
    problem = check_problem(requests.get(f"{shared_server.url}/series?{query}", timeout=10), status)
    assert field is None or list(problem["fields"]) == [field]


@pytest.mark.parametrize(
    "query",
    [
        "from=0001-01-01T00:00:00Z",
        "to=9999-12-31T23:59:59Z",
        "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z",
        "from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z",
        "from=9999-12-31T00:00:00Z",
        "to=1970-01-01T00:00:00Z",
        "to=0001-01-01T00:00:00Z",
        "step=7776000",
        "agg=count&tag.=x",
        "agg=count&tag.a=b&tag.a=c",
        "agg=count&tag.a=" + "b" * 1000,
    ],
)
def test_extreme_ranges_are_answered_soon_and_never_a_500(shared_server: Server, query: str) -> None:
    answer = requests.get(f"{shared_server.url}/series?name=requests&{query}", timeout=5)
    assert answer.status_code in (200, 404, 422), answer.text
    assert len(answer.content) < 2_000_000


# Statistics


def test_hourly_and_daily_buckets_count_sent_records(shared_server: Server) -> None:
    before_hours = shared_server.get("/stats/hourly?hours=48")["buckets"]
    then = datetime.now(UTC) - timedelta(hours=26)
    service, stamp = unique("stats"), then.isoformat()
    data = {"status": 503, "latency": 100}
    batch = [{"type": "request", "service": service, "user_id": service, "timestamp": stamp, "data": data}] * 7
    assert shared_server.post("/events", batch).json()["accepted"] == 7
    hour = then.strftime("%Y-%m-%dT%H:00:00Z")
    before = next(bucket for bucket in before_hours if bucket["hour"] == hour)
    after = next(b for b in shared_server.get("/stats/hourly?hours=48")["buckets"] if b["hour"] == hour)
    grown = {name: after[name] - before[name] for name in ("requests", "errors", "events", "unique_users")}
    assert grown == {"requests": 7, "errors": 7, "events": 7, "unique_users": 1}
    day = next(b for b in shared_server.get("/stats/daily")["buckets"] if b["date"] == then.date().isoformat())
    assert day["requests"] >= 7
    assert day["peak_requests"] >= 7
    assert day["peak_hour"].startswith(day["date"])


@pytest.mark.parametrize(
    ("path", "unit", "default", "most"), [("/stats/hourly", "hours", 24, 2160), ("/stats/daily", "days", 7, 3650)]
)
def test_the_requested_number_of_buckets_is_returned_oldest_first(
    shared_server: Server, path: str, unit: str, default: int, most: int
) -> None:
    for asked, expected in ((None, default), (1, 1), (5, 5)):
        answer = shared_server.get(path, params={} if asked is None else {unit: asked})
        label = "hour" if unit == "hours" else "date"
        labels = [bucket[label] for bucket in answer["buckets"]]
        assert len(labels) == answer[unit] == expected
        assert labels == sorted(set(labels))
        assert labels[-1].startswith(datetime.now(UTC).date().isoformat())
    assert requests.get(f"{shared_server.url}{path}?{unit}={most}", timeout=5).status_code == 200
    for wrong in ("0", "-1", str(most + 1), "x", "1.5"):
        answer = requests.get(f"{shared_server.url}{path}?{unit}={wrong}", timeout=5)
        check_problem(answer, 422, "validation_failed", unit)
    check_problem(requests.get(f"{shared_server.url}{path}?weeks=1", timeout=5), 422, "validation_failed", "weeks")

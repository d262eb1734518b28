"""Decoders of reads: query strings with their times, numbers and cursors, and conditional headers."""

from functools import partial
from urllib.parse import quote

from analytics.config import Settings
from analytics.factory import create_app
from tests.fakes import FakeClock
from tests.fuzz.decoder import Decoder

PATHS = (
    *("/events", "/errors", "/series", "/services/shop/metrics", "/services/shop/history", "/stats/hourly"),
    *("/stats/daily", "/annotations", "/export/events", "/export/metrics", "/export/services", "/export/hourly"),
    *("/audit", "/summary", "/health", "/dashboard", "/heartbeat/shop"),
)
QUERIES = (
    b"limit=2&cursor=2&type=view&q=%C3%A9&since=2023-11-14T22:13:20Z&until=2023-11-15T00:00:00+01:00",
    b"name=latency&agg=p95&from=2023-11-14T22:13:20Z&to=2023-11-14T23:13:20Z&step=60&tag.zone=a",
    b"hours=24&days=7&limit=1000",
    b"format=csv&bom=1&from=2023-11-14T22:13:20Z&user_id=u1",
    b"status=degraded&message=slow&interval=60.5&grace=0&instance=a",
    b"limit=99999999999999999999999&cursor=-1&since=0001-01-01T00:00:00%2B23:59&until=9999-12-31T23:59:59-23:59",
    b"%ff=%00&a&=&&name=%F0%9F%98%80",
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    app = create_app(Settings(data_dir=""), FakeClock())
    client = app.test_client(use_cookies=False)
    events = [{"type": "view", "service": "shop", "user_id": f"u{number}"} for number in range(5)]
    client.post("/events", json=events)
    client.post("/metrics", json={"name": "latency", "value": 5, "tags": {"service": "shop", "zone": "a"}})
    client.post("/annotations", json={"text": "Deploy"})

    def ask(data: bytes, conditions: bytes = b"") -> None:
        path, query = PATHS[data[0] % len(PATHS)] if data else PATHS[0], data[1:].decode("latin-1")
        method = "POST" if path.startswith("/heartbeat/") else "GET"
        given = {"HTTP_IF_NONE_MATCH": conditions.decode("latin-1"), "HTTP_IF_MATCH": conditions.decode("latin-1")}
        answer = client.open(
            path, method=method, query_string=quote(query, safe="=&%+"), environ_overrides=given if conditions else {}
        )
        assert answer.status_code < 500, answer.text
        answer.close()  # the end of an export

    def change(data: bytes) -> None:
        given = data.decode("latin-1")
        for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
            answer = client.put("/annotations/a", json={"text": "Deploy"}, environ_overrides={name: given})
            assert answer.status_code in (200, 201, 412), answer.text
        ask(bytes([PATHS.index("/annotations")]), data)

    seeds = [bytes([place]) + query for place in range(len(PATHS)) for query in QUERIES]
    tags = (b'"1"', b'W/"2", "3"', b"*", b'"', b'"99999999999999999999", ,"\xff"')
    return [
        Decoder("queries and cursors", partial(ask), (), seeds, size=1024),
        Decoder("conditions", change, (), tags, size=256),
    ]

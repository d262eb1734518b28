"""Decoders of questions about log lines and traces: the parameters of our routes, of Loki's and of Jaeger's."""

from urllib.parse import quote

from analytics.config import Settings
from analytics.factory import create_app
from tests.fakes import FakeClock
from tests.fuzz.decoder import Decoder

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
OURS = (
    *("/logs", "/logs/histogram", "/logs/fields", "/logs/patterns", "/logs/context", "/traces", "/services/graph"),
    f"/traces/{TRACE}",
)
LOKI = tuple(
    f"/loki/api/v1/{path}"
    for path in (
        *("query", "query_range", "labels", "label/service_name/values", "series", "detected_labels"),
        *("index/stats", "index/volume", "index/volume_range"),
    )
)
JAEGER = (
    *("/api/services", "/api/services/shop/operations", "/api/operations", "/api/traces", "/api/dependencies"),
    f"/api/traces/{TRACE}",
)
OUR_QUERIES = (
    b"service=shop&severity=warn&q=level%3Aerror+a&since=2023-11-14T22:13:20Z&until=2023-11-15T00:00:00Z&limit=5",
    b"trace_id=5b8efff798038103d269b633813fc60c&cursor=1700000000000000000.5.1&step=60&values=5",
    b"id=a&time=1700000000000000000&before=5&after=5",
    b"start=2023-11-14T22:13:20Z&end=2023-11-15T00:00:00Z&operation=GET&min_ms=1.5&max_ms=1e300&status=error",
    b"attributes.http.status=500&order=slowest&limit=99999999999999999999",
)
LOKI_QUERIES = (
    b"query=%7Ba%3D%22b%22%7D&start=1699999999&end=1700000000000000000&limit=5&direction=forward&step=1m",
    b"query=sum(rate(%7Bservice_name%3D%22shop%22%7D[5m]))&time=1700000000.5&since=1h&step=15",
    b"match[]=%7Ba%3D%22b%22%7D&start=2023-11-14T22:13:20.123456789%2B01:00&targetLabels=a,b&aggregateBy=labels",
    b"start=-9223372036854775808&end=9e18&since=99999999999y&step=1e-9&limit=0x5",
)
JAEGER_QUERIES = (
    b"service=shop&operation=GET&start=1699999999000000&end=1700000001000000&minDuration=1.5ms&maxDuration=1h2m",
    b'service=shop&tags={"error":"true","http.status":"500"}&limit=20&lookback=1h',
    b"traceID=5b8efff798038103d269b633813fc60c&traceID=1&prettyPrint=true",
    b"endTs=1700000001000&lookback=604800000&service=shop&spanKind=server",
    b"endTs=999999999999999999&minDuration=999999999999h&start=999999999999999999",
)


class _Reads:
    """Asks with these parameters; the first byte chooses the path, and whether they are sent as a form."""

    def __init__(self, paths: tuple[str, ...], *, are_forms: bool = False) -> None:
        self._paths, self._are_forms = paths, are_forms
        self._client = create_app(Settings(data_dir=""), FakeClock()).test_client(use_cookies=False)
        line = {"service": "shop", "message": "paid a=5", "level": "warn", "attributes": {"http": {"status": 500}}}
        span = {"trace_id": TRACE, "span_id": SPAN, "service": "shop", "name": "GET /", "kind": "server"}
        span["start"] = "2023-11-14T22:13:20Z"
        for path, body in (("/logs", line), ("/spans", {**span, "duration_ms": 5, "status": "error"})):
            answer = self._client.post(path, json=body)
            assert answer.status_code == 201, answer.text

    def __call__(self, data: bytes) -> None:
        form, place = divmod(data[0] if data else 0, len(self._paths))
        path, query = self._paths[place], data[1:]
        if form % 2 and self._are_forms and not path.endswith("/values"):
            answer = self._client.post(path, data=query, content_type="application/x-www-form-urlencoded")
        else:
            answer = self._client.get(path, query_string=quote(query.decode("latin-1"), safe="=&%+"))
        assert answer.status_code < 500, answer.text


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    return [
        Decoder("questions about logs and traces", _Reads(OURS), (), _seeds(OURS, OUR_QUERIES), size=1024),
        Decoder("parameters of Loki", _Reads(LOKI, are_forms=True), (), _seeds(LOKI * 2, LOKI_QUERIES), size=1024),
        Decoder("parameters of Jaeger", _Reads(JAEGER), (), _seeds(JAEGER, JAEGER_QUERIES), size=1024),
    ]


def _seeds(paths: tuple[str, ...], queries: tuple[bytes, ...]) -> list[bytes]:
    return [b"%c%b" % (place, query) for place in range(len(paths)) for query in queries]

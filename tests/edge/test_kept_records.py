"""Lines and traces answer alike from memory, from the store when memory has let go of them, and after a kill -9."""

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.doors.otlp.test_otlp_records import EVERY_KIND, attributes, encoded, logs, traces
from tests.doors.records.record_rig import JSON, PROTOBUF
from tests.edge.mortal import Mortal
from tests.edge.wire import eventually
from tests.server import Server

RING = 200
SECOND = 1_000_000_000
TRACES = 8
SERVICES = ("shop", "cart", "bank")
HARD = 'é\u0000\u2028 "\\" \U0001f600 {"a": 1} %20'
"""A text with what encodings get wrong."""
SEARCHES = (
    "/logs?limit=1000&service=shop",
    "/logs?limit=7&service=cart",
    "/logs?q=service:bank -level:info&limit=1000",
    '/logs?q="took 7 ms"&limit=1000',
    "/logs?q=attributes.n>=30 attributes.m:*&limit=1000",
    "/logs?severity=error&limit=1000",
    "/logs?q=level>=warn (resource.service.name:shop OR attributes.huge:*)&limit=1000",
    "/logs?q=body:*12* OR span_id:aaaaaaaaaaaaaaaa&limit=1000",
    "/logs/histogram?step=600",
    "/logs/histogram?step=300&severity=error&q=took",
    "/logs/patterns?service=shop",
    "/logs/patterns?severity=warn",
    "/logs/fields?service=shop",
    "/logs/fields?q=took&severity=warn",
    '/loki/api/v1/query_range?query={service_name=~"shop|cart"} |= "took"&limit=1000',
    '/loki/api/v1/query_range?query=sum by (service_name) (count_over_time({service_name=~"shop|bank"}[2h]))&step=600',
    *(
        f"/loki/api/v1/query_range?query={query}&limit=1000&step=600"
        for query in (
            '{service_name="bank"} |~ "took (1|2). ms" != "12"&direction=forward',
            "{} | pattern `step took <took> ms <_>` | took > 30 | line_format `{{.took}} {{.service_name}}`",
            '{service_name=~".*"} | regexp `took (?P<ms>[0-9]*)` | ms=~"1." | keep ms',
            "{} | logfmt | n >= 20 | label_format at=n",
            '{level="error"} | json | drop __error__',
            "rate({} |= `took` [20m])",
            "sum by (level) (bytes_rate({} [20m]))",
            "topk(2, sum by (service_name) (count_over_time({} | n > 3 [30m])))",
            "quantile_over_time(0.9, {} | pattern `step took <took> ms <_>` | unwrap took [30m]) by (service_name)",
            'absent_over_time({service_name="none"} [30m])',
        )
    ),
    '/loki/api/v1/query?query=sum(count_over_time({service_name="cart"}[2h]))',
    "/loki/api/v1/labels",
    "/loki/api/v1/label/service_name/values",
    "/loki/api/v1/label/level/values",
    '/loki/api/v1/series?match[]={service_name=~"shop|cart"}',
    "/loki/api/v1/index/stats?query={}",
    "/loki/api/v1/index/volume?query={}&targetLabels=service_name",
    "/loki/api/v1/index/volume_range?query={}&step=600",
    "/loki/api/v1/detected_labels?query={}",
    "/traces?service=bank&limit=100",
    "/traces?status=error&limit=100",
    "/traces?order=slowest&limit=5",
    "/traces?order=spread&limit=8",
    "/traces?attributes.n=4",
    "/traces?operation=step 2&min_duration_ms=100&max_duration_ms=400",
    "/services/graph",
    "/api/services/shop/operations",
    "/api/operations?service=shop&spanKind=server",
    "/api/traces?service=cart&limit=100",
    '/api/traces?service=shop&operation=step 2&minDuration=1ms&tags={"n":"4"}',
)


class Story:
    """Traces of three services over an hour, in pieces, and the lines that were written meanwhile."""

    def __init__(self, dice: random.Random) -> None:
        self.end = time.time_ns() - 60 * SECOND
        self.range = f"from={self._time(self.end - 3700 * SECOND)}&to={self._time(self.end + SECOND)}"
        self.loki_range = f"start={self.end - 3700 * SECOND}&end={self.end + SECOND}&time={self.end + SECOND}"
        self.spans = {f"{number + 1:032x}": list(self._trace(number, dice)) for number in range(TRACES)}
        self.bodies = list(self._bodies(dice))

    def urls(self) -> list[str]:
        """All that is asked, over the range of the story."""
        found = [
            f"{url}{'&' if '?' in url else '?'}{self.loki_range if 'loki' in url else self.range}"
            for url in SEARCHES
            if not url.startswith("/api/")
        ]
        found.append(f"/api/dependencies?endTs={self.end // 1_000_000 + 1_000}&lookback=3700000")
        found += [url for url in SEARCHES if url.startswith("/api/")]
        errors = self.range.replace("from=", "since=").replace("to=", "until=")
        found += [f"/errors?{errors}", f"/errors?service=shop&{errors}", f"/errors?state=unresolved&limit=5&{errors}"]
        for trace in self.spans:
            found += [f"/traces/{trace}", f"/api/traces/{trace}", f"/logs?trace_id={trace}&limit=1000"]
        return found

    @staticmethod
    def _time(nanoseconds: int) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(nanoseconds // SECOND))

    def _trace(self, number: int, dice: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
        """Spans with their service; each is part of an earlier one, the first of none."""
        start = self.end - 3600 * SECOND
        for place in range(6):
            began = start + place * 600 * SECOND
            span = {
                "traceId": f"{number + 1:032x}",
                "spanId": f"{number * 100 + place + 1:016x}",
                "name": f"step {place}",
                "kind": 1 + place % 5,
                "startTimeUnixNano": str(began),
                "endTimeUnixNano": str(began + dice.randrange(1, 500) * 1_000_000 + 7),
                "attributes": attributes({**EVERY_KIND, "n": {"intValue": str(number)}, "hard": HARD}),
                "events": [{"timeUnixNano": str(began + 1), "name": "retry", "attributes": attributes(EVERY_KIND)}],
                "links": [{"traceId": "f" * 32, "spanId": "e" * 16, "attributes": attributes({"why": HARD})}],
                "status": {"code": 2, "message": HARD} if (number + place) % 4 == 0 else {},
            }
            if place:
                span["parentSpanId"] = f"{number * 100 + dice.randrange(place) + 1:016x}"
            yield SERVICES[(number + place) % 3], span

    def _bodies(self, dice: random.Random) -> Iterator[tuple[str, bytes, str]]:
        """Requests in any order: each span alone and some twice, and lines by OTLP, in JSON and as Loki has them."""
        sent = [pair for spans in self.spans.values() for pair in spans]
        sent += dice.sample(sent, len(sent) // 3)
        dice.shuffle(sent)
        for number, (service, span) in enumerate(sent):
            form = JSON if number % 2 else PROTOBUF
            yield "/v1/traces", encoded(traces(span, service_name=service), form), form
        for number in range(60):
            yield self._line(number)
        event = {"type": "error", "service": "shop", "timestamp": self._time(self.end), "data": {"message": HARD}}
        yield "/events", json.dumps(event).encode(), JSON

    def _line(self, number: int) -> tuple[str, bytes, str]:
        at, service = self.end - number * 50 * SECOND, SERVICES[number % 3]
        text, ids = f"step took {number} ms {HARD}", {"trace_id": f"{number % TRACES + 1:032x}", "span_id": "a" * 16}
        if number % 3 == 0:
            record = {
                "timeUnixNano": str(at),
                "severityNumber": 17 if number % 2 else 9,
                "body": {"stringValue": text},
                "attributes": attributes({**EVERY_KIND, "n": {"intValue": str(number)}}),
                "traceId": ids["trace_id"],
            }
            return "/v1/logs", encoded(logs(record, service_name=service), PROTOBUF), PROTOBUF
        if number % 3 == 1:
            given = {"n": number, "m": {"k": HARD}, "huge": 12345678901234567890123}
            line = {"service": service, "body": text, "timestamp": at, "level": "warn", "attributes": given, **ids}
            return "/logs", json.dumps(line).encode(), JSON
        stream = {"stream": {"service_name": service}, "values": [[str(at), text, {"n": str(number), **ids}]]}
        return "/loki/api/v1/push", json.dumps({"streams": [stream]}).encode(), JSON


def others() -> list[tuple[str, bytes, str]]:
    """Twice as many records of another service as memory keeps, so that it lets all of the story go."""
    start = time.time_ns() - 3 * 3600 * SECOND
    lines = [{"service": "other", "body": str(number), "timestamp": start} for number in range(2 * RING)]
    fields = {"service": "other", "name": "x", "start": start, "duration_ms": 1}
    spans = [{"trace_id": f"{n + 900:032x}", "span_id": f"{n + 900:016x}", **fields} for n in range(2 * RING)]
    return [
        (f"/{kind}", json.dumps({kind: records}).encode(), JSON)
        for kind, records in (("logs", lines), ("spans", spans))
    ]


@pytest.fixture(scope="module")
def story() -> Story:
    return Story(random.Random(16))


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory, story: Story) -> Iterator[Mortal]:
    rings = {"ANALYTICS_LOGS_RING": str(RING), "ANALYTICS_SPANS_RING": str(RING), "ANALYTICS_STORE_SECONDS": "1"}
    folder = tmp_path_factory.mktemp("kept")
    with Mortal(folder / "log", folder / "data", **rings).running() as mortal:
        send(mortal, story.bodies)
        yield mortal


def send(server: Server, bodies: list[tuple[str, bytes, str]]) -> None:
    with requests.Session() as session:
        for path, body, media_type in bodies:
            answer = session.post(server.url + path, data=body, headers={"Content-Type": media_type}, timeout=20)
            assert answer.status_code in (200, 201, 204), answer.text


def answers(server: Server, urls: list[str], story: Story) -> dict[str, Any]:
    """The JSON of each question, of pages both ways, and of the lines around one."""
    found = {}
    with requests.Session() as session:
        for url in urls:
            answer = session.get(server.url + url, timeout=20)
            assert answer.status_code == 200, (url, answer.text)
            found[url] = json.loads(answer.text, object_hook=without_stats)
        newest, shared = found[next(url for url in found if "limit=7" in url)], f"limit=7&service=cart&{story.range}"
        found["older"] = session.get(f"{server.url}/logs?cursor={newest['next_cursor']}&{shared}", timeout=20).json()
        back = f"{server.url}/logs?cursor={found['older']['previous_cursor']}&{shared}"
        found["newer"] = session.get(back, timeout=20).json()
        around = {"id": newest["lines"][3]["id"]}
        found["context"] = session.get(f"{server.url}/logs/context", params=around, timeout=20).json()
    return found


def without_stats(part: dict[str, Any]) -> dict[str, Any]:
    """An object without Loki's figures about the work, which differ."""
    return {name: each for name, each in part.items() if name != "stats"}


def test_answers_are_the_same_from_memory_from_the_store_and_after_a_kill(mortal: Mortal, story: Story) -> None:
    urls = story.urls()
    newest = next(url for url in urls if "limit=7" in url)
    in_memory = answers(mortal, urls, story)
    assert json.dumps(in_memory).count(json.dumps(HARD)[1:-1]) > 100
    assert [url for url, answer in in_memory.items() if is_empty(answer)] == []
    assert in_memory["newer"]["lines"] == in_memory[newest]["lines"]
    send(mortal, others())
    check_same(in_memory, answers(mortal, [newest, *urls[::3]], story))
    eventually(lambda: in_files(mortal), 90)
    check_same(in_memory, answers(mortal, urls, story))
    mortal.begin_again()
    eventually(lambda: requests.get(f"{mortal.url}/logs", timeout=20).ok, 90)  # the store has started
    check_same(in_memory, answers(mortal, urls, story))


def is_empty(answer: Any) -> bool:
    """Whether nothing was found."""
    data = answer.get("data", answer)
    return not data or (isinstance(data, dict) and any(each == [] for each in data.values()))


def in_files(mortal: Mortal) -> bool:
    """Whether the store has written lines and spans to files."""
    return all(any((mortal.data / "store" / kind).rglob("*.parquet")) for kind in ("logs", "spans"))


def check_same(before: dict[str, Any], now: dict[str, Any]) -> None:
    for url, found in now.items():
        assert found == before[url], url


def test_a_trace_that_came_in_pieces_is_one_trace(mortal: Mortal, story: Story) -> None:
    for trace_id, spans in story.spans.items():
        answer = mortal.get(f"/traces/{trace_id}")
        assert answer["span_count"] == len(spans)
        assert answer["services"] == dict.fromkeys(SERVICES, 2)
        assert [each["span_id"] for each in answer["spans"]] == [span["spanId"] for _, span in spans]
        assert [each["service"] for each in answer["spans"]] == [service for service, _ in spans]

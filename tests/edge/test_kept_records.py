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
TRACES = 12
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
    "/logs/patterns?service=shop",
    "/logs/fields?service=shop",
    '/loki/api/v1/query_range?query={service_name=~"shop|cart"} |= "took"&limit=1000',
    '/loki/api/v1/query_range?query=sum by (service_name) (count_over_time({service_name=~"shop|bank"}[2h]))&step=600',
    "/loki/api/v1/label/service_name/values",
    "/traces?service=bank&limit=100",
    "/traces?status=error&limit=100",
    "/traces?order=slowest&limit=5",
    "/traces?attributes.n=4",
    "/services/graph",
    "/api/traces?service=cart&limit=100",
)


class Story:
    """Traces of three services over an hour, in pieces, and the lines that were written meanwhile."""

    def __init__(self, dice: random.Random) -> None:
        self.end = time.time_ns() - 60 * SECOND
        self.range = f"from={self._time(self.end - 3700 * SECOND)}&to={self._time(self.end + SECOND)}"
        self.loki_range = f"start={self.end - 3700 * SECOND}&end={self.end + SECOND}"
        self.spans = {f"{number + 1:032x}": list(self._trace(number, dice)) for number in range(TRACES)}
        self.bodies = list(self._bodies(dice))

    def urls(self) -> list[str]:
        """All that is asked, over the range of the story."""
        found = [
            f"{url}{'&' if '?' in url else '?'}{self.loki_range if 'loki' in url else self.range}"
            for url in SEARCHES
            if not url.startswith("/api/")
        ]
        found += [url for url in SEARCHES if url.startswith("/api/")]
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


def answers(server: Server, story: Story) -> dict[str, Any]:
    """The JSON of each question."""
    found = {}
    with requests.Session() as session:
        for url in story.urls():
            answer = session.get(server.url + url, timeout=20)
            assert answer.status_code == 200, (url, answer.text)
            found[url] = json.loads(answer.text, object_hook=without_stats)
    return found


def without_stats(part: dict[str, Any]) -> dict[str, Any]:
    """An object without Loki's figures about the work, which differ."""
    return {name: each for name, each in part.items() if name != "stats"}


def test_answers_are_the_same_from_memory_from_the_store_and_after_a_kill(mortal: Mortal, story: Story) -> None:
    in_memory = answers(mortal, story)
    assert json.dumps(in_memory).count(json.dumps(HARD)[1:-1]) > 100
    assert not [url for url, answer in in_memory.items() if is_empty(answer)]
    send(mortal, others())
    check_same(in_memory, answers(mortal, story))
    eventually(lambda: in_files(mortal))
    check_same(in_memory, answers(mortal, story))
    mortal.begin_again()
    check_same(in_memory, answers(mortal, story))


def is_empty(answer: Any) -> bool:
    """Whether nothing was found."""
    data = answer.get("data", answer)
    return not data or (isinstance(data, dict) and any(each == [] for each in data.values()))


def in_files(mortal: Mortal) -> bool:
    """Whether the store has written lines and spans to files."""
    return all(any((mortal.data / "store" / kind).rglob("*.parquet")) for kind in ("logs", "spans"))


def check_same(before: dict[str, Any], now: dict[str, Any]) -> None:
    for url, expected in before.items():
        assert now[url] == expected, url


def test_a_trace_that_came_in_pieces_is_one_trace(mortal: Mortal, story: Story) -> None:
    for trace_id, spans in story.spans.items():
        answer = mortal.get(f"/traces/{trace_id}")
        assert answer["span_count"] == len(spans)
        assert answer["services"] == dict.fromkeys(SERVICES, 2)
        assert [each["span_id"] for each in answer["spans"]] == [span["spanId"] for _, span in spans]
        assert [each["service"] for each in answer["spans"]] == [service for service, _ in spans]

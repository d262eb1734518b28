"""Long queries run in threads: with the answers of short ones, sent in parts, and cut off if nobody receives."""

import gzip
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from flask import Flask

from analytics.api.prometheus import queries, streams
from analytics.api.prometheus.answers import Chunk
from analytics.api.prometheus.streams import MOST_STREAMS, Streams
from analytics.promql.budget import Limits
from analytics.promql.errors import QueryCanceled
from analytics.threads import Items, Threads
from tests.access.rig import Rig

API = "/api/v1"
PATIENCE = 20
NOW = 1_700_000_000


@pytest.fixture(scope="module")
def rig() -> Rig:
    rig = Rig(admin_key="")
    metrics = [{"name": "cpu", "value": number, "tags": {"host": f"h{number}"}} for number in range(50)]
    assert rig.post("/metrics", metrics).status_code == 200
    assert rig.post("/events", {"type": "request", "service": "shop", "data": {"latency": 20}}).status_code == 201
    rig.clock.advance(5)
    return rig


@pytest.fixture
def only_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """No query is short."""
    monkeypatch.setattr(queries, "SHORT_SAMPLES", -1)


QUERIES = [
    ("/query", {"query": "sum by (host) (cpu)"}),
    ("/query", {"query": "increase(latency_milliseconds[1m])"}),
    ("/query", {"query": '{__name__=~".+"}'}),
    ("/query", {"query": "sum("}),
    ("/query", {"query": "cpu + on() cpu"}),
    ("/query", {"query": "cpu", "limit": "3"}),
    ("/query_range", {"query": "cpu", "start": NOW, "end": NOW + 2_000, "step": "10"}),
    ("/query_range", {"query": "cpu", "start": NOW, "end": NOW + 2_000, "step": "0"}),
    ("/series", {"match[]": 'cpu{host=~"h.*"}'}),
    ("/series", {"match[]": "cpu", "limit": "2"}),
    ("/labels", {}),
    ("/label/host/values", {}),
]


@pytest.mark.parametrize(("path", "asked"), QUERIES)
def test_answers_are_those_of_the_event_loop(
    rig: Rig, request: pytest.FixtureRequest, path: str, asked: dict[str, str]
) -> None:
    short = rig.get(API + path, query_string={"time": rig.clock.wall(), **asked})
    request.getfixturevalue("only_threads")
    long = rig.get(API + path, query_string={"time": rig.clock.wall(), **asked})
    assert (long.status_code, long.data) == (short.status_code, short.data)
    assert long.data.startswith(b'{"status":')


@pytest.mark.usefixtures("only_threads")
def test_a_long_answer_is_gzipped_for_those_that_accept_it(rig: Rig) -> None:
    asked = {"query": "cpu", "start": rig.clock.wall() - 2, "end": rig.clock.wall() + 200, "step": "0.2"}
    plain = rig.get(f"{API}/query_range", query_string=asked)
    packed = rig.get(f"{API}/query_range", query_string=asked, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(plain.data) > 500_000
    assert packed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.usefixtures("only_threads")
def test_a_query_that_needs_too_much_ends_in_its_thread(rig: Rig) -> None:
    answer = rig.get(f"{API}/query", query_string={"query": "sum_over_time(cpu[5d:1s])"})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errorType"] == "execution"


@pytest.mark.parametrize(("length", "is_long"), [("1h", False), ("2h", True)])
def test_a_subquery_of_many_steps_runs_in_a_thread(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, length: str, is_long: bool
) -> None:
    in_threads, items = [], Threads.items

    def counted(*args: Any) -> Items[Any]:
        in_threads.append(args)
        return items(*args)

    monkeypatch.setattr(Threads, "items", counted)
    asked = {"time": rig.clock.wall(), "query": f'max_over_time(cpu{{host="h1"}}[{length}:1s])'}
    assert rig.get(f"{API}/query", query_string=asked).status_code == 200
    assert len(in_threads) == is_long


def test_others_run_before_each_query_of_the_event_loop() -> None:
    order: list[str] = []
    engine: Any = SimpleNamespace(storage=None, lookback=300_000, subquery_step=60_000)
    params: Any = SimpleNamespace(duration=lambda _, default: default)

    def make(*_: object) -> Iterator[bytes]:
        order.append("query")
        yield b"{}"

    asked = queries.Queries(engine, Limits(), lambda: order.append("others"), Threads())
    with Flask("asked").test_request_context("/") as context:
        assert asked.run(make, params, context.request.environ).get_data() == b"{}"
    assert order[:2] == ["others", "query"]


def endless(threads: Threads) -> Items[Chunk]:
    def make() -> Iterator[Chunk]:
        while True:
            yield Chunk(b"x", is_gzipped=False)

    return threads.items(make)


def test_the_oldest_answer_is_cut_off_when_another_one_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    threads, sent = Threads(), Streams()
    running = [sent.add(Chunk(b"start", False), endless(threads), lambda: True) for _ in range(MOST_STREAMS)]
    assert [next(stream) for stream in running] == [b"start"] * MOST_STREAMS
    waiting = gevent.spawn(sent.add, Chunk(b"late", False), endless(threads), lambda: True)
    gevent.sleep(0)
    assert [next(stream) for stream in running] == [b"x"] * MOST_STREAMS
    monkeypatch.setattr(streams, "GRACE_SECONDS", -1.0)
    late = waiting.get(timeout=PATIENCE)
    assert next(late) == b"late"
    with pytest.raises(ConnectionResetError):  # what was sent must not look whole
        next(running[0])
    assert [next(stream) for stream in running[1:]] == [b"x"] * (MOST_STREAMS - 1)
    for stream in (*running, late):
        stream.close()
    assert len(sent) == 0


def test_an_answer_without_room_whose_client_left_is_closed() -> None:
    threads, sent = Threads(), Streams()
    running = [sent.add(Chunk(b"start", False), endless(threads), lambda: True) for _ in range(MOST_STREAMS)]
    late = endless(threads)
    with pytest.raises(QueryCanceled):
        sent.add(Chunk(b"late", False), late, lambda: False)
    assert late.ended.wait(PATIENCE)
    for stream in running:
        stream.close()

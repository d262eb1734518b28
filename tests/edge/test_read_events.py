"""GET /events: filters that combine, newest first, bounds, and pages without gaps or repeats while events arrive."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
import requests

from tests.edge.wire import check_problem, eventually, unique
from tests.server import Server


def ask(server: Server, **query: Any) -> Any:
    return server.get("/events", params=query)


def numbers(answer: Any) -> list[int]:
    return [event["data"]["n"] for event in answer["events"]]


@pytest.fixture(scope="module")
def service(shared_server: Server) -> str:
    """A service with 12 events of 2 types and 3 users, an hour apart, the newest now, sent in order of time."""
    name = unique("reads")
    now = datetime.now(UTC).replace(microsecond=0)
    batch = [
        {
            "type": ("search", "purchase")[n % 2],
            "service": name,
            "user_id": f"user-{n % 3}",
            "timestamp": (now - timedelta(hours=11 - n)).isoformat(),
            "data": {"n": n, "text": f"Größe {n} <b>Äpfel</b>"},
        }
        for n in range(12)
    ]
    assert shared_server.post("/events", batch).json()["accepted"] == 12
    return name


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, range(11, -1, -1)),
        ({"type": "purchase"}, [11, 9, 7, 5, 3, 1]),
        ({"user_id": "user-1"}, [10, 7, 4, 1]),
        ({"type": "search", "user_id": "user-1"}, [10, 4]),
        ({"type": "nothing"}, []),
        ({"q": "größe 7"}, [7]),
        ({"q": "ÄPFEL", "type": "purchase", "user_id": "user-0"}, [9, 3]),
        ({"q": "<b>"}, range(11, -1, -1)),
        ({"q": "not there"}, []),
        ({"limit": 1}, [11]),
        ({"limit": 1000}, range(11, -1, -1)),
        ({"type": "", "limit": ""}, range(11, -1, -1)),
    ],
)
def test_filters_combine_and_the_newest_come_first(
    shared_server: Server, service: str, query: dict[str, Any], expected: Any
) -> None:
    answer = ask(shared_server, service=service, **query)
    assert numbers(answer) == list(expected)
    assert answer["count"] == len(answer["events"])
    assert answer["limit"] == (query.get("limit") or 100)


def test_since_is_inclusive_and_until_exclusive(shared_server: Server, service: str) -> None:
    times = {event["data"]["n"]: event["timestamp"] for event in ask(shared_server, service=service)["events"]}
    assert numbers(ask(shared_server, service=service, since=times[9])) == [11, 10, 9]
    assert numbers(ask(shared_server, service=service, until=times[2])) == [1, 0]
    assert numbers(ask(shared_server, service=service, since=times[4], until=times[6])) == [5, 4]
    assert numbers(ask(shared_server, service=service, since=times[4], until=times[4])) == []
    elsewhere = datetime.fromisoformat(times[9]).astimezone(datetime.now(UTC).tzinfo).isoformat()
    assert numbers(ask(shared_server, service=service, since=elsewhere)) == [11, 10, 9]
    plus = datetime.fromisoformat(times[9]).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    unquoted = shared_server.get(f"/events?service={service}&since={plus}")
    assert numbers(unquoted) == [11, 10, 9], "an unquoted + arrives as a space"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1e2", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("type=a&type=b", "type"),
        ("type=" + "a" * 129, "type"),
        ("type=%00", "type"),
        ("service=a%0Ab", "service"),
        ("q=" + "a" * 1025, "q"),
        ("q=typ:a", "q"),
        ("order=size", "order"),
        ("order=time&cursor=5", "cursor"),
        ("cursor=5-5", "cursor"),
        ("data.=a", "data."),
        ("data.a=%00", "data.a"),
        ("data.a=1&data.a=2", "data.a"),
        ("user_id=" + "a" * 257, "user_id"),
        ("since=yesterday", "since"),
        ("since=2024-01-15", "since"),
        ("since=1705314600", "since"),
        ("until=2024-01-15T10:30:00", "until"),
        ("cursor=0", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=9223372036854775808", "cursor"),
        ("Type=a", "Type"),
        ("offset=5", "offset"),
        ("types=a&more=b", "types"),
        ("tag.a=b", "tag.a"),
    ],
)
def test_a_wrong_query_is_a_422_that_names_the_parameter(shared_server: Server, query: str, field: str) -> None:
    answer = requests.get(f"{shared_server.url}/events?{query}", timeout=10)
    assert field in check_problem(answer, 422, "validation_failed")["fields"]


def test_a_query_that_is_not_text_is_not_a_500(shared_server: Server) -> None:
    for query in ("type=%ff%fe", "%00=%00", "type=%", "&&&", "=", "type=%ed%a0%80"):
        assert requests.get(f"{shared_server.url}/events?{query}", timeout=10).status_code in (200, 400, 422), query


def pages(server: Server, limit: int, **query: Any) -> list[list[int]]:
    found, cursor = [], None
    while True:
        answer = ask(server, limit=limit, **query, **({} if cursor is None else {"cursor": cursor}))
        found.append(numbers(answer))
        cursor = answer["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize(("limit", "sizes"), [(5, [5, 5, 2]), (6, [6, 6]), (12, [12]), (11, [11, 1])])
def test_pages_add_up_to_all_events(shared_server: Server, service: str, limit: int, sizes: list[int]) -> None:
    found = pages(shared_server, limit, service=service)
    assert [len(page) for page in found] == sizes
    assert list(chain(*found)) == list(range(11, -1, -1))


def test_pages_of_a_filter_add_up_too(shared_server: Server, service: str) -> None:
    assert pages(shared_server, 4, service=service, type="purchase") == [[11, 9, 7, 5], [3, 1]]


def test_pages_have_no_gap_and_no_repeat_while_events_arrive(shared_server: Server) -> None:
    name = unique("paged")
    shared_server.post("/events", [{"type": "a", "service": name, "data": {"n": n}} for n in range(500)])
    stop, sent = threading.Event(), [500]

    def write() -> None:
        while not stop.is_set():
            events = [{"type": "a", "service": name, "data": {"n": sent[0] + n}} for n in range(20)]
            shared_server.post("/events", events)
            sent[0] += 20

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for limit in (7, 50):
            before = sent[0]
            eventually(lambda before=before: sent[0] > before)
            found = list(chain(*pages(shared_server, limit, service=name)))
            assert found == list(range(found[0], -1, -1))
        assert sent[0] > 540
    finally:
        stop.set()
        writer.join()


def test_a_cursor_in_the_far_future_returns_the_newest(shared_server: Server, service: str) -> None:
    assert numbers(ask(shared_server, service=service, cursor=2**63 - 1, limit=2)) == [11, 10]

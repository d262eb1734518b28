"""Reconnects and patches lose nothing: the client's state and events equal the service's."""

import random
import time
from contextlib import ExitStack
from itertools import count
from threading import Event, Thread
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.edge.frames import Live, Message, is_event, is_update
from tests.edge.wire import unique
from tests.server import Server


def event(kind: str, service: str, n: int) -> dict[str, Any]:
    return {"type": kind, "service": service, "data": {"n": n}}


def numbers(messages: list[Message]) -> list[int]:
    """The `n` of the events in messages."""
    return [message["data"]["data"]["n"] for message in messages if message["type"] == "event"]


def is_snapshot(message: Message) -> bool:
    return bool(message["type"] == "snapshot")


def test_a_client_that_reconnects_gets_missed_events_first(shared_server: Server) -> None:
    shop = unique("shop")
    with Live(shared_server, f"service={shop}") as live:
        live.until(is_update)
        since = live.seq
    shared_server.post("/events", [event("view", shop, n) for n in range(700)])
    shared_server.post("/events", [event("sale", shop, n) for n in range(700, 710)])
    with Live(shared_server, f"service={shop}&since={since}") as live:
        missed = live.until(is_snapshot)
        newest = live.seq
        assert numbers(missed) == list(range(710))
        assert [message["seq"] for message in missed[:-1]] == list(range(newest - 709, newest + 1))
        assert "gap" not in missed[-1]
        shared_server.post("/events", event("sale", shop, 710))
        assert numbers(live.until(is_event("sale"))) == [710]
    with Live(shared_server, f"events=sale&service={shop}&since={since}") as live:
        assert numbers(live.until(is_snapshot)) == list(range(700, 711))
    with Live(shared_server, f"events=none&since={since}") as live:
        assert live.next()["type"] == "snapshot"
    with Live(shared_server, f"since={newest + 1}") as live:
        first = live.next()
        assert (first["type"], first["seq"], "gap" in first) == ("snapshot", newest + 1, False)


def test_unknown_sequence_numbers_are_a_gap(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_EVENTS_RING": "50"})
    with Live(server) as live:
        since = live.next()["seq"]
    server.post("/events", [event("view", "shop", n) for n in range(50)])
    with Live(server, f"since={since}") as live:
        missed = live.until(is_snapshot)
        assert numbers(missed) == list(range(50))
        assert "gap" not in missed[-1]
    server.post("/events", event("view", "shop", 50))
    for lost in (since, 0, since + 52, 2**53):
        with Live(server, f"since={lost}") as live:
            first = live.next()
            assert (first["type"], first["gap"], first["seq"]) == ("snapshot", True, since + 51), lost
            assert first["data"]["overview"]
    with Live(server, f"since={since + 1}") as live:
        missed = live.until(is_snapshot)
        assert numbers(missed) == list(range(1, 51))
        assert "gap" not in missed[-1]


def test_a_subscription_with_since_repeats_no_queued_event_and_a_full_update_follows(
    shared_server: Server,
) -> None:
    shop = unique("shop")
    with Live(shared_server, f"service={shop}&updates=patch") as live:
        for start in (0, 3):
            live.until(lambda message: "patch" in message)
            shared_server.post("/events", [event("view", shop, start + place) for place in range(3)])
            live.say({"type": "subscribe", "since": live.seq})
            missed = live.until(is_snapshot)
            rest = live.until(is_update)
            assert numbers(missed + rest) == list(range(start, start + 3))
            assert "data" in rest[-1], "a patch would be against the update before the snapshot"


def visit(server: Server, query: str, since: int, most: int) -> tuple[list[int], int]:
    """Connect, read `most` messages, and disconnect; returns the numbers of the events, and the greatest seq."""
    messages: list[Message] = []
    with Live(server, f"{query}&since={since}") as live:
        while len(messages) < most:
            messages.append(live.next())
        live.vanish()
    assert not any("gap" in message or "dropped" in message for message in messages)
    return numbers(messages), max(since, *(message["seq"] for message in messages))


def test_a_client_that_reconnects_often_gets_each_event_once(shared_server: Server, dice: random.Random) -> None:
    service, stop = unique("back"), Event()
    posted: list[dict[str, Any]] = []

    def post() -> None:
        own, number = random.Random(dice.random()), count()
        while not stop.is_set():
            kinds = own.choices(("sale", "view"), k=own.choice((1, 1, 1, 5, 30)))
            batch = [event(kind, service, next(number)) for kind in kinds]
            posted.extend(batch)
            shared_server.post("/events", batch)
            time.sleep(own.uniform(0, 0.02))

    queries = {f"service={service}": ("sale", "view"), f"events=sale&service={service}": ("sale",)}
    received: dict[str, list[int]] = {query: [] for query in queries}
    since: dict[str, int] = {}
    for query in queries:
        with Live(shared_server, query) as live:
            since[query] = live.next()["seq"]
    thread = Thread(target=post)
    thread.start()
    try:
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            for query in queries:
                seen, since[query] = visit(shared_server, query, since[query], dice.randint(1, 40))
                received[query] += seen
    finally:
        stop.set()
        thread.join()
    for query, kinds in queries.items():
        with Live(shared_server, f"{query}&since={since[query]}") as live:
            received[query] += numbers(live.until(is_snapshot))
        assert received[query] == [each["data"]["n"] for each in posted if each["type"] in kinds], query
    assert len(posted) > 100


def applied(target: Any, patch: Any) -> Any:
    """Merge a patch: RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        merged[name] = applied(merged.get(name), value)
    return {name: value for name, value in merged.items() if name not in patch or patch[name] is not None}


@pytest.mark.parametrize("rounds", [4, pytest.param(30, marks=pytest.mark.long)])
def test_patches_add_up_to_the_full_updates(start_server: StartServer, dice: random.Random, rounds: int) -> None:
    server = start_server()
    with ExitStack() as stack:
        full = stack.enter_context(Live(server, "events=none"))
        patched = [stack.enter_context(Live(server, "events=none&updates=patch"))]
        states: list[Any] = [{}, {}]
        patches, joined = 0, ""
        for number in range(rounds):
            for live in (full, *patched):
                live.answers_pings = True
            service = f"service-{number // 2}"
            server.post("/heartbeat", {"service": service, "status": dice.choice(("healthy", "degraded"))})
            for kind in dice.sample(("request", "error", "sale"), dice.randint(0, 3)):
                data = {"status": dice.choice((200, 500)), "latency": dice.randint(1, 90), "endpoint": f"/{number}"}
                server.post("/events", {"type": kind, "service": service, "user_id": f"u-{number}", "data": data})
            if number % 3 == 0:
                server.post("/metrics", {"name": "memory", "value": number, "service": service})
                beat = {"service": service, "status": "healthy", "metrics": {"request_count": number, "extra": None}}
                server.post("/heartbeat", beat)
            if number == 2:
                patched.append(stack.enter_context(Live(server, "events=none&updates=patch")))
                joined = patched[-1].next()["data"]["updated_at"]
            expected = full.until(is_update)[-1]
            while expected["data"]["updated_at"] <= joined:
                expected = full.until(is_update)[-1]
            for place, live in enumerate(patched):
                while states[place].get("updated_at", "") < expected["data"]["updated_at"]:
                    got = live.until(is_update)[-1]
                    patches += "patch" in got
                    states[place] = applied(states[place], got["patch"]) if "patch" in got else got["data"]
                assert (live.seq, states[place]) == (expected["seq"], expected["data"])
        assert patches >= rounds // 2, "only first updates, and those that no patch can express, are full"
        assert set(states[0]["services"]) == {f"service-{number // 2}" for number in range(rounds)}

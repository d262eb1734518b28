"""Options of a plain WebSocket client: in the address, in later messages, and the answers."""

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.edge.frames import UPGRADE, Live, Message, is_event, is_update
from tests.edge.wire import check_problem, exchange, head, unique
from tests.server import Server


def event(kind: str, service: str) -> dict[str, Any]:
    return {"type": kind, "service": service}


def events_in(messages: Iterable[Message]) -> list[tuple[str, str]]:
    """Types and services of the events in messages."""
    return [(m["data"]["type"], m["data"]["service"]) for m in messages if m["type"] == "event"]


def up_to_now(*clients: Live) -> list[list[Message]]:
    """The messages of each client, up to an update that includes all records posted before."""
    now = datetime.now(UTC)
    return [
        live.until(lambda m: is_update(m) and datetime.fromisoformat(m["data"]["updated_at"]) > now) for live in clients
    ]


def test_clients_get_the_events_they_subscribed_to(shared_server: Server) -> None:
    shop, cart = unique("shop"), unique("cart")
    posted = [event(kind, service) for kind in ("sale", "a b", "view") for service in (shop, cart)]
    everything = [(each["type"], each["service"]) for each in posted]
    cases = {
        f"service={shop},{cart}": everything,
        f"events=all&service={shop},{cart}&updates=full": everything,
        f"service={shop},{cart}&updates=&since=": everything,
        "events=none": [],
        f"events=none&service={shop}": [],
        f"events=sale,a%20b&service={shop}": [("sale", shop), ("a b", shop)],
        f"service={cart}": [each for each in everything if each[1] == cart],
        f"events=view&service={shop},{cart}": [("view", shop), ("view", cart)],
        "events=unheard": [],
        "": everything,
    }
    with ExitStack() as stack:
        clients = {query: stack.enter_context(Live(shared_server, query)) for query in cases}
        for live in clients.values():
            assert live.next()["type"] == "snapshot"
        assert shared_server.post("/events", posted).json()["accepted"] == len(posted)
        for query, messages in zip(cases, up_to_now(*clients.values()), strict=True):
            assert events_in(messages) == cases[query], query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("events=a,,b", "events"),
        ("events=", "events"),
        ("events=" + "x" * 129, "events"),
        ("events=" + ",".join("x" * 101), "events"),
        ("events=a&events=b", "events"),
        ("service=%00", "service"),
        ("service=,", "service"),
        ("updates=some", "updates"),
        ("updates=Patch", "updates"),
        ("since=-1", "since"),
        ("since=1.5", "since"),
        ("since=yesterday", "since"),
        (f"since={10**30}", "since"),
        ("event=a", "event"),
        ("events=none&limit=5", "limit"),
    ],
)
def test_a_wrong_option_is_refused_before_the_upgrade(shared_server: Server, query: str, field: str) -> None:
    answer = exchange(shared_server, head(shared_server, f"/ws/dashboard?{query}", *UPGRADE, method="GET"))
    check_problem(answer, 422, "validation_failed", field)


def test_options_can_be_changed_later_and_omitted_ones_stay(shared_server: Server) -> None:
    shop, cart = unique("shop"), unique("cart")
    with Live(shared_server, f"events=sale&service={shop}") as live:
        live.next()

        def subscribe(**options: Any) -> dict[str, Any]:
            live.say({"type": "subscribe", **options})
            data: dict[str, Any] = live.until(lambda message: message["type"] == "subscribed")[-1]["data"]
            return data

        def received() -> list[tuple[str, str]]:
            batch = [event(kind, service) for kind in ("sale", "view") for service in (shop, cart)]
            assert shared_server.post("/events", batch).json()["accepted"] == 4
            return events_in(*up_to_now(live))

        assert received() == [("sale", shop)]
        assert subscribe() == {"events": ["sale"], "service": [shop], "updates": "full"}
        assert subscribe(service=f"{shop},{cart}") == {"events": ["sale"], "service": [cart, shop], "updates": "full"}
        assert received() == [("sale", shop), ("sale", cart)]
        options = {"events": ["view"], "updates": "patch"}
        assert subscribe(**options) == {**options, "service": [cart, shop]}
        live.say({"type": "subscribe", "updates": "full"})
        assert received() == [("view", shop), ("view", cart)]
        assert subscribe(events="none")["events"] == []
        assert subscribe(events=[])["events"] == []
        assert received() == []


def test_pings_and_invalid_messages_are_answered_and_change_nothing(shared_server: Server) -> None:
    shop = unique("shop")
    mistakes: list[tuple[Any, str]] = [
        ({"type": "subscribe", "events": 5}, "events"),
        ({"type": "subscribe", "events": ""}, "events"),
        ({"type": "subscribe", "event": "sale"}, "event"),
        ({"type": "subscribe", "since": "x"}, "since"),
        ({"type": "subscribe", "events": "view", "updates": "some"}, "updates"),
        ({"type": "shout"}, "type"),
        ({"type": "ping", "more": 1}, "type"),
        ({}, "type"),
        ([], ""),
        ("ping", ""),
        (None, ""),
    ]
    with Live(shared_server, f"events=sale&service={shop}") as live:
        live.next()
        for message, field in mistakes:
            live.say(message)
            live.say({"type": "ping"})
            answers = live.until(lambda message: message["type"] == "pong")
            problem, pong = (message for message in answers if not is_update(message))
            assert problem["type"] == "error"
            assert set(problem["data"]) == {"code", "message", "fields"}
            assert problem["data"]["message"]
            assert list(problem["data"]["fields"]) == ([field] if field else []), message
            assert pong["data"] == {}
        shared_server.post("/events", [event("view", shop), event("sale", shop)])
        assert events_in(live.until(is_event("sale"))) == [("sale", shop)]


def test_no_event_of_an_old_subscription_follows_the_confirmation_of_a_new_one(shared_server: Server) -> None:
    shop = unique("shop")
    with Live(shared_server, f"service={shop}") as live:
        live.until(is_update)
        for _ in range(3):
            shared_server.post("/events", event("view", shop))
            live.say({"type": "subscribe", "events": "none"})
            assert live.until(lambda message: message["type"] == "subscribed")[-1]["data"]["events"] == []
            assert events_in(*up_to_now(live)) == []
            live.say({"type": "subscribe", "events": "all"})
            live.until(lambda message: message["type"] == "subscribed")


def test_an_answer_comes_after_the_events_that_its_seq_covers(shared_server: Server) -> None:
    shop = unique("shop")
    with Live(shared_server, f"service={shop}") as live:
        live.until(is_update)
        for number in range(5):
            before = live.seq
            shared_server.post("/events", [event("view", shop)] * 3)
            live.say({"type": "ping"})  # events are batched for a moment, and an answer is not
            live.until(lambda message: message["type"] == "pong")
            assert live.seq == before or live.events > 3 * number
            while live.events < 3 * number + 3:
                live.next()

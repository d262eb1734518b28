"""Socket.IO with both clients over each transport: messages as on the plain WebSocket, options, acknowledgements."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from statistics import mean
from typing import Any

import pytest
import websocket

from tests.edge.socketio_clients import KINDS, TRANSPORTS, Client, NpmClient, Received, client, events, named
from tests.edge.stalls import Stalls
from tests.edge.test_shapes import DASHBOARD, EVENT
from tests.edge.wire import check_shape, eventually, unique, websocket_url
from tests.server import Server

EACH_TRANSPORT = pytest.mark.parametrize("transports", TRANSPORTS)


@contextmanager
def both(server: Server, transports: str, query: str = "") -> Iterator[list[Client]]:
    """Both clients, each connected."""
    with ExitStack() as stack:
        yield [stack.enter_context(client(kind, server, transports, query)) for kind in KINDS]


def messages(one: Client) -> list[tuple[str, Any, dict[str, Any]]]:
    """Name, data and metadata of the messages from the service."""
    received = [event for event in list(one.received) if event.name in ("snapshot", "dashboard_update", "event")]
    return [(name, *args) for name, args, _ in received]


def updates(one: Client) -> list[Received]:
    return named(one, "dashboard_update")


def merged(document: Any, patch: Any) -> Any:
    """Merge a patch: RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@EACH_TRANSPORT
def test_snapshot_first_an_update_each_second_and_every_event(shared_server: Server, transports: str) -> None:
    service = unique("sio")
    shared_server.post("/events", {"type": "request", "service": service, "data": {"endpoint": "/", "latency": 3}})
    with both(shared_server, transports) as clients, Stalls() as stalls:
        eventually(lambda: all(messages(one) for one in clients))
        shared_server.post("/events", {"type": "purchase", "service": service, "user_id": "u", "data": {"n": 0}})
        batch = [{"type": "search", "service": service, "data": {"n": n}} for n in range(1, 120)]
        shared_server.post("/events", [*batch, {"type": "bad"}])
        eventually(lambda: all(len(updates(one)) >= 4 for one in clients))
        eventually(lambda: all(len(events(one, service)) >= 120 for one in clients))
        for one in clients:
            assert one.transport == TRANSPORTS[transports][-1]
    stored = shared_server.get(f"/events?service={service}&limit=120")["events"][::-1]
    for one in clients:
        (name, first, facts), *rest = messages(one)
        assert name == "snapshot"
        check_shape(first, DASHBOARD)
        assert [service in first["services"], set(facts)] == [True, {"seq"}]
        assert all(name != "snapshot" for name, _, _ in rest)
        waits = [later.at - earlier.at for earlier, later in pairwise(updates(one))]
        assert max(waits) < 1.6 + stalls.slack, (waits, stalls.longest)
        assert mean(waits) > 0.5 - stalls.slack, waits  # after a late update, the next one is in time
        received = [(seqs["seq"], data) for name, data, seqs in rest if name == "event" and data["service"] == service]
        if isinstance(one, NpmClient):
            assert received == sorted(received, key=lambda pair: pair[0])
        assert [data for _, data in sorted(received, key=lambda pair: pair[0])] == stored
        check_shape(received[0][1], EVENT)
        assert received[0][0] > facts["seq"]
        assert one.received[-1].name == "disconnect"


@EACH_TRANSPORT
def test_a_subscription_is_changed_and_acknowledged(shared_server: Server, transports: str) -> None:
    mine, other = unique("mine"), unique("other")
    with both(shared_server, transports) as clients:
        for one in clients:
            one.emit("subscribe", {"events": ["a", "b"], "service": mine})
            one.emit("subscribe", {"events": "a,b", "colour": "red"})
            one.emit("subscribe", "all")
        eventually(lambda: all(len(named(one, "answer")) == 3 for one in clients))
        for one in clients:
            (good,), *bad = sorted((event.args for event in named(one, "answer")), key=lambda args: "error" in args[0])
            assert good == {"events": ["a", "b"], "service": [mine], "updates": "full"}
            problems = sorted((args[0]["error"] for args in bad), key=lambda problem: problem["message"])
            assert [problem["code"] for problem in problems] == ["validation_failed"] * 2
            assert problems[0]["message"].startswith("Options are an object")
            assert problems[1]["fields"] == {"colour": ["Unknown field."]}
        for service, kind in ((other, "a"), (mine, "c"), (mine, "b"), (mine, "a")):
            shared_server.post("/events", {"type": kind, "service": service})
        eventually(lambda: all(len(named(one, "event")) >= 2 for one in clients))
        for one in clients:
            assert {(event["service"], event["type"]) for event in events(one, mine)} == {(mine, "a"), (mine, "b")}
            assert events(one, other) == []


@EACH_TRANSPORT
def test_options_in_the_address_select_events_and_patches(shared_server: Server, transports: str) -> None:
    mine = unique("mine")
    with (
        both(shared_server, "websocket", "events=none") as full,
        both(shared_server, transports, f"events=a,b&service={mine},x&updates=patch") as patched,
    ):
        shared_server.post("/events", [{"type": kind, "service": mine} for kind in ("c", "b", "a")])
        shared_server.post("/events", {"type": "a", "service": unique("other")})

        def by_time(one: Client, *facts: str) -> dict[str, Any]:
            found = [event.args for event in updates(one)]
            return {data["updated_at"]: data for data, metadata in found if all(fact in metadata for fact in facts)}

        # Compared for each client separately: JavaScript rounds large integers.
        pairs = list(zip(patched, full, strict=True))
        eventually(lambda: all(by_time(one, "patch").keys() & by_time(other).keys() for one, other in pairs))
        eventually(lambda: all(len(named(one, "event")) >= 2 for one in patched))
        for one, other in pairs:
            in_full = by_time(other)
            assert sorted(args[0]["type"] for _, args, _ in named(one, "event")) == ["a", "b"]
            received = sorted((args for _, args, _ in updates(one)), key=lambda args: args[0]["updated_at"])
            (whole, facts), *rest = received
            assert "patch" not in facts
            for data, facts in rest:
                assert facts.get("patch", True) is True
                whole = merged(whole, data) if "patch" in facts else data
                assert whole == in_full.get(whole["updated_at"], whole)
                assert data != whole or "patch" not in facts, "a patch omits unchanged fields"


@EACH_TRANSPORT
def test_a_client_that_reconnects_gets_missed_events_or_a_gap(shared_server: Server, transports: str) -> None:
    service = unique("missed")
    with client("npm", shared_server, "websocket") as before:
        eventually(lambda: named(before, "snapshot"))
        since = named(before, "snapshot")[0].args[1]["seq"]
    shared_server.post("/events", [{"type": "missed", "service": service, "data": {"n": n}} for n in range(40)])
    with both(shared_server, transports, f"since={since}") as clients:
        eventually(lambda: all(named(one, "snapshot") for one in clients))
        npm, python = clients
        names = [name for name, data, _ in messages(npm) if name == "snapshot" or data.get("service") == service]
        assert names[:41] == ["event"] * 40 + ["snapshot"]
        for one in clients:
            eventually(lambda one=one: len(events(one, service)) == 40)
            assert set(named(one, "snapshot")[0].args[1]) == {"seq"}
        assert [event["data"]["n"] for event in events(npm, service)] == list(range(40))
        assert {event["data"]["n"] for event in events(python, service)} == set(range(40))
    with both(shared_server, transports, f"since={since + 1_000_000}") as clients:
        eventually(lambda: all(named(one, "snapshot") for one in clients))
        for one in clients:
            assert named(one, "snapshot")[0].args[1]["gap"] is True
            assert named(one, "event") == []


@EACH_TRANSPORT
@pytest.mark.parametrize("kind", KINDS)
def test_invalid_options_are_reported(shared_server: Server, kind: str, transports: str) -> None:
    with client(kind, shared_server, transports, "updates=some") as one:
        ((problem,),) = [event.args for event in named(one, "connect_error")]
        assert set(problem) == {"message", "data"}
        assert set(problem["data"]) == {"code", "message", "fields"}
        assert problem["data"]["code"] == "validation_failed"
        assert problem["data"]["fields"] == {"updates": ["Must be one of full, patch."]}
        assert problem["message"] == problem["data"]["message"]
        assert problem["message"].startswith("updates: ")
        assert messages(one) == []


def test_clients_of_both_protocols_are_counted(shared_server: Server) -> None:
    def counted() -> tuple[int, int]:
        health, dashboard = shared_server.get("/health"), shared_server.get("/dashboard")
        return health["stats"]["connected_clients"], dashboard["realtime_stats"]["active_connections"]

    eventually(lambda: counted() == (0, 0))
    plain = websocket.create_connection(websocket_url(shared_server), timeout=5)
    with ExitStack() as stack:
        for number, (kind, transports) in enumerate(((k, t) for t in TRANSPORTS for k in KINDS), 2):
            one = stack.enter_context(client(kind, shared_server, transports))
            eventually(lambda number=number: counted() == (number, number))
        eventually(lambda: any(args[0]["realtime_stats"]["active_connections"] == 7 for _, args, _ in updates(one)))
        plain.shutdown()
        eventually(lambda: counted() == (6, 6))
    eventually(lambda: counted() == (0, 0))


def test_a_killed_client_is_no_longer_counted(shared_server: Server) -> None:
    def connected() -> int:
        return int(shared_server.get("/health")["stats"]["connected_clients"])

    eventually(lambda: connected() == 0)
    with client("npm", shared_server, "websocket") as one:
        eventually(lambda: connected() == 1)
        assert isinstance(one, NpmClient)
        one.process.kill()
        eventually(lambda: connected() == 0)


def test_no_event_is_lost_or_sent_twice_during_an_upgrade(shared_server: Server) -> None:
    service, over = unique("flow"), threading.Event()

    def flow() -> None:
        number = 0
        while not over.wait(0.005):
            shared_server.post(
                "/events", [{"type": "e", "service": service, "data": {"n": number + n}} for n in (0, 1)]
            )
            number += 2

    poster = threading.Thread(target=flow)
    poster.start()
    try:
        with ExitStack() as stack:
            clients = [
                stack.enter_context(client(kind, shared_server, "upgrade", f"service={service}")) for kind in KINDS * 2
            ]
            eventually(lambda: all(one.transport == "websocket" for one in clients))
            eventually(lambda: all(len(named(one, "event")) > 50 for one in clients))
            over.set()
            poster.join()
            last = shared_server.get(f"/events?service={service}&limit=1")["events"][0]["data"]["n"]
            eventually(lambda: all(last in [event["data"]["n"] for event in events(one, service)] for one in clients))
    finally:
        over.set()
        poster.join()
    for one in clients:
        received = [(facts["seq"], data["data"]["n"]) for name, data, facts in messages(one) if name == "event"]
        if isinstance(one, NpmClient):
            assert received == sorted(received)
        received.sort()
        assert [n for _, n in received] == list(range(received[0][1], last + 1))
        assert received[0][0] == named(one, "snapshot")[0].args[1]["seq"] + 1

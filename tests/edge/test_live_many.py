"""Many live clients: events arrive in time, clients that do not read are disconnected, and nothing leaks."""

import math
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.frames import Live, Message, is_event, is_update
from tests.edge.wire import eventually, resident_mib, unique, worker_pid
from tests.server import GUNICORN, Server

CLIENT_TIMEOUT = 1
OTHERS = 50
CROWD = 200
FEW_ROUNDS, MANY_ROUNDS = 6, 30

COUNTING = """
exec(open("gunicorn.conf.py").read())
begin = post_worker_init


def post_worker_init(worker):
    from greenlet import greenlet

    def alive():
        return str(sum(issubclass(type(each), greenlet) and not each.dead for each in gc.get_objects()))

    begin(worker)
    worker.app.wsgi().add_url_rule("/greenlets", view_func=alive)
"""
"""A configuration that also reports the number of greenlets."""


@contextmanager
def crowd(server: Server, size: int, query: str) -> Iterator[list[Live]]:
    """`size` connected clients."""
    with ExitStack() as stack:
        yield [stack.enter_context(Live(server, query)) for _ in range(size)]


def updates(clients: list[Live], seconds: float = 15) -> Iterator[tuple[Message, float]]:
    """The updates of all clients, with their time of arrival."""
    deadline = time.monotonic() + seconds
    with DefaultSelector() as selector:
        for live in clients:
            selector.register(live, EVENT_READ, live)
        while time.monotonic() < deadline:
            for key, _ in selector.select(1):
                for message in key.data.receive():
                    assert message["type"] in ("snapshot", "dashboard_update")
                    if message["type"] == "dashboard_update":
                        yield message, time.monotonic()
    raise AssertionError(f"not all within {seconds} s")


def connections(server: Server) -> int:
    return int(server.get("/health")["stats"]["connected_clients"])


def test_a_client_that_does_not_read_is_disconnected_in_time_and_delays_no_other(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_CLIENT_TIMEOUT": str(CLIENT_TIMEOUT)})
    arrivals: dict[str, list[float]] = {}
    cut = math.inf
    with Live(server, receive_buffer=4096) as deaf, crowd(server, OTHERS, "events=none") as others:
        eventually(lambda: connections(server) == OTHERS + 1)
        big = [{"type": "big", "service": "deaf", "data": {"text": "x" * 30_000}}] * 100
        server.post("/events", [*big, *[{"type": "small", "service": "deaf"}] * 20])
        started = time.monotonic()
        for message, now in updates(others):
            arrivals.setdefault(message["data"]["updated_at"], []).append(now)
            if cut == math.inf and message["data"]["realtime_stats"]["active_connections"] == OTHERS:
                cut = now
            if cut < math.inf and sum(len(times) == OTHERS for times in arrivals.values()) >= 4:
                break
        assert CLIENT_TIMEOUT - 0.5 < cut - started < CLIENT_TIMEOUT + 3, "it was disconnected, neither early nor late"
        complete = [times for times in arrivals.values() if len(times) == OTHERS]
        spreads = [times[-1] - times[0] for times in complete]
        assert statistics.median(spreads) < 0.25, spreads
        rhythm = [later[0] - earlier[0] for earlier, later in pairwise(complete)]
        assert statistics.median(abs(each - 1) for each in rhythm) < 0.25, rhythm
        assert not any(live.over for live in others)
        deaf.read_to_the_end()
    eventually(lambda: connections(server) == 0)
    assert "Traceback" not in server.log()


def test_events_reach_all_clients_within_a_tenth_of_a_second(shared_server: Server) -> None:
    service = unique("soon")
    taken: list[float] = []
    with crowd(shared_server, 10, f"service={service}") as clients, requests.Session() as session:
        for live in clients:
            live.until(is_update)
        for number in range(40):
            time.sleep(number % 8 / 100)  # at different phases of periodic work
            kind = f"n-{number}"
            started = time.monotonic()
            session.post(f"{shared_server.url}/events", json={"type": kind, "service": service}, timeout=5)
            for live in clients:
                live.until(is_event(kind))
            taken.append(time.monotonic() - started)
    assert statistics.median(taken) < 0.1, sorted(taken)


def test_each_client_gets_events_and_updates_in_order(shared_server: Server) -> None:
    shop, cart = unique("shop"), unique("cart")
    seen: dict[Live, list[int]] = {}
    with ExitStack() as stack, requests.Session() as session:
        for query in (f"service={shop},{cart}", f"service={shop}", f"events=n&service={cart}&updates=patch"):
            seen.update({live: [] for live in stack.enter_context(crowd(shared_server, 80, query))})
        for live in seen:
            assert live.next()["type"] == "snapshot"
        for number in range(100):
            event = {"type": "n", "service": (shop, cart)[number % 2], "data": {"n": number}}
            session.post(f"{shared_server.url}/events", json=event, timeout=5)
            time.sleep(0.01)
        for place, (live, numbers) in enumerate(seen.items()):  # no client has received a lower seq
            wanted = (range(100), range(0, 100, 2), range(1, 100, 2))[place // 80]
            while len(numbers) < len(wanted):
                message = live.next()
                if message["type"] == "event":
                    numbers.append(message["data"]["data"]["n"])
            assert numbers == list(wanted)


@pytest.mark.parametrize("rounds", [FEW_ROUNDS, pytest.param(MANY_ROUNDS, marks=pytest.mark.long)])
def test_clients_that_disconnect_leave_nothing_behind(start_server: StartServer, tmp_path: Path, rounds: int) -> None:
    (tmp_path / "counting.py").write_text(COUNTING)
    config = str(tmp_path / "counting.py")
    server = start_server({}, tuple(config if each == "gunicorn.conf.py" else each for each in GUNICORN))
    pid = worker_pid(server)
    fds = Path(f"/proc/{pid}/fd")
    before: tuple[int, int, float] | None = None

    def holds() -> tuple[int, int, float]:
        return server.get("/greenlets"), len(list(fds.iterdir())), resident_mib(pid)

    for number in range(rounds):
        clients = [Live(server, "updates=patch" if place % 2 else "") for place in range(CROWD)]
        for place, live in enumerate(clients):
            if place % 3:  # the others have not read the answer to their handshake
                live.next()
            if place % 4 == 3:
                live.say({"type": "ping"})
        if number % 5 == 0:
            eventually(lambda: connections(server) == CROWD)
        for place, live in enumerate(clients):
            if place % 2:
                live.vanish()
            else:
                live.socket.close()
        eventually(lambda: connections(server) == 0)
        if number == 2:  # everything that is created once and kept exists now
            before = holds()
    assert before is not None
    greenlets, descriptors, mebibytes = before
    eventually(lambda: holds()[0] <= greenlets + 5)
    eventually(lambda: holds()[1] <= descriptors + 5)
    assert holds()[2] < mebibytes + 10
    assert server.get("/dashboard")["realtime_stats"]["active_connections"] == 0
    assert worker_pid(server) == pid
    assert "Traceback" not in server.log()

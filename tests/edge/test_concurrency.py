"""Many concurrent clients: nothing is lost or counted twice, and busy clients do not delay others."""

import socket
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import requests

from tests.conftest import StartServer
from tests.edge.stalls import Stalls
from tests.edge.wire import connect, counted, cpu_seconds, head, unique, worker_pid
from tests.server import Server

THREADS, POSTS, ITEMS = 8, 12, 25


def test_posts_and_their_retries_are_counted_once(start_server: StartServer) -> None:
    server = start_server()

    def client(number: int) -> tuple[int, int]:
        accepted = duplicates = 0
        with requests.Session() as session:
            for post in range(POSTS):
                batch = [
                    {
                        "type": "request",
                        "service": f"svc-{item % 3}",
                        "user_id": f"user-{number}-{post}-{item}",
                        "id": f"{number}-{post}-{item}",
                        "data": {"endpoint": "/x", "status": 500 if item % 5 == 0 else 200, "latency": 10},
                    }
                    for item in range(ITEMS)
                ]
                for _ in range(2):
                    receipt = session.post(f"{server.url}/events", json=batch, timeout=20).json()
                    assert receipt["rejected"] == 0
                    accepted, duplicates = accepted + receipt["accepted"], duplicates + receipt["duplicates"]
        return accepted, duplicates

    with ThreadPoolExecutor(THREADS) as pool:
        receipts = list(pool.map(client, range(THREADS)))
    whole = THREADS * POSTS * ITEMS
    assert [sum(column) for column in zip(*receipts, strict=True)] == [whole, whole]
    stats = server.get("/stats")
    assert stats["ingest"]["events"] == {"accepted": whole, "duplicates": whole, "rejected": 0}
    assert stats["totals"]["events"] == stats["totals"]["requests"] == whole
    assert stats["totals"]["errors"] == whole // 5
    assert sum(stats["events_by_service"].values()) == whole
    dashboard = server.get("/dashboard")
    assert dashboard["overview"]["total_requests"] == whole
    assert sum(row["request_count"] for row in dashboard["services"].values()) == whole
    assert sum(bucket["requests"] for bucket in server.get("/stats/hourly")["buckets"]) == whole
    assert abs(stats["last_24_hours"]["unique_users"] - whole) <= whole * 0.02


def test_the_same_id_from_many_clients_at_once_is_recorded_once(shared_server: Server) -> None:
    id_ = unique("race")
    event = {"type": "race", "service": id_, "id": id_}
    with counted(shared_server, accepted=1, duplicates=THREADS * 4 - 1), ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: shared_server.post("/events", event).status_code, range(THREADS * 4)))
    assert sorted(answers) == [200] * (THREADS * 4 - 1) + [201]


class Waits(NamedTuple):
    """For each answer, its latency in seconds, and the CPU time of the worker meanwhile.

    If the worker is busy throughout, the CPU time is the latency on an idle machine.
    """

    clock: list[float]
    cpu: list[float]


def waits(server: Server, path: str, times: int) -> Waits:
    """Request `path` repeatedly."""
    pid, found = worker_pid(server), Waits([], [])
    with requests.Session() as session:
        for _ in range(times):
            started, cpu = time.monotonic(), cpu_seconds(pid)
            assert session.get(server.url + path, timeout=30).status_code == 200
            found.clock.append(time.monotonic() - started)
            found.cpu.append(cpu_seconds(pid) - cpu)
    return found


def test_a_pipelining_connection_does_not_starve_other_clients(shared_server: Server) -> None:
    body = b'{"type":"busy","service":"busy"}'
    one = head(shared_server, "/events", "Content-Type: application/json", f"Content-Length: {len(body)}") + body
    stop, answered = threading.Event(), [0]
    with connect(shared_server) as busy:
        busy.settimeout(0.5)

        def send() -> None:
            while not stop.is_set():
                try:
                    busy.sendall(one * 50)
                except TimeoutError:
                    continue
                except OSError:
                    return

        def receive() -> None:
            while not stop.is_set():
                try:
                    answered[0] += busy.recv(1 << 16).count(b"HTTP/1.1 201")
                except TimeoutError:
                    continue

        threads = [threading.Thread(target=work) for work in (send, receive)]
        for thread in threads:
            thread.start()
        try:
            found = waits(shared_server, "/health", 25)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        busy.shutdown(socket.SHUT_RDWR)
    assert answered[0] > 40
    assert statistics.median(found.cpu) < 0.3
    assert max(found.cpu) < 1


def test_a_batch_of_faulty_items_does_not_starve_other_clients(shared_server: Server) -> None:
    bad: list[dict[str, Any]] = [{"type": 1, "service": "", "more": n} for n in range(10_000)]
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(shared_server.post, "/events", bad)
        found = waits(shared_server, "/health", 20)
        assert posted.result().status_code == 400
    assert max(found.cpu) < 1


def test_silent_connections_do_not_disturb_other_clients(shared_server: Server) -> None:
    silent = [connect(shared_server) for _ in range(200)]
    try:
        with Stalls() as stalls:
            longest = max(waits(shared_server, "/health", 10).clock)
        assert longest < 1 + stalls.slack
    finally:
        for connection in silent:
            connection.close()

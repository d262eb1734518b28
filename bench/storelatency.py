"""Latency of single posts while a long question to the long-term store is answered."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench import openloop
from bench.client import Connection
from bench.payloads import ONE_EVENT
from bench.plan import say
from bench.servers import BenchError, Server, service
from bench.storequeries import Asked
from bench.table import Row

RATE, SECONDS = 300, 10.0
LIMIT = 5.0
"""Milliseconds by which the 99th percentile may rise."""


def rows(data_directory: Path, long: Asked) -> list[Row]:
    """Post for some seconds without and with a question that is asked again and again."""
    with service(data_dir=data_directory, events_days=365) as server:
        say(f"{RATE} posts/s, alone and beside a long question")
        openloop.run(server, "/events", ONE_EVENT, RATE, 2.0)
        alone = openloop.run(server, "/events", ONE_EVENT, RATE, SECONDS)
        with _asked(server, long) as answers:
            beside = openloop.run(server, "/events", ONE_EVENT, RATE, SECONDS)
    if not answers:
        raise BenchError("the long question was not answered")
    more = beside.p99 - alone.p99
    return [
        Row(
            f"p99 of POST /events beside {SECONDS:g} s of questions",
            f"{beside.p99:.1f} ms",
            f"{RATE}/s",
            "without questions",
            f"{alone.p99:.1f} ms",
            f"{RATE}/s",
            f"+ {more:.1f} ms",
            f"< {LIMIT:g} ms more",
            more < LIMIT,
        )
    ]


@contextmanager
def _asked(server: Server, long: Asked) -> Iterator[list[int]]:
    """Ask all the time meanwhile; the list has the status of each answer."""
    answers: list[int] = []
    names = {"since": "from", "until": "to"}
    body = msgspec.json.encode({names.get(name, name): value for name, value in long.args.items()})
    is_over = threading.Event()

    def ask() -> None:
        with Connection(server.port) as connection:
            while not is_over.is_set():
                answers.append(connection.post("/explore", body).status)
                if answers[-1] != 200:
                    return

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        thread.join()
    if any(status != 200 for status in answers):
        raise BenchError(f"a question was answered by {answers[-1]}")

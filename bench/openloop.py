"""Single posts or gets on a fixed schedule, independent of the answers; latency is measured from when each was due.

A process of its own: `python -m bench.openloop PORT PATH RATE SECONDS`, the body on standard input (none: GET), the
result as JSON on standard output. A client that sends only after an answer would hide most of a stall.
"""

import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import orjson

from bench.client import Connection, encode
from bench.servers import ROOT, BenchError, Server

CONNECTIONS = 8
MARK = b"c0ffee00"
"""Hexadecimal digits of a body in place of which each request has its own number, for ids that are never sent twice."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds from when a request was due to the end of its answer."""

    mean: float
    p99: float
    worst: float
    count: int

    @classmethod
    def of(cls, times: list[float]) -> "Latency":
        times = sorted(times)
        return cls(sum(times) / len(times), times[int(len(times) * 0.99)], times[-1], len(times))


def run(server: Server, path: str, body: bytes, rate: int, seconds: float) -> Latency:
    """Post, or get without a body, for some seconds; BenchError unless every answer is a success."""
    command = [sys.executable, "-m", "bench.openloop", str(server.port), path, str(rate), str(seconds)]
    output = subprocess.run(command, cwd=ROOT, input=body, capture_output=True, timeout=seconds + 60)
    if output.returncode != 0:
        raise BenchError(f"{server.name}, {path}: {output.stderr.decode().strip()}")
    return Latency(**orjson.loads(output.stdout))


def _main(port: int, path: str, rate: int, seconds: float, body: bytes) -> None:
    request, total = encode("POST" if body else "GET", path, body), int(rate * seconds)
    has_mark = MARK in body
    start = time.perf_counter() + 0.2
    times: list[float] = []
    refused: list[str] = []

    def send(first: int) -> None:
        try:
            with Connection(port) as connection:
                for number in range(first, total, CONNECTIONS):
                    due = start + number / rate
                    own = request.replace(MARK, b"%08x" % number) if has_mark else request
                    time.sleep(max(0.0, due - time.perf_counter()))
                    answer = connection.send(own)
                    times.append((time.perf_counter() - due) * 1000)
                    if answer.status >= 300:
                        refused.append(f"status {answer.status}")
        except OSError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=send, args=(first,)) for first in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        sys.exit(f"{len(refused)} of {total} requests failed, the first with {refused[0]}")
    print(orjson.dumps(Latency.of(times)).decode())


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.stdin.buffer.read())

"""The lower bound of any JSON intake: the time of orjson.loads for an item, on the server's core."""

import subprocess
import sys
import time
from random import Random

import orjson

from bench.payloads import shop_batch
from bench.plan import SERVER_CORE
from bench.servers import ROOT
from bench.wrk import Cost


def run(bodies: list[bytes], seconds: float) -> Cost:
    """Decode the bodies, JSON arrays without line breaks, repeatedly."""
    command = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "bench.decode", str(seconds)]
    output = subprocess.run(
        command, cwd=ROOT, input=b"\n".join(bodies), capture_output=True, check=True, timeout=seconds + 60
    )
    cpu = float(output.stdout)
    return Cost(cpu, 1e6 / cpu)


def _microseconds(bodies: list[bytes], seconds: float) -> float:
    items = sum(len(orjson.loads(body)) for body in bodies)
    rounds, used, started = 0, 0.0, time.process_time()
    while used < seconds:
        for body in bodies:
            orjson.loads(body)
        rounds += 1
        used = time.process_time() - started
    return used * 1e6 / (rounds * items)


class Speedometer:
    """The speed of the machine during the measurements: a shared one changes within minutes."""

    def __init__(self) -> None:
        self._bodies = [orjson.dumps(shop_batch(Random(0)))]
        self._seen: list[float] = []

    def look(self) -> None:
        self._seen.append(run(self._bodies, 0.3).cpu)

    def __str__(self) -> str:
        return f"orjson.loads took {min(self._seen):.2f} to {max(self._seen):.2f} µs an event meanwhile"


if __name__ == "__main__":
    print(_microseconds(sys.stdin.buffer.read().splitlines(), float(sys.argv[1])))

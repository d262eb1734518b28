"""`analytics import --history`: events a second from a file into the files of the long-term store, and its cost."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.payloads import shop_batch
from bench.plan import CLIENT_CORE, SERVER_CORE, Plan
from bench.servers import ROOT, BenchError, service
from bench.storeprocess import StoreProcess
from bench.table import Row

EVENTS, DAYS = 1_000_000, 200
LIMIT = 100_000
BATCH = 10_000


def rows(plan: Plan) -> list[Row]:
    """Import a file in the order of time, then once more, which finds duplicates only. All share two cores."""
    cores = {SERVER_CORE, CLIENT_CORE}
    with TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "old.ndjson"
        _write(file)
        settings = {"data_dir": f"{folder}/data", "events_days": 2 * DAYS}
        with service(**settings) as server:
            child = StoreProcess.of(server.pid)
            for pid in (server.pid, child.pid):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    os.sched_setaffinity(int(task.name), cores)
            worker, store = server.busy(), child.cpu()
            first = _import(file, server.port, cores)
            worker, store = server.busy() - worker, child.cpu() - store
            again = _import(file, server.port, cores)
    if (first["accepted"], again["duplicates"]) != (EVENTS, EVENTS):
        raise BenchError(f"{first['accepted']:,} events were accepted, and then {again['duplicates']:,} duplicates")
    rate = first["rows_per_second"]
    cost = f"{store / EVENTS * 1e6:.1f} µs CPU of the store process, {worker / EVENTS * 1e6:.1f} of the worker"
    return [
        Row(f"import of {EVENTS:,} old events", f"{rate:,}/s", cost, target=f"≥ {LIMIT:,}/s", reached=rate >= LIMIT),
        Row("the same file once more", f"{again['rows_per_second']:,}/s"),
    ]


def _write(path: Path) -> None:
    random, start = Random(7), datetime.now(UTC) - timedelta(days=DAYS)
    with path.open("w") as file:
        for first in range(0, EVENTS, BATCH):
            for place, event in enumerate(shop_batch(random, BATCH)):
                number = first + place
                at = start + number * timedelta(days=DAYS) / EVENTS
                file.write(json.dumps({**event, "id": f"old-{number}", "timestamp": at.isoformat()}) + "\n")


def _import(file: Path, port: int, cores: set[int]) -> dict[str, int]:
    """The summary of an import."""
    command = [sys.executable, "-m", "analytics", "import", "--history", "--json", str(file)]
    env = {**os.environ, "ANALYTICS_URL": f"http://127.0.0.1:{port}"}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    if done.returncode:
        raise BenchError(f"the import failed: {done.stdout} {done.stderr}")
    summary: dict[str, int] = json.loads(done.stdout)
    return summary

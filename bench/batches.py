"""`POST /events` with 1,000 events at once, beside decoding alone and beside InfluxDB and VictoriaMetrics."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from random import Random

import orjson

from bench import decode, peers
from bench.client import Connection
from bench.payloads import as_lines, shop_batch
from bench.plan import Plan, interleaved, say
from bench.servers import BenchError, NotInstalledError, journalled, service
from bench.table import Row, against, alone, not_installed
from bench.wrk import Cost, Load

WHAT = "POST /events, 1,000 a batch"
JOURNALLED = f"{WHAT}, journal on"
SIZE = 1_000
BODIES = 20  # different bodies in turn, with new ids in every request
CONNECTIONS = 4
CPU_LIMIT = 6.0  # µs an event
RATE_LIMIT = 150_000  # events a second
PEERS = (  # name, start function, path for points, limit as a multiple of its CPU
    ("InfluxDB /write", peers.influxdb, "/write?db=bench", 0.9),
    ("VictoriaMetrics /write", peers.victoria_metrics, "/write", None),
)
DECODE = "orjson.loads"
DECODE_LIMIT = 4.5  # × its time


def rows(plan: Plan) -> list[Row]:
    random = Random(1)
    events = [shop_batch(random, SIZE) for _ in range(BODIES)]
    bodies = [orjson.dumps(batch) for batch in events]
    lines = [as_lines(batch) for batch in events]
    with ExitStack() as stack:
        load = stack.enter_context(Load(stack.enter_context(service()), "/events", bodies, SIZE, CONNECTIONS))
        written = stack.enter_context(Load(stack.enter_context(journalled()), "/events", bodies, SIZE, CONNECTIONS))
        runs: dict[str, Callable[[], Cost]] = {
            WHAT: partial(load.run, plan.seconds),
            JOURNALLED: partial(written.run, plan.seconds),
            DECODE: partial(decode.run, bodies, plan.seconds / 4),
        }
        missing = {}
        for name, start, path, _ in PEERS:
            try:
                server = stack.enter_context(start())
            except NotInstalledError as error:
                missing[name] = str(error)
                continue
            peer = stack.enter_context(Load(server, path, lines, SIZE, CONNECTIONS, "text/plain"))
            runs[name] = partial(peer.run, plan.seconds)
        costs = interleaved(plan, runs)
        for each in (load, written):
            _check_total(each)
    ours = costs[WHAT]
    cost = Cost.typical(ours)
    return [
        alone(WHAT, cost, f"≤ {CPU_LIMIT:g} µs CPU an event", cost.cpu <= CPU_LIMIT),
        alone(WHAT, cost, f"≥ {RATE_LIMIT:,} events/s", cost.rate >= RATE_LIMIT),
        against(WHAT, ours, DECODE, costs[DECODE], DECODE_LIMIT),
        *(
            not_installed(what, missing[name], name)
            if name in missing
            else against(what, costs[what], name, costs[name], limit if what == WHAT else None)
            for name, _, _, limit in PEERS
            for what in (WHAT, JOURNALLED)
        ),
    ]


def _check_total(load: Load) -> None:
    """Check that the service counted exactly the items that wrk sent."""
    with Connection(load.server.port) as connection:
        total = orjson.loads(connection.get("/health").body)["stats"]["total_events"]
    least, most = load.sent()
    say(f"{least:,} events were answered, at most {most:,} sent, {total:,} counted")
    if not least <= total <= most:
        raise BenchError(f"{load.server.name} counted {total:,} events of {least:,} to {most:,}")

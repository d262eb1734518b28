"""`POST /events` and `POST /metrics`, one record each, beside a view that does nothing and Pushgateway."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from itertools import product

from bench import peers
from bench.client import Connection
from bench.payloads import ENDPOINTS, ONE_EVENT, ONE_PUSH, SERVICES, one_metric, push_path
from bench.plan import Plan, interleaved
from bench.servers import BenchError, NotInstalledError, Server, bare, service
from bench.table import Row, against, not_installed
from bench.wrk import Cost, Load

EVENTS, METRICS = "POST /events, single", "POST /metrics, single"
BARE_EVENT, BARE_METRIC = "bare view, same event", "bare view, same metric"
PLACES = list(product(SERVICES, ENDPOINTS))  # each has sent a latency once before the measurement
PUSH, PUSH_ALONE = f"Pushgateway, {len(PLACES)} groups", "Pushgateway, one group"
BARE_LIMIT = 1.25  # × the CPU of the bare view
PUSH_LIMIT = 0.85  # × the CPU of a push


def rows(plan: Plan) -> list[Row]:
    metric, path = one_metric(*PLACES[0]), push_path(*PLACES[0])
    with ExitStack() as stack:
        ours, baseline = stack.enter_context(service()), stack.enter_context(bare())
        _introduce(ours, (("/metrics", one_metric(*place)) for place in PLACES))
        loads = {
            EVENTS: Load(ours, "/events", [ONE_EVENT]),
            BARE_EVENT: Load(baseline, "/", [ONE_EVENT]),
            METRICS: Load(ours, "/metrics", [metric]),
            BARE_METRIC: Load(baseline, "/", [metric]),
        }
        missing = None
        try:
            full, alone = (stack.enter_context(peers.pushgateway()) for _ in range(2))
            _introduce(full, ((push_path(*place), ONE_PUSH) for place in PLACES))
            for name, server in ((PUSH, full), (PUSH_ALONE, alone)):
                loads[name] = Load(server, path, [ONE_PUSH], content_type="text/plain")
        except NotInstalledError as error:
            missing = not_installed(METRICS, str(error), PUSH)
        runs: dict[str, Callable[[], Cost]] = {}
        for name, load in loads.items():
            stack.enter_context(load)
            runs[name] = partial(load.run, plan.seconds)
        costs = interleaved(plan, runs)
    found = [
        against(EVENTS, costs[EVENTS], BARE_EVENT, costs[BARE_EVENT], BARE_LIMIT),
        against(METRICS, costs[METRICS], BARE_METRIC, costs[BARE_METRIC], BARE_LIMIT),
    ]
    if missing:
        return [*found, missing]
    return [
        *found,
        against(METRICS, costs[METRICS], PUSH, costs[PUSH], PUSH_LIMIT),
        against(METRICS, costs[METRICS], PUSH_ALONE, costs[PUSH_ALONE], None),
    ]


def _introduce(server: Server, posts: Iterable[tuple[str, bytes]]) -> None:
    with server.awake(), Connection(server.port) as connection:
        for path, body in posts:
            answer = connection.post(path, body)
            if answer.status >= 300:
                raise BenchError(f"{path} answered {answer.status} {answer.body[:300]!r}")

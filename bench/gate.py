"""The cost of the gate: who sends a request, and may it? In this process, on the server's core."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson

from bench.plan import SERVER_CORE, Plan, interleaved
from bench.servers import ROOT, BenchError
from bench.table import Row, alone
from bench.wrk import Cost

LIMIT = 5.0  # µs
CALLS = 2_000  # between two looks at the clock
ADMIN = "the-admin-key-of-this-bench"
WAYS = {
    "without keys": "",
    "with a key that has a rate": ADMIN,
}


def rows(plan: Plan) -> list[Row]:
    costs = interleaved(plan, {way: lambda key=key: _run(key, plan.seconds) for way, key in WAYS.items()})
    found = []
    for way, each in costs.items():
        cost = Cost.typical(each)
        found.append(alone(f"the gate, {way}", cost, f"≤ {LIMIT:g} µs", cost.cpu <= LIMIT))
    return found


def _run(admin_key: str, seconds: float) -> Cost:
    command = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "bench.gate", admin_key, str(seconds)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=seconds + 60)
    if ended.returncode:
        raise BenchError(ended.stderr.decode()[-300:])
    cpu = float(ended.stdout)
    return Cost(cpu, 1e6 / cpu)


def _microseconds(admin_key: str, seconds: float) -> float:
    gate, environ = _service(admin_key)
    calls, used, started = 0, 0.0, time.process_time()
    while used < seconds:
        for _ in range(CALLS):
            gate(environ)
        calls += CALLS
        used = time.process_time() - started
    return used * 1e6 / calls


def _service(admin_key: str) -> tuple[Callable[[dict[str, Any]], None], dict[str, Any]]:
    """The gate of a service, and the request of another machine that it lets through, with a key if one is required."""
    from analytics.access.chain import Chain
    from analytics.access.gate import Gate
    from analytics.config import Settings
    from analytics.factory import create_app

    app = create_app(Settings(data_dir="", admin_key=admin_key))
    assert isinstance(app.wsgi_app, Chain)
    (gate,) = (step for step in app.wsgi_app.request_steps if isinstance(step, Gate))
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/events", "QUERY_STRING": "", "REMOTE_ADDR": "203.0.113.7"}
    if admin_key:
        rate = {"per_second": 1e9, "burst": 1e9}
        body = orjson.dumps({"name": "a key", "scopes": ["ingest"], "limits": {"ingest": rate}})
        headers = {"Authorization": f"Bearer {admin_key}"}
        answer = app.test_client().post("/keys", data=body, headers=headers, content_type="application/json")
        environ["HTTP_AUTHORIZATION"] = f"Bearer {orjson.loads(answer.data)['secret']}"
    return gate, environ


if __name__ == "__main__":
    print(_microseconds(sys.argv[1], float(sys.argv[2])))

"""Programs that fork, end, or run under gevent: what they track is counted exactly once."""

import pytest

from tests.edge.wire import eventually
from tests.sdk.conftest import MakeClient, RunProgram
from tests.sdk.unruly import HANG, RESET, Turn, Unruly

PATCH = "from gevent import monkey; monkey.patch_all()\n"
ENVIRONMENTS = {"threads": "", "gevent": "import gevent\n", "patched": PATCH}


@pytest.fixture(params=ENVIRONMENTS)
def head(request: pytest.FixtureRequest) -> str:
    """The first lines of a program: plain threads, gevent beside them, or gevent instead."""
    return ENVIRONMENTS[request.param] + "from analytics.sdk import AnalyticsClient\n"


def test_the_client_imports_only_requests(run_program: RunProgram, service: Unruly) -> None:
    run_program(
        """
import sys
ALLOWED = {"requests", "urllib3", "certifi", "idna", "charset_normalizer", "chardet", "brotli", "brotlicffi"}
ALLOWED |= {"zstandard", "socks", "simplejson", "OpenSSL", "cryptography", "h2", "sitecustomize"}
OWN = ("analytics", "analytics.sdk")
class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top == "analytics" and name not in OWN and not name.startswith("analytics.sdk."):
            raise ImportError(f"{name} is blocked")
        if top not in sys.stdlib_module_names and top != "analytics" and top not in ALLOWED:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocked())
from analytics.sdk import AnalyticsClient
import analytics.sdk.wsgi
with AnalyticsClient(service="lone") as client:
    client.track_event("click")
third = {name.split(".")[0] for name in sys.modules} & {"flask", "gevent", "msgspec", "marshmallow", "werkzeug"}
assert not third, third
try:
    import analytics.sdk.flask
except ImportError:
    pass
else:
    raise SystemExit("flask was not blocked")
"""
    )
    assert service.counted == {"click": 1}


def test_queued_items_are_sent_when_the_program_ends(run_program: RunProgram, service: Unruly, head: str) -> None:
    service.script = [Turn(500)]
    done = run_program(
        head
        + """
client = AnalyticsClient(flush_seconds=60, jitter=lambda: 0.01)
for n in range(150):
    client.track_event("click", {"n": n})
"""
    )
    assert service.counted == {"click": 150}
    assert "dropped" not in done.stderr


def test_queued_items_are_sent_when_the_program_fails(run_program: RunProgram, service: Unruly) -> None:
    with pytest.raises(AssertionError, match="boom"):
        run_program(
            "from analytics.sdk import AnalyticsClient\n"
            "AnalyticsClient(flush_seconds=60).track_event('click')\n"
            "raise RuntimeError('boom')"
        )
    assert service.counted == {"click": 1}


def test_a_program_ends_in_time_without_an_answer(run_program: RunProgram, service: Unruly) -> None:
    service.script = [HANG] * 10
    done = run_program(
        """
import time, atexit
began = time.monotonic()
atexit.register(lambda: print(time.monotonic() - began))
from analytics.sdk import AnalyticsClient
client = AnalyticsClient()
client.track_event("click")
atexit.unregister(client.close)
atexit.register(client.close, 0.2)
"""
    )
    assert float(done.stdout) < 4
    assert "1 items dropped (1 closed)" in done.stderr


def test_under_gevent_greenlets_share_a_client(run_program: RunProgram, service: Unruly) -> None:
    service.script = [RESET, Turn(429, retry_after="0")]
    run_program(
        PATCH
        + """
import gevent
from analytics.sdk import AnalyticsClient
client = AnalyticsClient(jitter=lambda: 0.01)
def work(number):
    for n in range(50):
        client.track_event("click", {"n": n})
        gevent.sleep(0)
    return client.track_event("last").result(10)
greenlets = [gevent.spawn(work, number) for number in range(10)]
beats = 0
while not all(greenlet.ready() for greenlet in greenlets):
    beats += 1
    gevent.sleep(0.01)
assert beats > 1, "the hub was blocked"
assert all(greenlet.value.counted for greenlet in greenlets)
assert client.flush(10)
"""
    )
    assert service.counted == {"click": 500, "last": 10}


FORKS = """
import os, sys, threading
client = AnalyticsClient(jitter=lambda: 0.01, flush_seconds=FLUSH)
before = [client.track_event("before") for _ in range(30)]
SLEEP
children = []
for number in range(3):
    child = os.fork()
    if not child:
        assert client.counts() == {"accepted": 0, "duplicate": 0, "rejected": 0, "dropped": 0}
        outcome = client.track_event("child")
        assert client.flush(10), "child: flush"
        assert outcome.result(0).counted
        client.track_event("child, at its end")
        LINGER
        sys.exit()
    children.append(child)
after = client.track_event("parent")
assert client.flush(10), "parent: flush"
assert all(each.result(0).status == "accepted" for each in [*before, after]), before
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.parametrize(
    ("flush", "pause"),
    [("60", ""), ("0", "import time; time.sleep(0.1)")],
    ids=["while items wait", "while a request is under way"],
)
def test_a_child_starts_with_an_empty_queue(
    run_program: RunProgram, service: Unruly, head: str, flush: str, pause: str
) -> None:
    if pause:
        service.script = [Turn(how="slow", counts=True)]
    run_program(
        head + FORKS.replace("FLUSH", flush).replace("SLEEP", pause).replace("LINGER", pause and "time.sleep(0.7)")
    )
    assert service.counted == {"before": 30, "child": 3, "child, at its end": 3, "parent": 1}
    assert sum(service.sizes) == sum(service.counted.values())


@pytest.mark.parametrize("early", [True, False], ids=["imported before the client is made", "imported later"])
def test_children_of_multiprocessing_send_queued_items_when_they_end(
    run_program: RunProgram, service: Unruly, head: str, early: bool
) -> None:
    makes = "import multiprocessing", "client = AnalyticsClient(flush_seconds=60)"
    run_program(
        head
        + "\n".join(makes if early else makes[::-1])
        + """
def work():
    client.track_event("child")
    AnalyticsClient(flush_seconds=60).track_event("its own")
fork = multiprocessing.get_context("fork")
children = [fork.Process(target=work) for _ in range(3)]
for child in children:
    child.start()
for child in children:
    child.join(10)
assert [child.exitcode for child in children] == [0, 0, 0]
client.track_event("parent")
"""
    )
    assert service.counted == {"child": 3, "its own": 3, "parent": 1}


def test_a_child_of_a_closed_client_is_closed(run_program: RunProgram) -> None:
    run_program(
        "import os\nfrom analytics.sdk import AnalyticsClient\nclient = AnalyticsClient()\nclient.close()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os._exit(0 if client.track_event('x').result(0).code == 'closed' else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0"
    )


def test_heartbeats_stay_with_the_parent(run_program: RunProgram, service: Unruly, head: str) -> None:
    run_program(
        head
        + """
import os, time
client = AnalyticsClient(service="shop", flush_seconds=0.01)
client.start_heartbeat(0.02, metrics=lambda: {"pid": os.getpid()})
time.sleep(0.05)
child = os.fork()
if not child:
    time.sleep(0.15)
    os._exit(0)
os.waitpid(child, 0)
"""
    )
    pids = {beat["metrics"]["pid"] for beat in service.heartbeats}
    assert len(pids) == 1, pids


def test_closing_stops_the_heartbeats(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    client.start_heartbeat(0.01)
    eventually(lambda: len(service.heartbeats) > 2)
    client.close()
    sent = len(service.heartbeats)
    client.start_heartbeat(0.01)
    assert client.heartbeat().result(0).code == "closed"
    assert len(service.heartbeats) == sent


def test_a_signal_handler_may_interrupt_a_call_and_track(run_program: RunProgram, service: Unruly) -> None:
    run_program(
        """
import signal, time
from analytics.sdk import AnalyticsClient
client = AnalyticsClient()
handled = []
signal.signal(signal.SIGALRM, lambda *_: handled.append(client.track_event("signal")))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
began, tracked = time.monotonic(), []
while time.monotonic() - began < 0.2:
    tracked.append(client.track_event("click"))
    if len(tracked) % 500 == 0:
        client.flush(5)
signal.setitimer(signal.ITIMER_REAL, 0)
assert client.flush(10)
assert all(outcome.result(0).counted for outcome in [*tracked, *handled])
assert len(handled) > 10
"""
    )
    assert service.counted["signal"] > 10

"""Starts a sandbox for a query, watches its time, and returns its answer. The store process calls this in a thread."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import msgspec

from analytics.store.sql.job import FailedQuery, SandboxJob, SelectedRows

GRACE_SECONDS = 2.0
"""How much longer than its query a sandbox may run: it has to start."""
ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
"""Variables that a sandbox is given; all others may hold secrets."""


def run_query(
    job: SandboxJob, started: Callable[["subprocess.Popen[bytes]"], None] | None = None
) -> SelectedRows | FailedQuery:
    """Run a query in a process of its own.

    Args:
        started: called with the process, which may be killed to cancel the query.
    """
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "analytics.store.sql.sandbox"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    with process:
        if started is not None:
            started(process)
        try:
            return _answer(process, job)
        finally:
            process.kill()


def _answer(process: "subprocess.Popen[bytes]", job: SandboxJob) -> SelectedRows | FailedQuery:
    assert process.stdin is not None
    assert process.stdout is not None
    seconds = job.limits.seconds
    over = threading.Event()
    timer = threading.Timer(seconds + GRACE_SECONDS, _stop, (process, over))
    timer.start()
    try:
        process.stdin.write(msgspec.json.encode(job) + b"\n")
        process.stdin.flush()
        answer = process.stdout.read()
    except BrokenPipeError:
        answer = b""
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()  # it has what was not written, which closing it a second time leaves alone
    finally:
        timer.cancel()
    with contextlib.suppress(msgspec.DecodeError):  # empty, or cut off: it was stopped before its end
        return msgspec.json.decode(answer, type=SelectedRows | FailedQuery)
    if over.is_set() or process.wait() == -signal.SIGXCPU:
        return FailedQuery("query_too_large", f"The query took more than {seconds:g} s: ask for a shorter time.")
    return FailedQuery(
        "query_too_large", "The query was stopped, since it needs too much memory: ask for less at once."
    )


def _stop(process: "subprocess.Popen[bytes]", over: threading.Event) -> None:
    over.set()
    process.kill()

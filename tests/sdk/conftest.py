"""Shared by the tests of the client: a misbehaving service, clients of it, and programs in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from analytics.sdk import AnalyticsClient
from tests.sdk.unruly import Unruly, serving
from tests.server import ROOT

FORK_BESIDE_THREADS = "ignore:This process:DeprecationWarning"
"""A warning of Python 3.12 and newer about the forks that these tests make."""

MakeClient = Callable[..., AnalyticsClient]
RunProgram = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def service() -> Iterator[Unruly]:
    with serving(Unruly()) as running:
        yield running


@pytest.fixture
def make_client(service: Unruly) -> Iterator[MakeClient]:
    """Makes clients of `service` with short pauses between retries, and closes them."""
    with ExitStack() as stack:

        def make(url: str | None = None, **arguments: Any) -> AnalyticsClient:
            given = {"service": "shop", "flush_seconds": 0.01, "jitter": lambda: 0.002, **arguments}
            client = AnalyticsClient(url or service.url, **given)
            stack.callback(client.close, 1.0)
            return client

        yield make


@pytest.fixture
def run_program(service: Unruly) -> RunProgram:
    """Runs a Python program that finds `service` at ANALYTICS_URL."""

    def run(script: str, url: str | None = None) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-W", "error", "-W", FORK_BESIDE_THREADS, "-c", script],
            env={**os.environ, "ANALYTICS_URL": url or service.url, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run

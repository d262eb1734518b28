"""The service as a child process, for `analytics demo --serve`."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analytics.config import Settings

DEMO_DEFAULTS = {"ANALYTICS_DATA_DIR": "", "LOG_LEVEL": "WARNING"}
"""Defaults of the demo's service: it keeps everything in memory and does not log requests to the terminal."""


@contextmanager
def service_beside() -> Iterator[tuple[str, Callable[[float], None]]]:
    """Run the service for the duration of the block, with the settings of the environment.

    Yields its URL, and a `sleep` that raises FeedError once the service has ended. SIGTERM and SIGHUP end the block as
    Ctrl-C does, so that the service is always stopped.

    Raises:
        FeedError: the service cannot be started.
    """
    from analytics.config import Settings
    from analytics.errors import CannotListen, SettingError
    from analytics.feed.errors import FeedError
    from analytics.feed.service_client import ServiceClient
    from analytics.listening import check_listening

    try:
        settings = Settings.from_env()
        check_listening(settings.host, settings.port)
    except (SettingError, CannotListen) as error:
        raise FeedError(error.message) from None
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    # In a session of its own, so that Ctrl-C in a terminal ends only this process, which then stops the service.
    process = subprocess.Popen(
        [sys.executable, "-m", "analytics", "serve"], env={**DEMO_DEFAULTS, **os.environ}, start_new_session=True
    )

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if process.poll() is not None:
            raise FeedError(f"the service has ended with status {process.returncode}")

    try:
        url = _url(settings)
        with ServiceClient(url, patience=math.inf, sleep=sleep) as client:
            client.total_events()  # returns once the service is ready
        click.echo(f"The dashboard is at {url}/ (Ctrl-C ends the service and the demo)", err=True)
        yield url, sleep
    finally:
        process.terminate()
        process.wait()


def _url(settings: Settings) -> str:
    """The URL of the service on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # only read  # noqa: S104  # nosec
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"

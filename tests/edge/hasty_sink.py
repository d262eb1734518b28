"""The WSGI entry with frequent checkpoints, and a sink that writes and tries again many times a second.

The variable `SETTLE_SECONDS` is how long the database must run on until what it took counts as delivered.
"""

import os

from gevent import monkey

monkey.patch_all()

from analytics.jobs.schedule import Backoff  # noqa: E402
from analytics.sinks.influx import sink, verdict  # noqa: E402

sink.STEP_SECONDS = 0.05
sink.LATE_SECONDS = 0.2
sink.SETTLE_SECONDS = float(os.environ["SETTLE_SECONDS"])
verdict.MISCONFIGURED_SECONDS = 0.5
sink.SINK_BACKOFF = Backoff(first=0.05, most=0.2)

from tests.edge.hasty_disk import app  # noqa: E402

__all__ = ["app"]

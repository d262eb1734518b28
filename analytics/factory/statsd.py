"""Builds the door for StatsD; loaded only where it has a port."""

from collections.abc import Callable
from functools import partial

from analytics.config import Settings
from analytics.doors.point_recorder import PointRecorder
from analytics.doors.statsd.door import FLUSH_SECONDS, StatsdDoor
from analytics.doors.statsd.listener import StatsdListener
from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor


def statsd_jobs(
    settings: Settings,
    jobs: Supervisor,
    points: PointRecorder,
    dropped: Callable[[str, int], None],
    admit: Callable[[str], Callable[[int], None] | None],
) -> list[Job]:
    """The jobs that listen and record; see `StatsdDoor`, and `StatsdListener` for the allowed addresses."""
    listener = partial(StatsdListener, settings.statsd_port, settings.statsd_allowed)
    door = StatsdDoor(points, listener, dropped, admit)
    return [
        jobs.loop("listener for StatsD", door.listen, most_pause=2.0),
        jobs.periodic("recorder of StatsD", FLUSH_SECONDS, door.flush, stalled_after=60.0),
    ]

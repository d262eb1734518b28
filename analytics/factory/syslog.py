"""Builds the door for syslog; loaded only where it has a port."""

from collections.abc import Callable
from functools import partial
from ipaddress import ip_network

from analytics.clock import Clock
from analytics.config import Settings
from analytics.doors.records.receiver import RecordReceiver
from analytics.doors.statsd.listener import EVERY_IPV4, EVERY_IPV6, LOOPBACK, StatsdListener, is_allowed
from analytics.doors.syslog.door import SYSLOG_FLUSH_SECONDS, SyslogDoor
from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor
from analytics.log_lines import NewLogLine


def syslog_jobs(
    settings: Settings,
    clock: Clock,
    jobs: Supervisor,
    receiver: RecordReceiver[NewLogLine],
    dropped: Callable[[str, int], None],
    admit: Callable[[str], Callable[[int], None] | None],
) -> list[Job]:
    """The jobs that listen and record; without allowed addresses they listen on the loopback interface alone."""
    port, allowed = settings.syslog_port, settings.syslog_allowed
    door = SyslogDoor(receiver, clock, partial(StatsdListener, port, allowed), dropped, admit)
    networks = [ip_network(text) for text in allowed]
    has_new = any(network.version == 6 for network in networks)
    host = (EVERY_IPV6 if has_new else EVERY_IPV4) if allowed else LOOPBACK

    def accept() -> None:
        door.accept((host, port), partial(is_allowed, networks))

    return [
        jobs.loop("listener for datagrams of syslog", door.listen, most_pause=2.0),
        jobs.loop("listener for connections of syslog", accept, most_pause=2.0),
        jobs.periodic("recorder of syslog", SYSLOG_FLUSH_SECONDS, door.flush, stalled_after=60.0),
    ]

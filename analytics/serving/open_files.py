"""Limit of open files of the process, against which each connection counts."""

import logging
import resource

OWN_FILES = 200
"""Files of the service itself, such as its database, and of connections that it refuses."""

log = logging.getLogger("analytics")


def connections_within_open_files(wanted: int) -> int:
    """Raise the limit of open files as far as is needed and allowed; returns how many connections fit into it.

    Without a free file the service could not accept a connection even to refuse it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OWN_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = max(1, soft - OWN_FILES)
    if room < wanted:
        log.warning(
            "at most %d connections can be open, not %d: the system allows %d open files (ulimit -n)",
            room,
            wanted,
            soft,
        )
    return min(room, wanted)

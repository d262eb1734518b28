"""Runs a program on this machine that gets a message on its standard input, without the secrets of the server."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from gevent import Timeout, subprocess

from analytics.alerts.notify.delivery import NotDelivered

FROM_ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ")
"""The variables that a program gets: none with a secret of the server."""


class Ended(NamedTuple):
    """What a program wrote, and its status."""

    output: bytes
    status: int


def run(
    command: Sequence[str], given: bytes, seconds: float, what: str, *, errors: int, variables: Sequence[str] = ()
) -> Ended:
    """Run a program until it ends.

    Args:
        given: its standard input.
        seconds: when it is killed.
        what: its name in messages.
        errors: where its standard error goes, as in `subprocess`.
        variables: names of further variables that it gets.

    Raises:
        NotDelivered: it did not end in time, and was killed with all processes of its group.
        OSError, ValueError: it cannot be run.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={name: os.environ[name] for name in (*FROM_ENVIRONMENT, *variables) if name in os.environ},
        start_new_session=True,
    )
    try:
        with Timeout(seconds, NotDelivered(f"{what} did not end within {seconds:g} s")):
            output, _ = process.communicate(given)
    except BaseException:  # also when the greenlet is killed
        _kill_group(process.pid)
        process.wait()
        raise
    return Ended(output, process.returncode)


def _kill_group(leader: int) -> None:
    """Kill what a program started together with it; the leader itself may have ended."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)

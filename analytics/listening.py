"""Addresses that the service listens on: a check before the start, and listeners for some paths only."""

import socket

from analytics.errors import CannotListen

PATHS = "analytics.paths"
"""Environ key: how the paths begin that the listener of a request is for; set only where that is not all of them."""
OTLP_PATHS = "/v1/"


def check_listening(host: str, port: int) -> None:
    """Listen at `host` and `port` for a moment.

    Raises:
        CannotListen: the address cannot be listened on; one line with the address and the reason.
    """
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise CannotListen(f"HOST={host} PORT={port} cannot be listened on: {error.strerror}.") from None

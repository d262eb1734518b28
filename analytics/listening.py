"""A check that the service can listen at its address, before the server fails with many lines."""

import socket

from analytics.errors import CannotListen


def check_listening(host: str, port: int) -> None:
    """Listen at `host` and `port` for a moment.

    Raises:
        CannotListen: the address cannot be listened on; one line with the address and the reason.
    """
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise CannotListen(f"HOST={host} PORT={port} cannot be listened on: {error.strerror}.") from None

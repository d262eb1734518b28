"""Whether there is a place to listen, asked before a server tries it and tells of it in many lines."""

import socket

from analytics.errors import CannotListen


def check_listening(host: str, port: int) -> None:
    """Listen at `host` and `port` for a moment.

    Raises:
        CannotListen: one line that names them, and says why.
    """
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise CannotListen(f"HOST={host} PORT={port} cannot be listened on: {error.strerror}.") from None

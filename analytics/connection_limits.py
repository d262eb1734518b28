"""Limits on what connections may hold and for how long."""

import math
from typing import NamedTuple


class ConnectionLimits(NamedTuple):
    """Limits of connections. Times in seconds."""

    connections: int
    """How many may be open."""
    idle: float
    """Time until the next request begins."""
    head: float
    """Time for the request line and headers, and until the first request begins."""
    body: float
    """Time for each `MIN_RATE * body` bytes of a body."""
    send: float
    """Time in which the client receives each `MIN_RATE * send` bytes of an answer."""
    body_bytes: int
    """Size of a body as it arrives, with the headers of its chunks."""
    bodies_bytes: int
    """Size of all bodies that are being received or processed."""
    park: float = math.inf
    """Time after which a connection that waits for a request does so without a greenlet."""

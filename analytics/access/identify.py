"""Authentication and authorization of requests: the interface; the gate implements it."""

from typing import Protocol
from wsgiref.types import WSGIEnvironment


class Identify(Protocol):
    """Decides by the headers of a request who sends it and whether it is allowed; the body has not been read yet.

    It is called for every request: HTTP, WebSocket handshakes, Socket.IO, files, and preflights (OPTIONS), which have
    no credentials.
    """

    def __call__(self, environ: WSGIEnvironment, /) -> None:
        """Allow a request by returning.

        Raises:
            AnalyticsError: the request is refused, with this error as the answer.
        """

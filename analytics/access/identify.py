"""Who sends a request, and whether they may: the step that decides it, and the one that lets everybody through."""

from typing import Protocol
from wsgiref.types import WSGIEnvironment


class Identify(Protocol):
    """Decides by the head of a request who sends it and whether they may; nobody has read the body yet.

    It sees every request: HTTP, WebSocket handshakes, Socket.IO, files, and preflights (OPTIONS), which carry no
    credentials.
    """

    def __call__(self, environ: WSGIEnvironment, /) -> None:
        """Let a request through.

        Raises:
            AnalyticsError: the request is refused; the error is its answer.
        """


class Everybody:
    """Lets every request through."""

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Let a request through."""

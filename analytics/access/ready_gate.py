"""Refuses requests until the service has recovered what it kept."""

from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

from analytics.errors import Unavailable

ALWAYS_OPEN = ("/health/", "/assets/", "/vendor/", "/sdk/")
"""Paths that are answered before: the probes, and the files of the page, which waits by itself."""
PAGE = ("", "/")


class ReadyGate:
    """Refuses all but the probes and the page while the service `is_closed`."""

    def __init__(self, is_closed: Callable[[], bool]) -> None:
        self._is_closed = is_closed

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Let a request through.

        Raises:
            Unavailable: the service is not ready yet.
        """
        if self._is_closed():
            path = environ["PATH_INFO"]
            if path not in PAGE and not path.startswith(ALWAYS_OPEN):
                raise Unavailable(
                    "The service is reading what it kept before its start; try again in a moment.",
                    headers={"Retry-After": "1"},
                )

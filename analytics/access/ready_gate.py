"""Refuses requests while the service replays its journal after a start."""

from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

from analytics.errors import Unavailable

ALWAYS_OPEN = ("/health/", "/assets/", "/vendor/", "/sdk/")
"""Prefixes of paths that are always served: health probes, and the files of the page, which waits and retries."""
PAGE_PATHS = ("", "/")


class ReadyGate:
    """Refuses everything except health probes and the page while the service `is_closed`."""

    def __init__(self, is_closed: Callable[[], bool]) -> None:
        self._is_closed = is_closed

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Let a request through if the service is ready or the path is always open.

        Raises:
            Unavailable: the service is not ready yet.
        """
        if self._is_closed():
            path = environ["PATH_INFO"]
            if path not in PAGE_PATHS and not path.startswith(ALWAYS_OPEN):
                raise Unavailable(
                    "The service is replaying its journal; try again in a moment.",
                    headers={"Retry-After": "1"},
                )

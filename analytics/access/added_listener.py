"""Limits requests that come through an added listener to the paths that it is for."""

from wsgiref.types import WSGIEnvironment

from analytics.errors import NotFound
from analytics.listening import PATHS


def check_listener(environ: WSGIEnvironment) -> None:
    """Refuse a request for a path that its listener is not for.

    Raises:
        NotFound: it is for another path.
    """
    paths = environ.get(PATHS)
    if paths is not None and not environ["PATH_INFO"].startswith(paths):
        raise NotFound(f"This port is for {paths} alone; the service itself is at its main port.")

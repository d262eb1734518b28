"""The service with a fault: it refuses every request with the header `X-Wrong` like one with a wrong key."""

from gevent import monkey

monkey.patch_all()

from wsgiref.types import WSGIEnvironment

from analytics.errors import OriginNotAllowed
from analytics.factory import create_app


def identify(environ: WSGIEnvironment) -> None:
    """Refuse a request."""
    if "HTTP_X_WRONG" in environ:
        raise OriginNotAllowed("The key is wrong.", code="wrong_key")


app = create_app(identify=identify)

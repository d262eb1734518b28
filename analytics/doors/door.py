"""Interface of the doors for HTTP."""

from typing import Protocol
from wsgiref.types import WSGIEnvironment

from analytics.answer import Answer


class Door(Protocol):
    """Reads a request in one protocol, records its content, and answers in the protocol's own format.

    Mistakes of the client become an error answer, not an exception, and are counted in `/stats`.
    """

    def __call__(self, environ: WSGIEnvironment, /) -> Answer: ...

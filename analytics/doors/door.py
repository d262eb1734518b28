"""The interface of a door that is reached over HTTP."""

from typing import Protocol
from wsgiref.types import WSGIEnvironment

from analytics.answer import Answer


class Door(Protocol):
    """Takes one protocol: reads a request, records what it holds, and answers in the protocol's own format.

    What a client did wrong is answered, never raised, and counted in `/stats`.
    """

    def __call__(self, environ: WSGIEnvironment, /) -> Answer: ...

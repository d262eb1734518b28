"""Yields to other greenlets between requests."""

from wsgiref.types import WSGIEnvironment

from analytics.yielding import yield_if_due


class Yielding:
    """Yields to other greenlets if nobody did for a moment.

    Without it a busy keep-alive connection starves them: its next request has always arrived, so it never blocks.
    `gevent.sleep(0)` is not enough: where several connections never block, it polls for input only every 50 times.
    """

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Yield if it is time."""
        yield_if_due()

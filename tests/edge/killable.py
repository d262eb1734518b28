"""The service for tests that kill its jobs: GET /kill/JOB/EXCEPTION kills one and returns the resulting /health."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import gevent
from flask import Response

from analytics.serving.wsgi import app

EXCEPTIONS = {error.__name__: error for error in (gevent.GreenletExit, SystemExit, gevent.Timeout, KeyError)}
_serve = app.wsgi_app


def _jobs() -> dict[str, Any]:
    service = app.extensions["analytics"]
    store = service._store
    periodic = [service.ticker, service.loop_lag.job, service._trimmer, service.sampler, *service.more]
    jobs = [*periodic, service.hub._flusher, store._log._writer, store._checkpointer._job]
    return {job.name: job for job in jobs}


def _killing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    parts = environ["PATH_INFO"].split("/")
    if parts[1] != "kill":
        return _serve(environ, start_response)
    _jobs()[unquote(parts[2])]._greenlet.kill(EXCEPTIONS[parts[3]])
    with app.test_client() as client:
        return Response(client.get("/health").data, mimetype="application/json")(environ, start_response)


app.wsgi_app = _killing  # type: ignore[method-assign]

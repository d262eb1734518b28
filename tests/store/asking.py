"""The service for tests of the store: GET /store/OP?args=JSON asks the store process and returns its answer.

It hears several times a second how the store is, not every five seconds.
"""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from flask import Response

from analytics.errors import AnalyticsError
from analytics.store.client import client
from analytics.store.client.client import StoreClient
from tests.store.mortal import MORTAL

StoreClient.__init__.__defaults__ = (MORTAL,)  # which has more operations
client.TELL_SECONDS, client.STATUS_SECONDS = 0.1, 0.2
from analytics.serving.wsgi import app  # noqa: E402

_serve = app.wsgi_app


def _asking(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    parts = environ["PATH_INFO"].split("/")
    if parts[1] != "store":
        return _serve(environ, start_response)
    args = json.loads(parse_qs(environ["QUERY_STRING"]).get("args", ["{}"])[0])
    store = app.extensions["analytics"].long_term
    try:
        answer = Response(b"".join(store.ask(parts[2], args)), mimetype="application/json")
    except AnalyticsError as error:
        answer = Response(json.dumps(error.body), status=error.status, mimetype="application/json")
    return answer(environ, start_response)


app.wsgi_app = _asking  # type: ignore[method-assign]

"""Development server: `python app.py` serves the same application as gunicorn, on Werkzeug's server."""

from gevent import monkey

monkey.patch_all()

import logging.config
import os
import sys
from collections.abc import Iterable
from signal import SIGINT, SIGTERM
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import gevent
from gevent.signal import signal
from werkzeug.serving import make_server

from analytics.config import Settings, unknown_variable_warnings
from analytics.errors import CannotListen, CannotStore, SettingError
from analytics.factory import create_app
from analytics.listening import check_listening
from analytics.log.disk.check import check_store
from analytics.logs import logging_config

GRACEFUL_SECONDS = 30
"""Time for requests in flight to finish after a signal to stop."""

log = logging.getLogger("analytics.development")


class Requests:
    """WSGI middleware that counts the requests in flight, including live clients."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.in_flight = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.in_flight += 1
        try:
            return self._app(environ, start_response)
        finally:
            self.in_flight -= 1


def give_up(reason: str) -> None:
    """End the process, because the stored data cannot be used."""
    log.critical(reason)
    logging.shutdown()
    os._exit(1)


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    try:
        settings = Settings.from_env()
    except SettingError as error:
        sys.exit(error.message)
    logging.config.dictConfig(logging_config(settings.log_level))
    for warning in unknown_variable_warnings():
        log.warning(warning)
    try:
        app = create_app(settings)
    except SettingError as error:
        sys.exit(error.message)
    runtime = app.extensions["analytics"]
    try:
        check_store(settings)
        check_listening(settings.host, settings.port)
    except (CannotStore, CannotListen) as error:
        runtime.stop()
        sys.exit(error.message)
    requests = Requests(app)
    runtime.open_connections = lambda: requests.in_flight  # this server closes each connection after its answer
    server = make_server(settings.host, settings.port, requests, threaded=True)

    def stop() -> None:
        runtime.drain()
        with gevent.Timeout(GRACEFUL_SECONDS, exception=False):
            while requests.in_flight:
                gevent.sleep(0.05)
        gevent.sleep(0.1)  # the last answers are still being sent
        server.shutdown()

    for number in (SIGINT, SIGTERM):
        signal(number, lambda *_: gevent.spawn(stop))
    runtime.start(give_up)
    log.info("listening", extra={"host": settings.host, "port": settings.port})
    server.serve_forever()
    runtime.stop()


if __name__ == "__main__":
    main()

"""The development entry: python app.py serves the same app as gunicorn does, on Werkzeug's server."""

from gevent import monkey

monkey.patch_all()

import logging.config
import sys
from signal import SIGINT, SIGTERM

import gevent
from gevent.signal import signal
from werkzeug.serving import make_server

from analytics.config import Settings
from analytics.errors import ConfigError
from analytics.factory import create_app
from analytics.logs import logging_config

STOP_SECONDS = 1
"""How long clients have to say goodbye."""

log = logging.getLogger("analytics.development")


def main() -> None:
    """Serve until interrupted."""
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(error.message)
    logging.config.dictConfig(logging_config(settings.log_level))
    app = create_app(settings)
    service = app.extensions["analytics"]
    try:
        server = make_server(settings.host, settings.port, app, threaded=True)
    except SystemExit:  # the port is taken, which Werkzeug has told by now
        service.stop()
        raise

    def stop() -> None:
        service.drain()
        with gevent.Timeout(STOP_SECONDS, exception=False):
            while len(service.hub):
                gevent.sleep(0.05)
        server.shutdown()

    for number in (SIGINT, SIGTERM):
        signal(number, lambda *_: gevent.spawn(stop))
    service.start()
    log.info("listening", extra={"host": settings.host, "port": settings.port})
    server.serve_forever()
    service.stop()


if __name__ == "__main__":
    main()

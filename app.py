"""The development entry: python app.py serves the same app as gunicorn does, on Werkzeug's server."""

from gevent import monkey

monkey.patch_all()

import logging.config
import sys

from analytics.config import Settings
from analytics.errors import ConfigError
from analytics.factory import create_app
from analytics.logs import logging_config


def main() -> None:
    """Serve until interrupted."""
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(error.message)
    logging.config.dictConfig(logging_config(settings.log_level))
    app = create_app(settings)
    app.extensions["analytics"].start()
    app.run(settings.host, settings.port, threaded=True)


if __name__ == "__main__":
    main()

"""gunicorn as `gunicorn -k gevent -c gunicorn.conf.py wsgi:app` starts it, for a command line that is not its own."""

from importlib import import_module
from typing import Any

from gunicorn.app.base import Application

from analytics.internals.gunicorn import load_configuration


class Service(Application):  # type: ignore[misc]
    """The service as a gunicorn application; `run()` serves until it is told to stop, and ends the process."""

    def load_config(self) -> None:
        """Take the configuration of the package, then what GUNICORN_CMD_ARGS says, as gunicorn does."""
        load_configuration(self, "analytics.serving.configuration")

    def load(self) -> Any:
        """The WSGI application, in the process that serves."""
        return import_module("analytics.serving.wsgi").app

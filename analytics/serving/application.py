"""Gunicorn as a Python object, for `analytics serve`."""

from importlib import import_module
from typing import Any

from gunicorn.app.base import Application

from analytics.internals.gunicorn import load_configuration


class GunicornServer(Application):  # type: ignore[misc]
    """Gunicorn as `gunicorn -k gevent -c gunicorn.conf.py wsgi:app` starts it, without its command line.

    `run()` serves until the process is stopped, and then exits.
    """

    def load_config(self) -> None:
        """Load `analytics.serving.configuration`, then the options in GUNICORN_CMD_ARGS."""
        load_configuration(self, "analytics.serving.configuration")

    def load(self) -> Any:
        """Load the WSGI application, in the worker."""
        return import_module("analytics.serving.wsgi").app

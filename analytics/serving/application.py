"""Gunicorn as a Python object, for `analytics serve`."""

from typing import Any

from gunicorn.app.base import Application
from gunicorn.util import import_app


class GunicornServer(Application):  # type: ignore[misc]
    """Gunicorn as `gunicorn -k gevent -c gunicorn.conf.py wsgi:app` starts it, without its command line.

    `run()` serves until the process is stopped, and then exits.
    """

    def load_config(self) -> None:
        """Load `analytics.serving.configuration`, then the options in GUNICORN_CMD_ARGS."""
        self.load_config_from_module_name_or_filename("python:analytics.serving.configuration")
        options = vars(self.cfg.parser().parse_args(self.cfg.get_cmd_args_from_env()))
        for name, value in options.items():
            if name != "args" and value is not None:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Load the WSGI application, in the worker."""
        return import_app("analytics.serving.wsgi:app")

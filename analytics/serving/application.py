"""gunicorn as `gunicorn -k gevent -c gunicorn.conf.py wsgi:app` starts it, for a command line that is not its own."""

from typing import Any

from gunicorn.app.base import Application
from gunicorn.util import import_app


class Service(Application):  # type: ignore[misc]
    """The service as a gunicorn application; `run()` serves until it is told to stop, and ends the process."""

    def load_config(self) -> None:
        """Take the configuration of the package, then what GUNICORN_CMD_ARGS says, as gunicorn does."""
        self.load_config_from_module_name_or_filename("python:analytics.serving.configuration")
        options = vars(self.cfg.parser().parse_args(self.cfg.get_cmd_args_from_env()))
        for name, value in options.items():
            if name != "args" and value is not None:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application, in the process that serves."""
        return import_app("analytics.serving.wsgi:app")

"""gunicorn's configuration for `gunicorn -c gunicorn.conf.py wsgi:app`: that of `analytics serve`."""

from analytics.serving.configuration import *  # noqa: F403

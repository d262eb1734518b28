"""Configuration for `gunicorn -c gunicorn.conf.py wsgi:app`; the same as that of `analytics serve`."""

from analytics.serving.configuration import *  # noqa: F403

"""WSGI application for `gunicorn -k gevent -c gunicorn.conf.py wsgi:app`; the same as that of `analytics serve`."""

from analytics.serving.wsgi import app

__all__ = ["app"]

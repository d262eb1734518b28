"""The WSGI entry for `gunicorn -k gevent -c gunicorn.conf.py wsgi:app`: that of `analytics serve`."""

from analytics.serving.wsgi import app

__all__ = ["app"]

"""The service, which returns freed memory to the system every two seconds instead of once a minute."""

from gevent import monkey

monkey.patch_all()

from analytics.jobs import memory  # noqa: E402

memory.TRIM_SECONDS = 2.0

from wsgi import app  # noqa: E402

__all__ = ["app"]

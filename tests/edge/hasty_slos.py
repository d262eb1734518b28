"""The service for tests of objectives: it evaluates their rules each second, not every 30."""

from analytics.alerts.slo import burning
from analytics.serving.wsgi import app

__all__ = ["app"]
burning.INTERVAL = "1s"

"""Python client of the Analytics Dashboard Service. Depends on `requests` only, not on the server's package."""

from .client import AnalyticsClient
from .outcome import Outcome

__all__ = ["AnalyticsClient", "Outcome"]

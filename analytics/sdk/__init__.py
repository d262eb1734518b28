"""The Python client of the service: needs the standard library and `requests`, and nothing of the server."""

from analytics.sdk.client import AnalyticsClient
from analytics.sdk.outcome import Outcome

__all__ = ["AnalyticsClient", "Outcome"]

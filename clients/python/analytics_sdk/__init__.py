"""The Python client of the service: needs the standard library and `requests`, and nothing of the server."""

from .client import AnalyticsClient
from .outcome import Outcome

__all__ = ["AnalyticsClient", "Outcome"]

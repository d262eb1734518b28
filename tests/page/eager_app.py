"""The service for the shop of page tests: it computes usual figures every 5 seconds, not each minute."""

from analytics.snapshot import unusual

unusual.USUAL_SECONDS = unusual.EVERY_SECONDS

from wsgi import app as app  # noqa: E402

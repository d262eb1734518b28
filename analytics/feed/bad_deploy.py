"""The bad deploy of the demo shop: a version of the payment service that fails and is slow until it is replaced."""

from collections.abc import Iterator
from typing import NamedTuple

from analytics.feed.annotations import CI, Named, postmortem
from analytics.feed.incidents import DemoIncident
from analytics.feed.shop import rfc3339

SERVICE = "payment"
_AGE, _LENGTH, _DELAY = 100 * 60, 30 * 60, 60
"""Seconds from the deploy to now, how long its version runs, and how soon it shows."""


class BadDeploy(NamedTuple):
    """The deploy of version 1.4.2 at `at` (seconds since the epoch), and the incident that it causes."""

    at: float
    incident: DemoIncident

    def version(self, at: float) -> str:
        """The version of the payment service that runs at a time."""
        return "1.4.1" if at < self.at else "1.4.2" if at < self.incident.ends else "1.4.3"

    def annotations(self) -> Iterator[Named]:
        """The deploy, the next one that mends it, and the incident between them."""
        yield self._deploy("1.4.2", self.at)
        yield self._deploy("1.4.3", self.incident.ends)
        yield postmortem(self.incident)

    def _deploy(self, version: str, at: float) -> Named:
        body = {
            "text": f"Deploy {version}",
            "time": rfc3339(at),
            "service": SERVICE,
            "tags": ["deploy"],
            "link": f"{CI}/{SERVICE}/{version}",
        }
        return f"demo-deploy-{SERVICE}-{version}-{int(at)}", body


def bad_deploy(now: float) -> BadDeploy:
    """The bad deploy in the history of a demo that starts at `now` (seconds since the epoch)."""
    at = now - _AGE
    return BadDeploy(at, DemoIncident(SERVICE, at + _DELAY, at + _LENGTH))

"""Forwards alerts to an Alertmanager, which groups, repeats and silences them itself.

As Prometheus does, it posts an alert when it changes, and again each minute while it fires, so that Alertmanager does
not take it for over. Alertmanager knows alerts by their labels, so that a repeated post does no harm.
"""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from analytics.alerting import Alert, AlertKey
from analytics.alerts.notify.delivery import NotDelivered
from analytics.alerts.notify.receiver_loop import ReceiverLoop
from analytics.alerts.notify.sender import FIRST_PAUSE, LONGEST_PAUSE, Trouble
from analytics.clock import Clock
from analytics.errors import AnalyticsError

AGAIN_SECONDS = 60.0
"""How often an alert that fires is posted."""
RESOLVED_SECONDS = 300.0
"""How long after its end an alert that is over is posted."""
MOST_POSTED = 500
"""Alerts of one request."""

logger = logging.getLogger(__name__)


class ForwardedAlert(NamedTuple):
    """An alert, and whether it is muted; if it was posted before, it is kept alive even so."""

    alert: Alert
    is_muted: bool


class Posted(NamedTuple):
    """The newest post of an alert: the number of its change, and the time in seconds since the epoch."""

    number: int
    at: float


class Forwarder(ReceiverLoop):
    """Keeps one Alertmanager up to date.

    Args:
        alerts: returns the alerts that it has to know.
        post: posts alerts; raises NotDelivered.
    """

    def __init__(
        self,
        name: str,
        alerts: Callable[[], Sequence[ForwardedAlert]],
        post: Callable[[Sequence[Alert]], None],
        clock: Clock,
    ) -> None:
        super().__init__()
        self._name, self._alerts, self._post, self._clock = name, alerts, post, clock
        self._posted: dict[AlertKey, Posted] = {}
        self.troubles: dict[int, Trouble] = {}

    def step(self) -> float:
        """Post what is due; returns after how many seconds to look again."""
        now = self._clock.wall()
        trouble = self.troubles.get(0)
        if trouble is not None and trouble.next_at > now:
            return trouble.next_at - now
        found = self._alerts()
        self._posted = {
            each.alert.key: self._posted[each.alert.key] for each in found if each.alert.key in self._posted
        }
        due = [each.alert for each in found if self._is_due(each, now)]
        try:
            for start in range(0, len(due), MOST_POSTED):
                some = due[start : start + MOST_POSTED]
                self._post(some)
                self._posted.update((alert.key, Posted(alert.number, now)) for alert in some)
        except NotDelivered as error:
            return self._failed(error.reason, now)
        except AnalyticsError as error:
            return self._failed(error.message, now)
        except Exception as error:
            logger.exception("alerts could not be forwarded because of a bug", extra={"receiver": self._name})
            return self._failed(f"a bug: {type(error).__name__}", now)
        self.troubles = {}
        times = [posted.at + AGAIN_SECONDS - now for posted in self._posted.values()]
        return max(FIRST_PAUSE, min(times, default=AGAIN_SECONDS))

    def _forget_failures(self) -> None:
        self.troubles = {}
        self._posted = {}

    def _is_due(self, each: ForwardedAlert, now: float) -> bool:
        alert, posted = each.alert, self._posted.get(each.alert.key)
        if alert.ended is not None and alert.ended < now - RESOLVED_SECONDS:
            return False
        if posted is None:
            return not each.is_muted
        return posted.number != alert.number or now - posted.at >= AGAIN_SECONDS

    def _failed(self, reason: str, now: float) -> float:
        before = self.troubles.get(0)
        attempts = 1 if before is None else before.attempts + 1
        if before is None:
            logger.warning("alerts could not be forwarded", extra={"receiver": self._name, "reason": reason})
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts - 1, 30))
        self.troubles = {0: Trouble(reason, attempts, now if before is None else before.since, now + pause)}
        return pause

"""Sends the messages of one receiver, each until it is taken: a receiver that hangs holds up no other."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from analytics.alerts.notify.delivery import NotDelivered
from analytics.alerts.notify.receiver_loop import ReceiverLoop
from analytics.clock import Clock
from analytics.errors import AnalyticsError
from analytics.notifications import GIVEN_UP, SENT, NewNotificationEnd, Outcome, QueuedMessage

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before the second attempt, and between later ones; each pause is twice the one before."""
GIVE_UP_SECONDS = 24 * 3600.0
"""How long a message is tried."""
IDLE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Trouble(NamedTuple):
    """Why a message is not delivered, after how many attempts, since when, and when it is tried again (epoch)."""

    reason: str
    attempts: int
    since: float
    next_at: float


class MessageSender(ReceiverLoop):
    """Sends what waits for one receiver, one message after the other.

    Args:
        waiting: returns the messages, oldest first.
        deliver: delivers one; returns the answer, raises NotDelivered or another AnalyticsError.
        end: records the end of a message; raises Unavailable if that cannot be written now.
        version: the version of the receiver's resource.

    Attributes:
        troubles: by the number of each message that waits and was tried in vain.
    """

    def __init__(
        self,
        name: str,
        waiting: Callable[[], Sequence[QueuedMessage]],
        deliver: Callable[[QueuedMessage], str],
        end: Callable[[NewNotificationEnd], None],
        version: Callable[[], int],
        clock: Clock,
    ) -> None:
        super().__init__()
        self._name, self._waiting, self._deliver, self._end = name, waiting, deliver, end
        self._version, self._clock = version, clock
        self._unrecorded: dict[int, NewNotificationEnd] = {}
        self.troubles: dict[int, Trouble] = {}

    def step(self) -> float:
        """Send what is due; returns after how many seconds to look again."""
        waiting = {message.number: message for message in self._waiting()}
        self.troubles = {number: each for number, each in self.troubles.items() if number in waiting}
        self._unrecorded = {number: end for number, end in self._unrecorded.items() if number in waiting}
        for message in waiting.values():
            if message.number in self._unrecorded:
                self._record(message, self._unrecorded[message.number])
            elif self._due(message) <= self._clock.wall():
                self._attempt(message)
        if self._unrecorded:
            return FIRST_PAUSE
        pauses = (each.next_at - self._clock.wall() for each in self.troubles.values())
        return max(0.0, min(pauses, default=IDLE_SECONDS))

    def _forget_failures(self) -> None:
        self.troubles = {number: each._replace(next_at=0.0) for number, each in self.troubles.items()}

    def _due(self, message: QueuedMessage) -> float:
        trouble = self.troubles.get(message.number)
        return 0.0 if trouble is None else trouble.next_at

    def _attempt(self, message: QueuedMessage) -> None:
        before = self.troubles.get(message.number)
        attempts = 1 if before is None else before.attempts + 1
        version = self._version()
        try:
            answer = self._deliver(message)
        except NotDelivered as error:
            failure = error
        except AnalyticsError as error:
            failure = NotDelivered(error.message)
        except Exception as error:
            logger.exception("a message could not be sent because of a bug", extra={"receiver": self._name})
            failure = NotDelivered(f"a bug: {type(error).__name__}")
        else:
            self._record(message, self._ended(message, True, attempts, answer))
            return
        now = self._clock.wall()
        if failure.is_over or now - message.at >= GIVE_UP_SECONDS:
            end = self._ended(message, False, attempts, failure.reason, version if failure.is_over else 0)
            logger.error(
                "a message to a receiver was given up",
                extra={"receiver": self._name, "message_id": message.id, "reason": failure.reason},
            )
            self._record(message, end)
            return
        if before is None:
            logger.warning(
                "a message was not delivered, and is tried again",
                extra={"receiver": self._name, "message_id": message.id, "reason": failure.reason},
            )
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts - 1, 30))
        since = now if before is None else before.since
        next_at = now + max(pause, failure.retry_after or 0.0)
        self.troubles[message.number] = Trouble(failure.reason, attempts, since, next_at)

    def _ended(
        self, message: QueuedMessage, is_sent: bool, attempts: int, answer: str, disabled: int = 0
    ) -> NewNotificationEnd:
        outcome: Outcome = SENT if is_sent else GIVEN_UP
        return NewNotificationEnd(message.receiver, message.labels, message.number, outcome, attempts, answer, disabled)

    def _record(self, message: QueuedMessage, end: NewNotificationEnd) -> None:
        """Record an end; if that is not possible now, it is tried again, and the message is not sent again."""
        try:
            self._end(end)
        except AnalyticsError as error:
            logger.warning("the end of a message could not be recorded", extra={"reason": error.message})
            self._unrecorded[message.number] = end
        else:
            self._unrecorded.pop(message.number, None)
            self.troubles.pop(message.number, None)

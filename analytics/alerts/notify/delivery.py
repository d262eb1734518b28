"""Delivery of a message: the errors of an attempt, and the parts of the service that receivers use."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.alerting import Alert
from analytics.alerts.notify.http import Http
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.notifications import QueuedMessage

ANSWER_CHARACTERS = 500
"""How much of an answer is shown to people."""


class NotDelivered(Exception):
    """A receiver did not take a message; the argument says why, without any secret.

    Attributes:
        retry_after: seconds to wait before the next attempt, if the receiver said so.
        is_over: whether it wants no message any more, so that it gets none until its resource is changed.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, is_over: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.is_over = reason, retry_after, is_over


class ReceiverServices(NamedTuple):
    """What receivers need to deliver a message.

    Attributes:
        secret: the secret that a reference leads to; raises SecretMissing.
        public_url: the address of the service for people, without a slash at its end; empty if it is not known.
        now: seconds since the epoch.
        command_allowed: whether commands may be run.
        links: with which people act on the incident of the message.
        links_of: those for each of some alerts.
        chart: a PNG image for a message; None where there is nothing to show.
    """

    http: Http
    secret: Callable[[str], str]
    public_url: str
    now: Callable[[], float]
    command_allowed: bool = False
    links: MessageLinks = NO_LINKS
    links_of: Callable[[Sequence[Alert]], Sequence[MessageLinks]] = lambda alerts: [NO_LINKS] * len(alerts)
    chart: Callable[[QueuedMessage], bytes | None] = lambda message: None


Deliver = Callable[[QueuedMessage, Mapping[str, Any], ReceiverServices], str]
"""Delivers a message to a receiver with this resource's body; returns the answer in words.

Raises:
    NotDelivered: it was not taken.
    SecretMissing: a secret is not where its reference says.
"""

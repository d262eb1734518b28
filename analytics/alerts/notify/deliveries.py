"""Delivers messages to receivers of every type; what a type needs is loaded with its first message."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

import gevent

from analytics.alerting import Alert
from analytics.alerts.notify.delivery import Deliver, NotDelivered, ReceiverServices
from analytics.alerts.notify.secrets import SeenSecrets
from analytics.errors import AnalyticsError
from analytics.notifications import QueuedMessage
from analytics.resources import Resource

MODULES = {
    type_: f"analytics.alerts.notify.receivers.{type_}"
    for type_ in (
        *("webhook", "email", "slack", "teams", "discord", "telegram", "ntfy"),
        *("pagerduty", "opsgenie", "matrix", "alertmanager", "apprise", "command"),
    )
}
"""The modules by type; each has a function `deliver`."""
DELIVERY_SECONDS = 60.0
"""Seconds for all of a delivery."""


def deliver(message: QueuedMessage, receiver: Resource, services: ReceiverServices) -> str:
    """Deliver a message; returns the answer in words, without secrets.

    Raises:
        NotDelivered: it was not taken; the reason is without secrets.
    """
    module = import_module(MODULES[receiver.body["type"]])
    return _guarded(lambda given: cast(Deliver, module.deliver)(message, receiver.body, given), services)


def forward(alerts: Sequence[Alert], receiver: Resource, services: ReceiverServices) -> str:
    """Post alerts to an Alertmanager; returns and raises what `deliver` does."""
    from analytics.alerts.notify.receivers import alertmanager

    return _guarded(lambda given: alertmanager.forward(alerts, receiver.body, given), services)


def _guarded(work: Callable[[ReceiverServices], str], services: ReceiverServices) -> str:
    """Do something within `DELIVERY_SECONDS`, and hide secrets in the answer and in errors."""
    secrets = SeenSecrets(services.secret)
    try:
        with gevent.Timeout(DELIVERY_SECONDS, NotDelivered(f"not done within {DELIVERY_SECONDS:g} s")):
            answer = work(services._replace(secret=secrets))
    except NotDelivered as error:
        hidden = secrets.hidden(error.reason)
        raise NotDelivered(hidden, retry_after=error.retry_after, is_over=error.is_over) from None
    except AnalyticsError as error:  # a secret is missing
        raise NotDelivered(secrets.hidden(error.message)) from None
    return secrets.hidden(answer)

"""Opsgenie: the Alert API (docs.opsgenie.com/docs/alert-api); all messages about a group have the same alias."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.bodies import dedup_key
from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import addresses, cut, fitted, severity, title
from analytics.notifications import QueuedMessage

SERVER = "https://api.opsgenie.com"
PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
MOST_MESSAGE, MOST_DESCRIPTION = 130, 15_000
MOST_DETAILS, MOST_DETAIL = 20, 250
"""How many details, and characters of each; all of them may have 8,000."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Create or close an alert."""
    server = revealed(body.get("url") or SERVER, services).rstrip("/")
    headers = {"Authorization": f"GenieKey {services.secret(body['key'])}"}
    alias = dedup_key(message)
    if not message.firing:
        close = {"source": "analytics", "note": title(message)}
        return post_json(services, f"{server}/v2/alerts/{alias}/close?identifierType=alias", close, headers)
    return post_json(
        services,
        f"{server}/v2/alerts",
        {**payload(message, services.public_url, services.links), "alias": alias},
        headers,
    )


def payload(message: QueuedMessage, public_url: str, links: MessageLinks = NO_LINKS) -> dict[str, Any]:
    """The JSON of an alert without its alias."""
    ending = addresses(public_url, links)
    room = MOST_DESCRIPTION - len("\n".join(ending)) - 1
    return {
        "message": cut(title(message), MOST_MESSAGE),
        "description": "\n".join([fitted(message, room), *ending]),
        "details": {name: cut(value, MOST_DETAIL) for name, value in message.labels[:MOST_DETAILS]},
        "source": "analytics",
        "priority": PRIORITIES[severity([alert for alert in message.alerts if alert.ended is None])],
    }

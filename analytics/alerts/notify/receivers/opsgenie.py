"""Opsgenie: the Alert API (docs.opsgenie.com/docs/alert-api); all messages about a group have the same alias."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.bodies import dedup_key
from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import lines, severity, title
from analytics.notifications import QueuedMessage

SERVER = "https://api.opsgenie.com"
PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
MOST_TITLE, MOST_DESCRIPTION = 130, 15_000


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Create or close an alert."""
    server = revealed(body.get("url") or SERVER, services).rstrip("/")
    headers = {"Authorization": f"GenieKey {services.secret(body['key'])}"}
    alias = dedup_key(message)
    if not message.firing:
        close = {"source": "analytics", "note": title(message)}
        return post_json(services, f"{server}/v2/alerts/{alias}/close?identifierType=alias", close, headers)
    return post_json(
        services, f"{server}/v2/alerts", {**payload(message, services.public_url), "alias": alias}, headers
    )


def payload(message: QueuedMessage, public_url: str) -> dict[str, Any]:
    """The JSON of an alert without its alias."""
    return {
        "message": title(message)[:MOST_TITLE],
        "description": "\n".join([*lines(message), *([public_url] if public_url else [])])[:MOST_DESCRIPTION],
        "details": dict(message.labels),
        "source": "analytics",
        "priority": PRIORITIES[severity([alert for alert in message.alerts if alert.ended is None])],
    }

"""PagerDuty: the Events API, version 2 (developer.pagerduty.com/docs/events-api-v2-overview).

All messages about a group have the same `dedup_key`, so that they are one incident there.
"""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.bodies import dedup_key
from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import lines, severity, title
from analytics.clock import rfc3339
from analytics.notifications import QueuedMessage

SERVER = "https://events.pagerduty.com"
MOST_SUMMARY = 1_024


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Trigger or resolve an incident."""
    server = revealed(body.get("url") or SERVER, services).rstrip("/")
    found = payload(message, services.public_url)
    return post_json(services, f"{server}/v2/enqueue", {**found, "routing_key": services.secret(body["key"])})


def payload(message: QueuedMessage, public_url: str) -> dict[str, Any]:
    """The JSON without the key."""
    found: dict[str, Any] = {
        "event_action": "trigger" if message.firing else "resolve",
        "dedup_key": dedup_key(message),
    }
    if not message.firing:
        return found
    labels = dict(message.labels)
    firing = [alert for alert in message.alerts if alert.ended is None]
    found["payload"] = {
        "summary": title(message)[:MOST_SUMMARY],
        "source": labels.get("service", "analytics"),
        "severity": severity(firing),
        "timestamp": rfc3339(min((alert.fired for alert in firing), default=message.at)),
        "class": labels.get("alertname", ""),
        "custom_details": {"alerts": lines(message), "firing": message.firing, "resolved": message.resolved},
    }
    if public_url:
        found["client"], found["client_url"] = "Analytics", public_url
    return found

"""PagerDuty: the Events API, version 2 (developer.pagerduty.com/docs/events-api-v2-overview).

All messages about a group have the same `dedup_key`, so that they are one incident there.
"""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.bodies import dedup_key
from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import fitted, json_bytes, severity, title
from analytics.clock import rfc3339
from analytics.notifications import QueuedMessage

SERVER = "https://events.pagerduty.com"
MOST_DETAILS = 20_000
"""Bytes of the alerts that are described; all of an event may have 512 KB."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Trigger or resolve an incident."""
    server = revealed(body.get("url") or SERVER, services).rstrip("/")
    found = payload(message, services.public_url, services.links)
    return post_json(services, f"{server}/v2/enqueue", {**found, "routing_key": services.secret(body["key"])})


def payload(message: QueuedMessage, public_url: str, links: MessageLinks = NO_LINKS) -> dict[str, Any]:
    """The JSON without the key."""
    found: dict[str, Any] = {
        "event_action": "trigger" if message.firing else "resolve",
        "dedup_key": dedup_key(message),
    }
    if not message.firing:
        return found
    labels = dict(message.labels)
    firing = [alert for alert in message.alerts if alert.ended is None]
    alerts = fitted(message, MOST_DETAILS, json_bytes).splitlines()
    details = {"alerts": alerts, "firing": message.firing, "resolved": message.resolved}
    found["payload"] = {
        "summary": title(message),
        "source": labels.get("service", "analytics"),
        "severity": severity(firing),
        "timestamp": rfc3339(min((alert.fired for alert in firing), default=message.at)),
        "class": labels.get("alertname", ""),
        "custom_details": details,
    }
    if public_url:
        found["client"], found["client_url"] = "Analytics", public_url
    if links.silence:
        found["links"] = [{"href": links.silence, "text": "Silence"}]
    return found

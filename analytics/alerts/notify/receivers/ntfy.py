"""ntfy: messages to a topic, published as JSON (docs.ntfy.sh/publish/#publish-as-json)."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.delivery import NotDelivered, ReceiverServices
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import fitted, title, utf8_bytes
from analytics.notifications import QueuedMessage

HIGH, DEFAULT = 4, 3
"""Priorities of ntfy."""
MOST_BYTES = 4_000
"""Of a message: a longer one becomes an attachment."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Publish a message; the URL is that of the topic."""
    server, _, topic = revealed(body["url"], services).rstrip("/").rpartition("/")
    if not topic or server.endswith(("http:/", "https:/")):
        raise NotDelivered("the URL has no topic: it must be like https://ntfy.sh/my-topic")
    payload: dict[str, Any] = {
        "topic": topic,
        "title": title(message),
        "message": fitted(message, MOST_BYTES, utf8_bytes),
        "tags": ["rotating_light" if message.firing else "white_check_mark"],
        "priority": (body.get("priority") or HIGH) if message.firing else DEFAULT,
    }
    if services.public_url:
        payload["click"] = services.public_url
    if services.links.silence:
        payload["actions"] = [{"action": "view", "label": "Silence", "url": services.links.silence}]
    authorization = body.get("authorization")
    headers = {} if authorization is None else {"Authorization": services.secret(authorization)}
    return post_json(services, server, payload, headers)

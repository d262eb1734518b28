"""Microsoft Teams: webhooks of workflows, which take an adaptive card."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import fitted, json_bytes, title
from analytics.notifications import QueuedMessage

MOST_BYTES = 20_000
"""Of the lines; all of a message may have 28 KB."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Post a message."""
    return post_json(services, revealed(body["url"], services), payload(message, services.public_url, services.links))


def payload(message: QueuedMessage, public_url: str, links: MessageLinks = NO_LINKS) -> dict[str, Any]:
    """The JSON: a message with one adaptive card."""
    heading = {
        "type": "TextBlock",
        "text": title(message),
        "weight": "bolder",
        "size": "medium",
        "wrap": True,
        "color": "attention" if message.firing else "good",
    }
    lines = fitted(message, MOST_BYTES, json_bytes).splitlines()
    texts = [{"type": "TextBlock", "text": line, "wrap": True} for line in lines]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [heading, *texts],
    }
    if public_url:
        buttons = [("Open", public_url), *([("Silence", links.silence)] if links.silence else [])]
        card["actions"] = [{"type": "Action.OpenUrl", "title": name, "url": url} for name, url in buttons]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}

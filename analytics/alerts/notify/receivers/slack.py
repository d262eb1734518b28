"""Slack: incoming webhooks (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import colour, fitted, title
from analytics.notifications import QueuedMessage

MOST_CHARACTERS = 3_000
"""Characters of a section, as they are escaped."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Post a message."""
    return post_json(services, revealed(body["url"], services), payload(message, services.public_url, services.links))


def payload(message: QueuedMessage, public_url: str, links: MessageLinks = NO_LINKS) -> dict[str, Any]:
    """The JSON: a line, and an attachment with a coloured bar."""
    heading = escaped(title(message))
    text = fitted(message, MOST_CHARACTERS, written=escaped)
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    if public_url:
        buttons = [("Open", public_url), *([("Silence", links.silence)] if links.silence else [])]
        blocks.append({"type": "actions", "elements": [_button(*each) for each in buttons]})
    return {"text": heading, "attachments": [{"color": colour(message), "fallback": heading, "blocks": blocks}]}


def _button(text: str, url: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": text}, "url": url}


def escaped(text: str) -> str:
    """A text without Slack's control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

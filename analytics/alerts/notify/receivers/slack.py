"""Slack: incoming webhooks (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import colour, lines, title
from analytics.notifications import QueuedMessage

MOST_CHARACTERS = 2_900


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Post a message."""
    return post_json(services, revealed(body["url"], services), payload(message, services.public_url))


def payload(message: QueuedMessage, public_url: str) -> dict[str, Any]:
    """The JSON: a line, and an attachment with a coloured bar."""
    heading = escaped(title(message))
    text = escaped("\n".join(lines(message)))[:MOST_CHARACTERS]
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    if public_url:
        link = {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": public_url}
        blocks.append({"type": "actions", "elements": [link]})
    return {"text": heading, "attachments": [{"color": colour(message), "fallback": heading, "blocks": blocks}]}


def escaped(text: str) -> str:
    """A text without Slack's control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

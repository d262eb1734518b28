"""Discord: webhooks of channels (discord.com/developers/docs/resources/webhook#execute-webhook)."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.bodies import group_key
from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import colour, lines, title
from analytics.notifications import QueuedMessage

MOST_TITLE, MOST_DESCRIPTION = 256, 4_000


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Post a message."""
    return post_json(services, revealed(body["url"], services), payload(message, services.public_url))


def payload(message: QueuedMessage, public_url: str) -> dict[str, Any]:
    """The JSON: one embed; nobody is mentioned, whatever a text says."""
    embed: dict[str, Any] = {
        "title": title(message)[:MOST_TITLE],
        "description": "\n".join(lines(message))[:MOST_DESCRIPTION],
        "color": int(colour(message)[1:], 16),
        "footer": {"text": group_key(message.labels)[:MOST_TITLE]},
    }
    if public_url:
        embed["url"] = public_url
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}

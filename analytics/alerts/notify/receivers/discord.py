"""Discord: webhooks of channels (discord.com/developers/docs/resources/webhook#execute-webhook)."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.bodies import group_key
from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import colour, cut, fitted, title, utf16_units
from analytics.notifications import QueuedMessage

MOST_TITLE, MOST_DESCRIPTION, MOST_FOOTER, MOST_VALUE = 256, 4_000, 250, 1_024
"""Characters; all of an embed may have 6,000."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Post a message."""
    return post_json(services, revealed(body["url"], services), payload(message, services.public_url, services.links))


def payload(message: QueuedMessage, public_url: str, links: MessageLinks = NO_LINKS) -> dict[str, Any]:
    """The JSON: one embed; nobody is mentioned, whatever a text says."""
    embed: dict[str, Any] = {
        "title": cut(title(message), MOST_TITLE, utf16_units),
        "description": fitted(message, MOST_DESCRIPTION, utf16_units),
        "color": int(colour(message)[1:], 16),
        "footer": {"text": cut(group_key(message.labels), MOST_FOOTER)},
    }
    if public_url:
        embed["url"] = public_url
    value = f"[Silence this for a while]({links.silence})"
    if links.silence and len(value) <= MOST_VALUE:
        embed["fields"] = [{"name": "Silence", "value": value}]
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}

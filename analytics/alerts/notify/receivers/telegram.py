"""Telegram: the method sendMessage of a bot (core.telegram.org/bots/api#sendmessage)."""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import text, utf16_units
from analytics.notifications import QueuedMessage

SERVER = "https://api.telegram.org"
MOST_CHARACTERS = 4_096


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Send a message; the chat answers with 429 and a time to wait when there are too many."""
    server = revealed(body.get("url") or SERVER, services).rstrip("/")
    payload = {
        "chat_id": body["chat"],
        "text": text(message, services.public_url, services.links, MOST_CHARACTERS, utf16_units),
        "link_preview_options": {"is_disabled": True},
    }
    return post_json(services, f"{server}/bot{services.secret(body['token'])}/sendMessage", payload)

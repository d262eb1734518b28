"""Matrix: a message to a room (spec.matrix.org, client-server API, rooms/{roomId}/send).

The transaction id is that of the message, so that the home server drops a repeated one.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.http import HttpRequest
from analytics.alerts.notify.posting import post
from analytics.alerts.notify.secrets import revealed
from analytics.alerts.notify.texts import json_bytes, text
from analytics.notifications import QueuedMessage

MOST_BYTES = 40_000
"""Of the text; all of an event may have 65,536."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Send a message to the room; the URL is that of the home server."""
    server, room = revealed(body["url"], services).rstrip("/"), quote(body["room"], safe="")
    url = f"{server}/_matrix/client/v3/rooms/{room}/send/m.room.message/{quote(message.id, safe='')}"
    said = text(message, services.public_url, services.links, MOST_BYTES, json_bytes)
    content = msgspec.json.encode({"msgtype": "m.text", "body": said})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {services.secret(body['token'])}"}
    return post(services, HttpRequest(url, content, headers, "PUT"))

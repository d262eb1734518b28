"""Webhooks: Alertmanager's body or a template of its own, signed as Standard Webhooks (standardwebhooks.com) says."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from analytics.alerts.notify.bodies import webhook_body
from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.http import HttpRequest
from analytics.alerts.notify.posting import post
from analytics.alerts.notify.secrets import revealed
from analytics.notifications import QueuedMessage

BASE64_PREFIX = "whsec_"


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Post a message."""
    found = webhook_body(message, services.public_url, services.links)
    headers = {"Content-Type": "application/json", "webhook-id": message.id}
    if body.get("template") is None:
        content = msgspec.json.encode(found)
    else:
        from analytics.alerts.notify.templating import rendered

        content = rendered(body["template"], found).encode()
        headers["Content-Type"] = body.get("content_type") or "application/json"
    headers.update({name: revealed(value, services) for name, value in (body.get("headers") or {}).items()})
    if body.get("authorization") is not None:
        headers["Authorization"] = services.secret(body["authorization"])
    timestamp = str(int(services.now()))
    headers["webhook-timestamp"] = timestamp
    if body.get("secret") is not None:
        headers["webhook-signature"] = signature(services.secret(body["secret"]), message.id, timestamp, content)
    return post(services, HttpRequest(revealed(body["url"], services), content, headers))


def signature(secret: str, id_: str, timestamp: str, content: bytes) -> str:
    """The signature of a body; a secret that begins with `whsec_` is base64 after it, any other is taken as it is."""
    key = secret.encode()
    if secret.startswith(BASE64_PREFIX):
        with suppress(binascii.Error):
            key = base64.b64decode(secret.removeprefix(BASE64_PREFIX), validate=True)
    digest = hmac.digest(key, b".".join((id_.encode(), timestamp.encode(), content)), "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"

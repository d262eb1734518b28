"""The JSON of a message as Alertmanager's webhooks have it, in version 4.

Source: prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypedDict

import msgspec

from analytics.alerts.notify.links import NO_LINKS, LinkBody, MessageLinks
from analytics.clock import rfc3339
from analytics.notifications import MessageAlert, QueuedMessage
from analytics.points import Labels

NO_END = "0001-01-01T00:00:00Z"
"""The end of an alert that fires, as Alertmanager has it."""


class AlertBody(TypedDict):
    """One alert."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str
    endsAt: str
    generatorURL: str
    fingerprint: str


class WebhookBody(TypedDict):
    """All of a message; the common labels and annotations are those of all alerts in it. `links` is not Prometheus'."""

    version: str
    groupKey: str
    truncatedAlerts: int
    status: str
    receiver: str
    groupLabels: dict[str, str]
    commonLabels: dict[str, str]
    commonAnnotations: dict[str, str]
    externalURL: str
    alerts: list[AlertBody]
    links: LinkBody


def webhook_body(message: QueuedMessage, public_url: str, links: MessageLinks = NO_LINKS) -> WebhookBody:
    """The body for a message."""
    alerts = [alert_body(alert, public_url) for alert in message.alerts]
    return {
        "version": "4",
        "groupKey": group_key(message.labels),
        "truncatedAlerts": max(0, message.firing + message.resolved - len(alerts)),
        "status": "firing" if message.firing else "resolved",
        "receiver": message.receiver,
        "groupLabels": dict(message.labels),
        "commonLabels": common([alert["labels"] for alert in alerts]),
        "commonAnnotations": common([alert["annotations"] for alert in alerts]),
        "externalURL": public_url,
        "alerts": alerts,
        "links": links.body(),
    }


def alert_body(alert: MessageAlert, public_url: str) -> AlertBody:
    """The body for one alert."""
    return {
        "status": "firing" if alert.ended is None else "resolved",
        "labels": dict(alert.key.labels),
        "annotations": alert.annotations,
        "startsAt": rfc3339(alert.fired),
        "endsAt": NO_END if alert.ended is None else rfc3339(alert.ended),
        "generatorURL": public_url,
        "fingerprint": blake2b(msgspec.msgpack.encode(alert.key.labels), digest_size=8).hexdigest(),
    }


def group_key(labels: Labels) -> str:
    """The key of a group: `{}:{alertname="Slow"}`."""
    return "{}:{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"


def common(objects: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all objects have in common."""
    first, *others = objects or [{}]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def dedup_key(message: QueuedMessage) -> str:
    """A key that all messages about a group share, at most 64 characters."""
    return blake2b(f"{message.receiver} {group_key(message.labels)}".encode(), digest_size=20).hexdigest()
